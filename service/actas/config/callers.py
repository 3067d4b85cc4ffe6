"""Who may call, as the configuration names them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Permission = Literal["explain", "reflection", "revoke", "receipts", "outcome"]
"""`revoke` changes and reads revocations, `receipts` reads receipts, `outcome` reports what became of a decision."""


class Caller(BaseModel):
    """An authorization server or gateway that may ask, recognised by a bearer token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=128)
    """What records and logs call it."""
    token_sha256: Annotated[tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...], Field(min_length=1)]
    """SHA-256 of the token in lower-case hex; two of them while a token is being rotated."""
    authorization_servers: Annotated[tuple[str, ...], Field(min_length=1)]
    """Issuer identifiers this caller may speak for."""
    permissions: frozenset[Permission] = frozenset()
