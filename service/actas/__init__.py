"""Actas, the open decision point for OAuth token exchange."""
