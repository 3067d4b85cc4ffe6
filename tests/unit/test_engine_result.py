"""OPA's answer is taken member by member, or not at all."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actas.decision import Denial, Effect, Obligation, WithheldScope
from actas.engine.result import Actor, PolicyResult, parse_result
from actas.errors import EngineError, Status

ALLOW: dict[str, Any] = {
    "revision": "r1",
    "effect": "ALLOW",
    "denials": [],
    "error": "",
    "obligations": [],
    "notes": ["SCOPE_NARROWED"],
    "withheld_scope": [{"scope": "mail.send", "code": "CLIENT_CEILING"}],
    "limits": {
        "scope": ["mail.read"],
        "audience": ["https://mail.example"],
        "max_lifetime_seconds": 600,
        "authorization_details": [{"type": "payment"}],
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "DPoP",
        "cnf": {"jkt": "thumbprint"},
    },
    "act": {"iss": "https://as.example", "sub": "agent"},
    "disabled_rules": ["CHAIN_LOOP"],
    "actor": {"iss": "https://as.example", "sub": "agent"},
    "actor_agent": "mail-agent",
}
DENY: dict[str, Any] = {
    **ALLOW,
    "effect": "DENY",
    "denials": [{"code": "ACR_INSUFFICIENT", "rule": "step_up", "reason": "needs a fresh login"}],
    "error": "insufficient_user_authentication",
    "obligations": [{"type": "step-up", "id": "o1", "properties": {"acr_values": ["phr"], "max_age": 60}}],
    "limits": None,
    "act": None,
    "actor": None,
}
OTHER_TYPES = [None, True, 1, 1.5, "text", [], {}, [None], [1], {"a": 1}]


def test_an_allow_is_converted_whole() -> None:
    """Every member of the answer arrives in the value."""
    result = parse_result(ALLOW)
    assert result.effect is Effect.ALLOW
    assert result.limits is not None
    assert result.limits.scope == ("mail.read",)
    assert result.limits.max_lifetime_seconds == 600
    assert result.limits.cnf == {"jkt": "thumbprint"}
    assert result.withheld_scope == (WithheldScope("mail.send", "CLIENT_CEILING"),)
    assert result.actor == Actor("https://as.example", "agent")
    assert (result.notes, result.disabled_rules) == (("SCOPE_NARROWED",), ("CHAIN_LOOP",))


def test_a_deny_is_converted_whole() -> None:
    """Denials and obligations keep the policy's order and words."""
    result = parse_result(DENY)
    assert result.effect is Effect.DENY
    assert result.denials == (Denial("ACR_INSUFFICIENT", "step_up", "needs a fresh login"),)
    assert result.obligations == (Obligation("step-up", "o1", {"acr_values": ["phr"], "max_age": 60}),)
    assert result.limits is None


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in an answer that the policy's answer fixes the type of."""
    found = [path] if path else []
    if path and path[-1] in ("act", "properties", "authorization_details"):
        return found
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        found += paths(member, (*path, name))
    return found


def replaced(answer: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """A copy of *answer* that has *value* at *path*."""
    changed = copy.deepcopy(answer)
    place: Any = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


def fits(original: object, value: object) -> bool:
    """Whether another value is as legal in this place."""
    return type(original) is type(value) and not isinstance(original, dict | list)


@pytest.mark.parametrize(("answer", "path"), [(a, p) for a in (ALLOW, DENY) for p in paths(a)], ids=str)
def test_a_value_of_another_type_is_refused_everywhere(answer: dict[str, Any], path: tuple[Any, ...]) -> None:
    """No place of the answer takes a value of another JSON type, a boolean for an integer least of all."""
    original: Any = answer
    for name in path:
        original = original[name]
    for value in OTHER_TYPES:
        legal = fits(original, value) or value == original
        legal |= path[-1] in ("act", "actor", "limits", "cnf") and value is None
        legal |= path[-1] in ("act", "properties") and isinstance(value, dict)
        legal |= path[-1] == "authorization_details" and isinstance(value, list)
        legal |= isinstance(original, list) and value == []
        if legal or path == ("effect",):
            continue
        with pytest.raises(EngineError) as caught:
            parse_result(replaced(answer, path, value))
        assert (caught.value.status, caught.value.reason) == (Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER")


@pytest.mark.parametrize("member", sorted(ALLOW))
def test_an_absent_member_is_refused(member: str) -> None:
    """A partial answer is no answer."""
    with pytest.raises(EngineError, match=f"lacks {member}"):
        parse_result({name: value for name, value in ALLOW.items() if name != member})


@pytest.mark.parametrize("path", [(), ("limits",), ("limits", "cnf"), ("actor",), ("withheld_scope", 0)], ids=str)
def test_a_member_too_many_is_refused(path: tuple[Any, ...]) -> None:
    """What nobody here understands might be a restriction."""
    with pytest.raises(EngineError, match="a member too many"):
        parse_result(replaced(ALLOW, (*path, "surplus"), 1))


@pytest.mark.parametrize("effect", ["allow", "", "EFFECT_UNSPECIFIED", None, True, 1, ["ALLOW"]])
def test_only_two_effects_exist(effect: object) -> None:
    """An effect that is neither ALLOW nor DENY is an error, never an allow."""
    with pytest.raises(EngineError, match="effect"):
        parse_result({**ALLOW, "effect": effect})


@pytest.mark.parametrize(
    "answer",
    [
        {**ALLOW, "limits": None},
        {**ALLOW, "denials": DENY["denials"]},
        {**ALLOW, "obligations": DENY["obligations"]},
        {**ALLOW, "error": "invalid_scope"},
        {**DENY, "denials": []},
    ],
)
def test_a_contradiction_is_refused(answer: dict[str, Any]) -> None:
    """An allow that denies, an allow of nothing, and a deny without a reason are broken policies."""
    with pytest.raises(EngineError, match="ill-typed"):
        parse_result(answer)


def test_an_error_repeats_no_value() -> None:
    """A value of the answer may be a claim, so messages name members only."""
    with pytest.raises(EngineError) as caught:
        parse_result({**ALLOW, "effect": "alice@example.com", "alice@example.com": 1})
    assert "alice" not in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(answer=json_values | st.fixed_dictionaries(dict.fromkeys(ALLOW, json_values)))
def test_any_json_is_a_result_or_an_engine_error(answer: object) -> None:
    """Nothing that OPA could say escapes as another exception."""
    try:
        result = parse_result(answer)
    except EngineError:
        return
    assert isinstance(result, PolicyResult)
