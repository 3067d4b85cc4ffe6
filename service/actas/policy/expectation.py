"""What a fixture case expects of its decision, and what differs (contract.md, section 4).

Anything that is not stated is not checked; `effect` must be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actas.decision import Decision, Effect

LIMIT_KEYS = (
    "scope",
    "audience",
    "max_lifetime_seconds",
    "not_after",
    "authorization_details",
    "issued_token_type",
    "token_type",
    "cnf",
)
Check = Callable[[Any, Decision, Mapping[str, int]], "tuple[Any, Any] | None"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that the decision does not meet; both values are JSON."""

    key: str
    expected: Any
    actual: Any


def differences(
    expect: Mapping[str, Any], decision: Decision, code_groups: Mapping[str, int]
) -> tuple[Difference, ...]:
    """List what *decision* does not meet, in the order in which *expect* is written.

    *code_groups* maps a denial code to the position of its group (contract.md, section 2, Order).
    """
    found: list[Difference] = []
    for key, wanted in expect.items():
        if key == "limits":
            found.extend(_limits(wanted, decision))
            continue
        mismatch = _CHECKS[key](wanted, decision, code_groups)
        if mismatch is not None:
            found.append(Difference(key, *mismatch))
    return tuple(found)


def known_keys() -> frozenset[str]:
    """Return every key that `expect` may have."""
    return frozenset(_CHECKS) | {"limits"}


def _equal(actual_of: Callable[[Decision], Any]) -> Check:
    def check(wanted: Any, decision: Decision, _groups: Mapping[str, int]) -> tuple[Any, Any] | None:
        actual = actual_of(decision)
        return None if same(wanted, actual) else (wanted, actual)

    return check


def _codes(wanted: Sequence[str], decision: Decision, groups: Mapping[str, int]) -> tuple[Any, Any] | None:
    """Every expected code must be there, and none of a group before the first expected one."""
    actual = [denial.code for denial in decision.denials]
    if not wanted:
        return None if not actual else ([], actual)
    first = min((groups[code] for code in wanted if code in groups), default=0)
    earlier = any(groups.get(code, len(groups)) < first for code in actual)
    return (list(wanted), actual) if earlier or not set(wanted) <= set(actual) else None


def _obligation_type(wanted: str | None, decision: Decision, _groups: Mapping[str, int]) -> tuple[Any, Any] | None:
    actual = [obligation.type for obligation in decision.obligations]
    met = not actual if wanted is None else wanted in actual
    return None if met else (wanted, actual[0] if len(actual) == 1 else actual or None)


def _obligation(wanted: Mapping[str, Any], decision: Decision, _groups: Mapping[str, int]) -> tuple[Any, Any] | None:
    """Look for an obligation of this type with these properties among those offered."""
    actual = [{"type": offered.type, **_plain(offered.properties)} for offered in decision.obligations]
    if any(all(name in offered and same(value, offered[name]) for name, value in wanted.items()) for offered in actual):
        return None
    return dict(wanted), actual[0] if len(actual) == 1 else actual or None


def _notes(wanted: Sequence[str], decision: Decision, _groups: Mapping[str, int]) -> tuple[Any, Any] | None:
    return None if sorted(wanted) == sorted(decision.notes) else (list(wanted), list(decision.notes))


def _withheld(
    wanted: Sequence[Mapping[str, str]], decision: Decision, _groups: Mapping[str, int]
) -> tuple[Any, Any] | None:
    actual = [{"scope": held.scope, "code": held.code} for held in decision.withheld_scope]
    agree = sorted((w.get("scope", ""), w.get("code", "")) for w in wanted) == sorted(
        (a["scope"], a["code"]) for a in actual
    )
    return None if agree else (list(wanted), actual)


def _limits(wanted: Mapping[str, Any], decision: Decision) -> list[Difference]:
    found = []
    for name, value in wanted.items():
        actual = _limit(decision, name)
        as_sets = name == "scope" and isinstance(actual, list)
        if not (set(value) == set(actual) if as_sets else same(value, actual)):
            found.append(Difference(f"limits.{name}", value, actual))
    return found


def _limit(decision: Decision, name: str) -> Any:
    return None if decision.limits is None else _plain(getattr(decision.limits, name))


def _plain(value: Any) -> Any:
    """Turn the frozen shapes of the domain into those of JSON."""
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member) for member in value]
    return value


def same(wanted: Any, actual: Any) -> bool:
    """Compare as JSON does: true is not 1, and 600 equals 600.0."""
    if isinstance(wanted, bool) or isinstance(actual, bool):
        return wanted is actual
    if isinstance(wanted, Mapping) and isinstance(actual, Mapping):
        return wanted.keys() == actual.keys() and all(same(wanted[name], actual[name]) for name in wanted)
    if isinstance(wanted, (list, tuple)) and isinstance(actual, (list, tuple)):
        return len(wanted) == len(actual) and all(map(same, wanted, actual))
    return bool(wanted == actual)


_CHECKS: dict[str, Check] = {
    "effect": _equal(lambda decision: decision.effect.value),
    "codes": _codes,
    "error": _equal(lambda decision: decision.error or None),
    "obligation_type": _obligation_type,
    "obligation": _obligation,
    "narrowed": _equal(lambda decision: decision.narrowed),
    "notes": _notes,
    "act": _equal(lambda decision: _plain(decision.act) if decision.effect is Effect.ALLOW else None),
    "token_type": _equal(lambda decision: _limit(decision, "token_type")),
    "cnf": _equal(lambda decision: _limit(decision, "cnf")),
    "withheld_scope": _withheld,
}
