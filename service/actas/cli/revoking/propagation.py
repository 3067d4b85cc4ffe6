"""What a revocation is carried on to, and what became of that."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actas.cli.exits import bad_input

if TYPE_CHECKING:
    from actas.revocation.propagation import Carried

Further = Callable[[Sequence[dict[str, Any]]], "list[Carried]"]
_MOST_BYTES = 4 << 20


def prepared(sts: Path, token_file: str | None) -> Further:
    """Read what is needed, so that a mistake is said before anything is revoked; raises ConfigError."""
    from actas.revocation import authorization_server, propagation  # noqa: PLC0415 - httpx is slow to load

    servers = authorization_server.read(sts)
    for server in servers:
        server.secret()
    tokens = [] if token_file is None else _tokens(token_file)
    return lambda entries: list(propagation.carry(entries, tokens, servers))


def _tokens(source: str) -> list[str]:
    try:
        text = sys.stdin.read(_MOST_BYTES) if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"--token-file: {source}: {getattr(error, 'strerror', None) or 'is no text'}") from None
    return [line.strip() for line in text.splitlines() if line.strip()]
