"""Messages of `actas.admin.v1` to what is kept of decisions, and back; as `actas.wire` for decisions themselves."""
