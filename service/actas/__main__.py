"""`python -m actas`: the same as the command `actas`."""

from actas.cli.main import app

app(prog_name="actas")
