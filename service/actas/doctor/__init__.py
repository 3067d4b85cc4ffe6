"""Checks of what stands around Actas: representations in, findings out, each with what to change."""
