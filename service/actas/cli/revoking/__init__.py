"""`actas revoke` and `actas restore`."""
