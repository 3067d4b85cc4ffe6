"""The grammar of a `resource` parameter (RFC 8693, section 2.1; RFC 8707, section 2; RFC 3986)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):.", re.ASCII | re.DOTALL)
# Every character that RFC 3986 allows, and whole percent triplets only.
_CHARACTERS = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+", re.ASCII)
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE | re.ASCII)
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ResourceUri:
    """What the text of one `resource` says about itself; nothing is normalised.

    `safe` leaves the scheme to policy: no user information, dot segment, backslash, blank, control or
    non-ASCII character, and an authority where the scheme needs one.
    """

    scheme: str
    absolute: bool
    fragment: bool
    safe: bool
    loopback: bool

    @property
    def secure(self) -> bool:
        """Whether nobody on the way can be somebody else."""
        return self.scheme in {"https", "urn"}


@lru_cache(maxsize=4096)
def parse(resource: str) -> ResourceUri:
    """Describe *resource*; never raises, because what is wrong with it is a decision."""
    match = _SCHEME.match(resource)
    scheme = match["scheme"].lower() if match else ""
    # urlsplit drops tabs and newlines and hides an empty fragment, so the text is looked at as it is.
    without_fragment = resource.split("#", 1)[0]
    rest = without_fragment[len(scheme) + 1 :]
    safe = bool(match) and _CHARACTERS.fullmatch(resource) is not None
    loopback = False
    if scheme in {"http", "https"}:
        authority, _, path = rest[2:].split("?", 1)[0].partition("/")
        safe = (
            safe
            and rest.startswith("//")
            and bool(authority)
            and "@" not in authority
            and not _DOT_SEGMENT.search("/" + path)
        )
        loopback = _LOOPBACK.fullmatch(authority) is not None
    return ResourceUri(scheme, bool(match), "#" in resource, safe, loopback)
