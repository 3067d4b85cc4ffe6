"""The shape of a refusal: a deny cannot widen anything, but the caller acts on its codes and obligations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from actas.decision import Denial
from actas.engine.result import PolicyResult
from actas.errors import EngineError, Status

_CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*", re.ASCII)
_ERROR = re.compile(r"[a-z]+(?:_[a-z]+)*", re.ASCII)


def check(result: PolicyResult) -> None:
    """Check codes, OAuth error and obligations of a result whose effect is DENY.

    Raises:
        EngineError: a code or the error is malformed, an obligation is unknown or malformed, or something is issued.

    """
    if not result.denials or not all(_is_code(denial) for denial in result.denials):
        _ill_typed("a deny needs denials with codes")
    if _ERROR.fullmatch(result.error) is None:
        _ill_typed("the OAuth error is malformed")
    for obligation in result.obligations:
        well_formed = _OBLIGATIONS.get(obligation.type)
        if well_formed is None:
            _ill_typed("an obligation has an unknown type")
        if not obligation.id or not well_formed(obligation.properties):
            _ill_typed(f"the properties of an obligation of type {obligation.type} are malformed")
    if result.limits is not None or result.act is not None:
        _ill_typed("a deny issues nothing")


def _is_code(denial: Denial) -> bool:
    return _CODE.fullmatch(denial.code) is not None and bool(denial.rule)


def _is_step_up(properties: Mapping[str, Any]) -> bool:
    """RFC 9470, section 3: acr values, a non-negative maximum age in seconds, or both."""
    acr_values, max_age = properties.get("acr_values"), properties.get("max_age")
    if not properties or not properties.keys() <= {"acr_values", "max_age"}:
        return False
    named = "acr_values" not in properties or (
        isinstance(acr_values, list) and bool(acr_values) and all(isinstance(acr, str) and acr for acr in acr_values)
    )
    return named and ("max_age" not in properties or (type(max_age) is int and max_age >= 0))


def _is_approval(properties: Mapping[str, Any]) -> bool:
    """What must be approved: at least the scope, and every other member a text too."""
    return bool(properties.get("scope")) and all(isinstance(value, str) for value in properties.values())


_OBLIGATIONS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {"step-up": _is_step_up, "approval": _is_approval}


def _ill_typed(problem: str) -> NoReturn:
    raise EngineError(
        f"the policy's answer is ill-typed: {problem}", status=Status.INTERNAL, reason="ENGINE_ILL_TYPED_ANSWER"
    )
