"""Which settings loosen what is shipped: not forbidden, but never unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

JsonDict = dict[str, Any]

# A larger number permits more.
_MAXIMA = ("clock_skew_seconds", "max_chain_depth", "max_targets", "max_lifetime_seconds", "default_lifetime_seconds")
# One value permits more than every other.
_LOOSE: dict[str, Any] = {
    "scope_excess": "narrow",
    "impersonation": "allow",
    "may_act_array": True,
    "chain_loop": "allow",
    "chain_member_revocation": "off",
    "allow_loopback_http": True,
}
_PROTECTING_LISTS = ("lifetime_caps", "forbidden_scopes")
_OPENING_LISTS = ("disabled_rules", "profiles")


def weaker_settings(shipped: JsonDict, merged: JsonDict) -> list[str]:
    """List, a sentence each, every way in which *merged* is weaker than *shipped*. Both are valid."""
    return [
        *_scalars(shipped, merged),
        *_lists(shipped, merged),
        *_credential_classes(shipped["credential_classes"], merged["credential_classes"]),
        *_risk(shipped["risk"], merged["risk"]),
    ]


def _scalars(shipped: JsonDict, merged: JsonDict) -> Iterator[str]:
    for name in _MAXIMA:
        if merged[name] > shipped[name]:
            yield f"{name} is {merged[name]}; the shipped settings say {shipped[name]}"
    for name, loose in _LOOSE.items():
        if merged[name] == loose != shipped[name]:
            yield f"{name} is {_said(loose)}; the shipped settings say {_said(shipped[name])}"


def _lists(shipped: JsonDict, merged: JsonDict) -> Iterator[str]:
    for name in _PROTECTING_LISTS:
        for lost in sorted(set(shipped[name]) - set(merged[name])):
            yield f"{name} no longer holds {lost}"
    for name in _OPENING_LISTS:
        for added in sorted(set(merged[name]) - set(shipped[name])):
            yield f"{name} holds {added}"


def _credential_classes(shipped: JsonDict, merged: JsonDict) -> Iterator[str]:
    for name, kind in merged.items():
        before = shipped.get(name, {}).get("max_lifetime_seconds")
        if before is None:
            yield f"credential_classes admits {name}"
        elif kind["max_lifetime_seconds"] > before:
            yield f"credential_classes.{name} lives {kind['max_lifetime_seconds']} s; the shipped settings say {before}"


def _risk(shipped: JsonDict, merged: JsonDict) -> Iterator[str]:
    for name, before in shipped.items():
        if name not in merged:
            # Scopes of a class that is gone can't be activated, so nothing is loosened by its absence.
            continue
        now, where = merged[name], f"risk.{name}"
        step_before, step_now = before.get("step_up") or {}, now.get("step_up") or {}
        if step_before and not step_now:
            yield f"{where} asks for no step-up any more"
        elif _rose(step_before.get("max_age"), step_now.get("max_age")):
            yield f"{where}.step_up.max_age is {_said(step_now.get('max_age'))}; shipped: {step_before['max_age']}"
        if set(step_before.get("acr_values") or ()) < set(step_now.get("acr_values") or ()):
            yield f"{where}.step_up.acr_values accepts more than the shipped ones"
        elif step_now and step_before.get("acr_values") and not step_now.get("acr_values"):
            yield f"{where}.step_up accepts any acr"
        if before.get("approval") and not now.get("approval"):
            yield f"{where} asks for no approval any more"
        if _rose(before.get("max_lifetime_seconds"), now.get("max_lifetime_seconds")):
            cap = _said(now.get("max_lifetime_seconds"))
            yield f"{where}.max_lifetime_seconds is {cap}; shipped: {before['max_lifetime_seconds']}"
        for lost in sorted(set(before.get("verified") or ()) - set(now.get("verified") or ())):
            yield f"{where}.verified no longer holds {lost}"
        for added in sorted(set(now.get("credential_classes") or ()) - set(before.get("credential_classes") or ())):
            yield f"{where}.credential_classes admits {added}"


def _rose(before: int | None, now: int | None) -> bool:
    return before is not None and (now is None or now > before)


def _said(value: Any) -> str:
    if value is None:
        return "unlimited"
    return str(value).lower() if isinstance(value, bool) else str(value)
