"""What became of a decision, as the authorization server or the resource reports it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Self

from actas.errors import ProtocolError

MAX_JTI = 256
MAX_DETAIL = 1024
_WORD = re.compile(r"[a-z0-9][a-z0-9._:-]{0,63}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one report says. `None` and the empty text say nothing about that part.

    `issued_digest` stands for a token without `jti`: `sha256:` and the hex digest of the token. `side_effect` is a
    word that programs compare, `detail` the same for a person.

    Raises ProtocolError naming the member that is wrong, or when nothing is said at all.
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
        if len(self.detail) > MAX_DETAIL:
            raise _wrong("detail", f"must be at most {MAX_DETAIL} characters")
        if (self.issued_jti or self.issued_digest) and not self.issued:
            raise _wrong("issued", "must be true where the issued token is named")
        if self.side_effect and self.issued is False:
            raise _wrong("side_effect", "cannot be had without a token")
        if self.issued is None and not self.side_effect:
            raise _wrong("issued", "or side_effect must be said")

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """Read what `to_document` wrote; members that are not of a report are left aside."""
        return cls(**{member.name: document[member.name] for member in fields(cls) if member.name in document})

    def to_document(self) -> dict[str, Any]:
        """Give the members that say something."""
        said = {member.name: getattr(self, member.name) for member in fields(self)}
        return {name: value for name, value in said.items() if value not in (None, "")}

    def contradicts(self, earlier: Outcome) -> str:
        """Name the first member of which *earlier* says something else; empty when both can be true."""
        mine, theirs = self.to_document(), earlier.to_document()
        if self.side_effect and earlier.issued is False:
            return "side_effect"
        if earlier.side_effect and self.issued is False:
            return "issued"
        return next((name for name, value in mine.items() if theirs.get(name, value) != value), "")

    def adds_to(self, earlier: Outcome) -> bool:
        """Whether it says anything that *earlier* does not."""
        return bool(self.to_document().keys() - earlier.to_document().keys())

    def merged(self, earlier: Outcome) -> Outcome:
        """Give what both say together."""
        return Outcome(**{**earlier.to_document(), **self.to_document()})


def _wrong(member: str, message: str) -> ProtocolError:
    return ProtocolError(f"outcome.{member}", message)
