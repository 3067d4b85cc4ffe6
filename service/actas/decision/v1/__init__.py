"""Generated from proto/actas/decision/v1; `make proto` writes it anew."""
