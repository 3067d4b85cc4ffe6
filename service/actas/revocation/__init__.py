"""What is revoked: the entries, whom they name, and which of them one exchange can be touched by."""
