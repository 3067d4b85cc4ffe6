"""JSON merge patch (RFC 7386): how a fixture case changes the parts that it extends."""

from __future__ import annotations

from typing import Any


def merge(target: Any, patch: Any) -> Any:
    """Return *target* changed by *patch*, as RFC 7386, section 2 defines; neither is modified.

    An object is merged member by member, null removes a member, anything else (arrays too)
    replaces what was there.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, change in patch.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), change)
    return merged
