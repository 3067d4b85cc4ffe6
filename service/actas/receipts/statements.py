"""What is said about the chains outside of the store, signed with a key that the store does not have.

A checkpoint says how far chains reached at a time, a pruning up to where their beginnings were deleted on purpose.
Each is one JWS, in a line of a file that only grows, or in a file of its own in a directory.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from actas.errors import StoreError
from actas.evidence import jws
from actas.evidence.keys import TrustedIssuer, read_keys
from actas.evidence.signing import SigningKey
from actas.receipts.chain import Head
from actas.receipts.names import sync_names

TYP = "actas-receipts+jwt"
ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512")
Says = Literal["checkpoint", "pruning"]
_SUFFIX = ".jws"


@dataclass(frozen=True, slots=True)
class Statement:
    """*heads* of the store *store_id* `at` a time in seconds since the epoch."""

    says: Says
    store_id: str
    at: float
    heads: tuple[Head, ...]

    def claims(self) -> dict[str, Any]:
        """Give what is signed."""
        heads = [[head.writer, head.seq, head.hash.hex()] for head in self.heads]
        return {"says": self.says, "store": self.store_id, "at": self.at, "heads": heads}


class Sink:
    """Where statements go: *path* is a file, or a directory if there is one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, statement: Statement, key: SigningKey) -> None:
        """Sign *statement*, and write it so that it is durable; raises StoreError."""
        line = key.sign(statement.claims(), typ=TYP).encode() + b"\n"
        try:
            if self._path.is_dir():
                # The names sort by time. What is half written has none.
                file = self._path / f"{time.time_ns():020d}-{secrets.token_hex(4)}"
                _append(file, line)
                file.rename(file.with_suffix(_SUFFIX))
                sync_names(self._path)
            elif _append(self._path, line):
                sync_names(self._path.parent)
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from None

    def lines(self) -> Iterator[tuple[str, str]]:
        """Give where each statement stands, and it; raises StoreError."""
        try:
            if self._path.is_dir():
                for path in sorted(self._path.glob(f"*{_SUFFIX}")):
                    yield path.name, path.read_text(encoding="utf-8", errors="replace").strip()
                return
            with self._path.open(encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines, 1):
                    yield f"line {number}", line.strip()
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from None


def trusted(jwks: bytes) -> TrustedIssuer:
    """Read the public keys of those who sign statements; raises ValueError with a sentence."""
    return TrustedIssuer(read_keys(jwks, ALGORITHMS), frozenset(ALGORITHMS))


def verified(text: str, issuer: TrustedIssuer) -> Statement | None:
    """Give the statement that a key of *issuer* signed; None where *text* is none."""
    try:
        claims = jws.verify(jws.read(text), issuer, typ=TYP)
        heads = tuple(Head(int(writer), int(seq), bytes.fromhex(head)) for writer, seq, head in claims["heads"])
        says = claims["says"]
        if says not in ("checkpoint", "pruning"):
            return None
        return Statement(says, str(claims["store"]), float(claims["at"]), heads)
    except (jws.UnverifiedError, KeyError, TypeError, ValueError):
        return None


def of(says: Says, store_id: str, heads: Iterable[Head]) -> Statement:
    """Say so now."""
    return Statement(says, store_id, time.time(), tuple(heads))


def _append(file: Path, line: bytes) -> bool:
    """Write *line*, and say whether it is the first."""
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        # Several processes write there. What one of them could not write whole must not run into the next line.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        begun = os.fstat(descriptor).st_size
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError(28, os.strerror(28))
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, begun)
            raise
        return begun == 0
    finally:
        os.close(descriptor)
