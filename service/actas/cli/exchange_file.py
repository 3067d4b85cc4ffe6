"""Reads one exchange document for the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from actas.cli.exchange_lines import LIMITS, ExchangeLine
from actas.document import parse_document
from actas.errors import ProtocolError


def read(name: str, now: int | None = None) -> ExchangeLine:
    """Read the document in file *name* (`-` is standard input) as a question at *now*.

    JSON and YAML are told apart by the first character: a JSON document is an object. Raises ProtocolError.
    """
    limit = LIMITS.message_bytes
    try:
        if name == "-":
            text = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(name).open("rb") as source:
                text = source.read(limit + 1)
    except OSError as error:
        raise ProtocolError("", f"cannot be read: {error.strerror}") from None
    yaml = text.lstrip()[:1] != b"{" or name.endswith((".yaml", ".yml"))
    return ExchangeLine(parse_document(text, yaml=yaml, limits=LIMITS), now)
