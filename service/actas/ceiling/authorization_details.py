"""`authorization_details` are only ever lowered (RFC 9396, section 6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actas import claims_grammar, decimal_key
from actas.ceiling.breach import BoundBroken, require
from actas.ceiling.json_value import all_in, same
from actas.ceiling.parties import Parties
from actas.ceiling.tables import Tables
from actas.engine.result import PolicyLimits
from actas.request import ExchangeRequest, JsonText

Entry = Mapping[str, Any]
_COMPARATORS = ("subset", "max")


def check(request: ExchangeRequest, limits: PolicyLimits, parties: Parties, tables: Tables) -> None:
    """Check the details that would be issued.

    Raises:
        BoundBroken: an entry exceeds what was requested, what the subject token was granted, or its type's
            maximum, or names a location outside the audience.

    """
    issued = limits.authorization_details
    if not issued:
        return
    requested = _entries(request.authorization_details)
    granted = _entries(JsonText(text="", value=parties.claims.get("authorization_details")))
    unused = list(range(len(requested)))
    for entry in issued:
        kind = tables.details.get(str(entry.get("type"))) if isinstance(entry, dict) else None
        if kind is None:
            raise BoundBroken("authorization_details_type")
        _check_entry(entry, kind, granted, list(limits.audience))
        # Each requested entry is answered once: two payments are more than one, although each is within it.
        fitting = [i for i in unused if _at_most(entry, requested[i], kind)]
        exact = (i for i in fitting if same(entry, requested[i]))
        answered = next(exact, fitting[0] if fitting else None)
        if answered is None:
            raise BoundBroken("authorization_details_requested")
        unused.remove(answered)


def _check_entry(entry: Entry, kind: Entry, granted: list[Entry], audience: list[str]) -> None:
    locations = entry.get("locations", [])
    # RFC 9396, section 9.1: a token says nothing to a resource that is not its audience.
    require(isinstance(locations, list) and all_in(locations, audience), "authorization_details_locations")
    for name, maximum in _maxima(kind).items():
        require(_amount_at_most(entry.get(name), maximum), "authorization_details_maximum")
    require(any(_at_most(entry, grant, kind) for grant in granted), "authorization_details_granted")


def _entries(details: JsonText | None) -> list[Entry]:
    """Give the entries that can be compared: none where the array is malformed."""
    if details is None or not claims_grammar.are_details(details):
        return []
    entries: list[Entry] = details.value
    return entries


def _maxima(kind: Entry) -> Mapping[str, str]:
    maxima: Mapping[str, str] = kind.get("max") or {}
    return maxima


def _at_most(entry: Entry, bound: Entry, kind: Entry) -> bool:
    """Whether *entry* is the same as *bound* or less, by the comparator of its type.

    A member that only one of them has makes them incomparable: leaving one out can be more as well as less.
    """
    if entry.keys() != bound.keys() or kind.get("compare") not in _COMPARATORS:
        return False
    return all(_member_at_most(name, entry[name], bound[name], kind) for name in entry)


def _member_at_most(name: str, value: Any, bound: Any, kind: Entry) -> bool:
    if name in _maxima(kind):
        return _amount_at_most(value, bound)
    if isinstance(value, list) and isinstance(bound, list) and (kind["compare"] == "subset" or name == "locations"):
        # An empty list restricts nothing, so it is never less than a list with members.
        return all_in(value, bound) and bool(value or not bound)
    return same(value, bound)


def _amount_at_most(amount: Any, bound: Any) -> bool:
    value, most = decimal_key.key(amount), decimal_key.key(bound)
    return value is not None and most is not None and value <= most
