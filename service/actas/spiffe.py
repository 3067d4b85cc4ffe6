"""SPIFFE IDs, as strict as the standard's own parsers (SPIFFE-ID, sections 2 to 2.3).

A SPIFFE ID names a workload; it authenticates nobody by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

MAX_BYTES = 2048
# Few workloads ask often, and each is named several times in one exchange.
_REMEMBERED = 1024

# ASCII by construction, so the length in characters is the length in bytes. Upper-case schemes and
# trust domains are refused, never folded: section 2.1 says lower case and every reference parser refuses.
_SYNTAX = re.compile(r"spiffe://(?P<trust_domain>[a-z0-9._-]{1,255})(?P<path>(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+)*)")


@dataclass(frozen=True, slots=True)
class SpiffeId:
    """A well-formed SPIFFE ID; one that is not well-formed cannot be built.

    Raises ValueError when *text* is no SPIFFE ID or longer than 2048 bytes.

    >>> SpiffeId("spiffe://example.org/agent/mail").path
    '/agent/mail'
    """

    text: str
    trust_domain: str = field(init=False, compare=False, repr=False)
    path: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check the syntax; the message never repeats the text."""
        match = _SYNTAX.fullmatch(self.text) if isinstance(self.text, str) and len(self.text) <= MAX_BYTES else None
        if match is None:
            raise ValueError("not a SPIFFE ID (SPIFFE-ID, section 2)")
        object.__setattr__(self, "trust_domain", match["trust_domain"])
        object.__setattr__(self, "path", match["path"])

    def __str__(self) -> str:
        """Return the ID as it was given."""
        return self.text

    @property
    def issuer(self) -> str:
        """The issuer of this identity: the trust domain's own ID."""
        return f"spiffe://{self.trust_domain}"

    @property
    def is_workload(self) -> bool:
        """Whether the ID has a path. Without one it names a trust domain, which is no actor."""
        return bool(self.path)

    def prefixes(self) -> tuple[str, ...]:
        """Return the path's prefixes on segment borders, shortest first: `/agent`, `/agent/mail`."""
        path = self.path
        borders = [position for position, character in enumerate(path) if character == "/"]
        return tuple(path[:border] for border in borders[1:]) + ((path,) if path else ())


def parse(name: Any) -> SpiffeId | None:
    """Give *name* as a SPIFFE ID, None where it is none."""
    # Nothing longer is kept: what is remembered stays within a few megabytes.
    return _parsed(name) if isinstance(name, str) and len(name) <= MAX_BYTES else None


@lru_cache(maxsize=_REMEMBERED)
def _parsed(name: str) -> SpiffeId | None:
    try:
        return SpiffeId(name)
    except ValueError:
        return None
