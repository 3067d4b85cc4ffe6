"""How tests/cases/review.jsonl says an exchange: as a change of the first vector of the contract.

RFC 7386, with two extensions: `$replace` starts an object anew, and `$null` is a null that is a value.
"""

from __future__ import annotations

from typing import Any


def patched(base: Any, patch: Any) -> Any:
    """Apply one merge patch; nulls that are values are still written out."""
    if not isinstance(patch, dict):
        return patch
    kept = dict(base) if isinstance(base, dict) and not patch.get("$replace") else {}
    for name, value in patch.items():
        if value is None:
            kept.pop(name, None)
        elif name != "$replace":
            kept[name] = patched(kept.get(name), value)
    return kept


def nulled(value: Any) -> Any:
    """Put the nulls in that are values."""
    if isinstance(value, dict):
        return {name: nulled(child) for name, child in value.items()}
    if isinstance(value, list):
        return [nulled(child) for child in value]
    return None if value == "$null" else value
