"""What became of a decision, as the authorization server or the resource reports it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from actas.errors import ProtocolError

ISSUED: Final = "issued"
SIDE_EFFECT: Final = "side_effect"
MAX_JTI = 256
MAX_DETAIL = 1024
_WORD = re.compile(r"[a-z0-9][a-z0-9._:-]{0,63}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one report says: whether a token was issued and which one, or what happened at the resource, or both.

    `issued_digest` stands for a token without `jti`: `sha256:` and the hex digest of the token. `side_effect` is a
    word that programs compare, `detail` says it for a person and is never compared.

    Raises ProtocolError naming the member that is wrong, or when nothing is said.
    """

    issued: bool | None = None
    issued_jti: str = ""
    issued_digest: str = ""
    side_effect: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        """Check the form of each member, and that they agree."""
        if len(self.issued_jti) > MAX_JTI or not self.issued_jti.isprintable():
            raise _wrong("issued_jti", f"must be at most {MAX_JTI} printable characters")
        if self.issued_digest and _DIGEST.fullmatch(self.issued_digest) is None:
            raise _wrong("issued_digest", "must be sha256: and 64 hexadecimal digits in lower case")
        if self.side_effect and _WORD.fullmatch(self.side_effect) is None:
            raise _wrong("side_effect", "must be a word of at most 64 of a-z, 0-9 and ._:-")
        if len(self.detail) > MAX_DETAIL or "\0" in self.detail:
            raise _wrong("detail", f"must be at most {MAX_DETAIL} characters without NUL")
        if bool(self.issued) != (bool(self.issued_jti) != bool(self.issued_digest)):
            raise _wrong("issued", "is true where the token is named by either issued_jti or issued_digest, else not")
        if self.side_effect and self.issued is False:
            raise _wrong("side_effect", "cannot be had without a token")
        if self.issued is None and not self.side_effect:
            raise _wrong("issued", "or side_effect must be said")

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_document` wrote; members that are not of a report are left aside."""
        return cls(**{member.name: document[member.name] for member in fields(cls) if member.name in document})

    def to_document(self) -> dict[str, Any]:
        """Give the members that say something."""
        said = {member.name: getattr(self, member.name) for member in fields(self)}
        return {name: value for name, value in said.items() if value not in (None, "")}

    def parts(self) -> dict[str, Outcome]:
        """Give what is recorded apart, since two may report it: each part of a decision once."""
        parts = {}
        if self.issued is not None:
            detail = "" if self.side_effect else self.detail
            parts[ISSUED] = Outcome(self.issued, self.issued_jti, self.issued_digest, detail=detail)
        if self.side_effect:
            parts[SIDE_EFFECT] = Outcome(side_effect=self.side_effect, detail=self.detail)
        return parts

    def contradicts(self, recorded: Mapping[str, Outcome]) -> str:
        """Name the part that the *recorded* parts say otherwise; empty when all can be true."""
        for name, part in self.parts().items():
            earlier = recorded.get(name, part)
            if part._compared() != earlier._compared():
                return name
        # There is no side effect of nothing, whichever is said first.
        if self.side_effect and ISSUED in recorded and not recorded[ISSUED].issued:
            return SIDE_EFFECT
        return ISSUED if self.issued is False and SIDE_EFFECT in recorded else ""

    def _compared(self) -> tuple[Any, ...]:
        return (self.issued, self.issued_jti, self.issued_digest, self.side_effect)


def _wrong(member: str, message: str) -> ProtocolError:
    return ProtocolError(f"outcome.{member}", message)
