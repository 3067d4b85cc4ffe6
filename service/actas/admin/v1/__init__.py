"""Generated from proto/actas/admin/v1; `make proto` writes it anew."""
