"""Evidence that Actas verifies itself, instead of believing the caller: signed approvals.

What cannot be verified proves nothing. Nobody outside learns why, and no token reaches a log or an error.
"""
