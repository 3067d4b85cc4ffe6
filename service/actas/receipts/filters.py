"""Which receipts are wanted, and where a page of them begins."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import dataclass, fields
from typing import Any, Self

from actas.decision import Effect
from actas.errors import ProtocolError

MAX_TEXT = 2048
MAX_PAGE = 1000
_LARGEST = 2**63 - 1
_TIMES = ("since", "until")

Place = tuple[float, int, int]
"""When it was decided, and the writer and the seq of the receipt: what receipts are put in order by."""


@dataclass(frozen=True, slots=True)
class ReceiptFilter:
    """Wanted are the receipts that meet everything that is set. Times are seconds since the epoch.

    `actor` is an agent id, a sub or a SPIFFE ID of the current actor; `code` is any denial's primary one; `since` is
    inclusive, `until` is not; `unreported` are the allows of which nobody has said whether a token was issued.

    Raises ProtocolError naming the member that is wrong.
    """

    actor: str = ""
    subject: str = ""
    subject_issuer: str = ""
    target: str = ""
    task_id: str = ""
    effect: str = ""
    code: str = ""
    since: float | None = None
    until: float | None = None
    unreported: bool = False

    def __post_init__(self) -> None:
        """Check each member."""
        for name in ("actor", "subject", "subject_issuer", "target", "task_id", "code"):
            value = getattr(self, name)
            if len(value) > MAX_TEXT or "\0" in value:
                raise _wrong(name, f"must be at most {MAX_TEXT} characters without NUL")
        if self.effect not in ("", *Effect.__members__):
            raise _wrong("effect", "must be ALLOW or DENY")
        if self.subject_issuer and not self.subject:
            raise _wrong("subject", "is needed where the issuer is given")
        if any(moment is not None and not math.isfinite(moment) for moment in (self.since, self.until)):
            raise _wrong("since", "and until must be times")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise _wrong("until", "must be later than since")

    def digest(self) -> str:
        """Name the question, so that the page token of another one is noticed.

        Times are no part of it: "24 hours ago" is another moment with every page.
        """
        asked = json.dumps([getattr(self, member.name) for member in fields(self) if member.name not in _TIMES])
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class PageToken:
    """Where the next page begins: after *place*."""

    place: Place

    @classmethod
    def parse(cls, token: str, wanted: ReceiptFilter) -> Self:
        """Read *token*, which `render` wrote for *wanted*.

        Raises:
            ProtocolError: it is none, or one of another question.

        """
        try:
            digest, moment, writer, seq = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
            place = (float(moment), int(writer), int(seq))
            if not (math.isfinite(place[0]) and 0 <= place[1] <= _LARGEST and 0 <= place[2] <= _LARGEST):
                raise ValueError
        except (ValueError, TypeError, OverflowError):
            raise _token("is none that was given out") from None
        if digest != wanted.digest():
            raise _token("is that of another question")
        return cls(place)

    def render(self, wanted: ReceiptFilter) -> str:
        """Write it for the answer to *wanted*; it guards nothing, since it holds nothing that was not shown."""
        members: list[Any] = [wanted.digest(), *self.place]
        return base64.urlsafe_b64encode(json.dumps(members).encode()).decode("ascii")


def check_page_size(size: int) -> int:
    """Give *size*, or raise ProtocolError when a page cannot have it."""
    if not 1 <= size <= MAX_PAGE:
        raise ProtocolError("page_size", f"must be 1 to {MAX_PAGE}")
    return size


def _wrong(member: str, message: str) -> ProtocolError:
    return ProtocolError(f"filter.{member}", message)


def _token(message: str) -> ProtocolError:
    return ProtocolError("page_token", message, reason="PAGE_TOKEN_INVALID")
