"""Whatever the policy says, nothing that is issued is wider than it may be."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from exchange_worlds import AGENT, CALENDAR, MAIL, NOW, PLANNER, SCOPES, TARGETS, World, details, some, worlds
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from oracle import Oracle, covers, plain

from actas import ceiling
from actas.decision import Effect
from actas.engine.result import PolicyResult, parse_result
from actas.errors import EngineError

Answer = dict[str, Any]
MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
RESERVED = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "client_id", "cnf", "act", "may_act", "acr"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2000) | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*RESERVED, "x"]), inner, max_size=3),
    max_leaves=6,
)


def allow(world: World, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Answer | None:
    """Give an answer that a right policy could make, None where it must deny."""
    oracle = Oracle(world)
    acts, audience = oracle.acts(), oracle.audience()
    if oracle.refusal or not acts or audience is None or not oracle.cnf():
        return None
    act = draw(st.sampled_from(acts))
    most = sorted(oracle.scope(act))
    if not most:
        return None
    scope = draw(some(most, 1))
    longest = oracle.lifetime(set(scope), act)
    shortest = 1 if "LIFETIME_TOO_SHORT" in world.settings["disabled_rules"] else world.settings["min_lifetime_seconds"]
    if longest < shortest:
        return None
    cnf = draw(st.sampled_from(oracle.cnf()))
    actor = None if act is None else {"iss": oracle.actor[0], "sub": oracle.actor[1]}
    return {
        "revision": "r1",
        "effect": "ALLOW",
        "denials": [],
        "error": "",
        "obligations": [],
        "notes": draw(some(["SCOPE_NARROWED", "LIFETIME_CAPPED", "RAR_NARROWED"])),
        "withheld_scope": [],
        "limits": {
            "scope": scope,
            "audience": draw(st.permutations(sorted(audience))),
            "max_lifetime_seconds": draw(st.integers(shortest, longest) | st.just(longest)),
            "authorization_details": oracle.details(),
            "issued_token_type": world.request.requested_token_type,
            "token_type": oracle.token_type(cnf),
            "cnf": cnf,
        },
        "act": act,
        "disabled_rules": [],
        "actor": actor,
        "actor_agent": "mailer" if actor is not None and oracle.agent else "",
    }


def unbounded(world: World, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Answer:
    """Give a well-typed allow of a policy that knows no limits."""
    cnf = draw(st.sampled_from([None, {"jkt": "K1"}, {"jkt": "K2"}]))
    act = draw(st.sampled_from([None, {"iss": "spiffe://example.org", "sub": AGENT}, world.claims.get("act")]))
    return {
        "revision": "r1",
        "effect": "ALLOW",
        "denials": [],
        "error": "",
        "obligations": [],
        "notes": [],
        "withheld_scope": [],
        "limits": {
            "scope": draw(some(SCOPES)),
            "audience": draw(st.lists(st.sampled_from(TARGETS), max_size=3)),
            "max_lifetime_seconds": draw(st.integers(-1, 5000)),
            "authorization_details": draw(details),
            "issued_token_type": world.request.requested_token_type,
            "token_type": draw(st.sampled_from(["Bearer", "DPoP", "N_A", "bearer"])),
            "cnf": cnf,
        },
        "act": act,
        "disabled_rules": [],
        "actor": {"iss": "spiffe://example.org", "sub": AGENT},
        "actor_agent": "mailer",
    }


# One thing each that a hostile or broken policy would do to an answer that was right.
def _scope(limits: Answer, draw: Callable[..., Any], _: World) -> None:
    limits["scope"] = limits["scope"] + [draw(st.sampled_from([*SCOPES, "", "*", "mail.read mail.send"]))]


def _lifetime(limits: Answer, draw: Callable[..., Any], _: World) -> None:
    limits["max_lifetime_seconds"] += draw(st.integers(1, 10_000) | st.just(10**30))


def _no_lifetime(limits: Answer, draw: Callable[..., Any], _: World) -> None:
    limits["max_lifetime_seconds"] = draw(st.integers(-1000, 0))


def _audience(limits: Answer, draw: Callable[..., Any], _: World) -> None:
    limits["audience"] = draw(st.lists(st.sampled_from(TARGETS), max_size=3))


def _more_details(limits: Answer, draw: Callable[..., Any], world: World) -> None:
    requested = world.request.authorization_details
    offered = draw(details) + limits["authorization_details"] + ([] if requested is None else requested.value)
    limits["authorization_details"] = draw(
        st.lists(st.sampled_from(offered), min_size=1, max_size=4) if offered else details
    )


def _cnf(limits: Answer, draw: Callable[..., Any], _: World) -> None:
    limits["cnf"] = draw(st.sampled_from([None, {"jkt": "K1"}, {"jkt": "K2"}, {"jkt": ""}]))


def _token_type(limits: Answer, draw: Callable[..., Any], _: World) -> None:
    limits["token_type"] = draw(st.sampled_from(["Bearer", "DPoP", "N_A", "", "bearer"]))
    limits["issued_token_type"] = draw(st.sampled_from([limits["issued_token_type"], "urn:x"]))


LIMIT_MUTATIONS = [_scope, _lifetime, _no_lifetime, _audience, _more_details, _cnf, _token_type]


def mutate(answer: Answer, world: World, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """Change *answer* in some way, mostly for the worse."""
    kind = draw(st.sampled_from([*LIMIT_MUTATIONS, "launder", "claims in act", "claims", "actor", "missing member"]))
    act = answer["act"]
    if callable(kind):
        kind(answer["limits"], draw, world)
    elif kind == "launder":
        laundered = [None, {}, {"iss": "spiffe://example.org", "sub": PLANNER}, {"sub": AGENT}, world.claims.get("act")]
        laundered += [] if act is None else [{"iss": act.get("iss", "x"), "sub": act["sub"]}, {**act, "act": act}]
        answer["act"] = draw(st.sampled_from(laundered))
        if answer["act"] is None and draw(st.booleans()):
            answer["actor"], answer["actor_agent"] = None, ""
    elif kind == "claims in act":
        level = answer["act"] = copy.deepcopy(act) if act is not None else {}
        while isinstance(level.get("act"), dict) and draw(st.booleans()):
            level = level["act"]
        level[draw(st.sampled_from(RESERVED))] = draw(json_values)
    elif kind == "claims":
        place = draw(st.sampled_from([answer, answer["limits"]]))
        place[draw(st.sampled_from([*RESERVED, *answer, *answer["limits"]]))] = draw(json_values)
    elif kind == "actor":
        answer["actor"] = draw(st.sampled_from([None, {"iss": "spiffe://example.org", "sub": PLANNER}]))
    else:
        del answer[draw(st.sampled_from(sorted(answer)))]


def bounded(world: World, answer: Answer) -> PolicyResult | None:
    """Send *answer* through the parser and the ceiling; None where it is no answer at all."""
    try:
        result = parse_result(copy.deepcopy(answer))
        return ceiling.bound(world.request, result, world, NOW)
    except EngineError:
        return None


def assert_not_wider(world: World, result: PolicyResult) -> None:
    """Check an issued result against the oracle."""
    oracle, limits = Oracle(world), result.limits
    assert limits is not None
    assert oracle.refusal == ""
    assert plain(result.act) in [plain(act) for act in oracle.acts()]
    assert result.act is None or result.actor is not None
    assert result.actor is None or (result.actor.iss, result.actor.sub) == oracle.actor
    assert set(limits.audience) == oracle.audience()
    assert set() != set(limits.scope) <= oracle.scope(result.act)
    assert 0 < limits.max_lifetime_seconds <= oracle.lifetime(set(limits.scope), result.act)
    requested = world.request.authorization_details
    assert len(limits.authorization_details) <= len([] if requested is None else requested.value)
    for entry in limits.authorization_details:
        assert requested is not None
        assert any(covers(entry, asked) for asked in requested.value)
        assert any(covers(entry, grant) for grant in world.claims["authorization_details"])
        assert set(entry.get("locations", [])) <= set(limits.audience)
    assert limits.cnf in oracle.cnf()
    assert limits.token_type == oracle.token_type(limits.cnf)
    assert limits.issued_token_type == world.request.requested_token_type


@MANY
@given(world=worlds(sound=True), data=st.data())
def test_an_answer_within_every_bound_passes_unchanged(world: World, data: st.DataObject) -> None:
    """The ceiling takes nothing from a right answer, down to the order of its members."""
    answer = allow(world, data.draw)
    event("allow" if answer else "deny")
    assume(answer is not None)
    assert answer is not None
    result = parse_result(copy.deepcopy(answer))
    broken: list[str] = []

    assert ceiling.bound(world.request, result, world, NOW, broken.append) == result, broken


@MANY
@given(world=worlds(sound=True), data=st.data())
def test_a_right_answer_changed_at_will_never_widens(world: World, data: st.DataObject) -> None:
    """A change to a right answer is refused, unless what it leaves is still within every bound."""
    answer = allow(world, data.draw)
    assume(answer is not None)
    assert answer is not None
    for _ in range(data.draw(st.integers(1, 2))):
        try:
            mutate(answer, world, data.draw)
        except (KeyError, TypeError, AttributeError):
            break  # the answer is already too broken to be broken further
    result = bounded(world, answer)
    event("no answer" if result is None else result.effect.value)
    if result is not None and result.effect is Effect.ALLOW:
        assert_not_wider(world, result)


@MANY
@given(world=worlds(sound=True) | worlds(), data=st.data())
def test_a_policy_without_limits_never_widens(world: World, data: st.DataObject) -> None:
    """A policy that allows anything to anybody gets no further than the oracle says."""
    result = bounded(world, unbounded(world, data.draw))
    event("no answer" if result is None else result.effect.value)
    if result is not None and result.effect is Effect.ALLOW:
        assert_not_wider(world, result)


@MANY
@given(world=worlds(), answer=json_values)
def test_an_answer_of_any_other_shape_is_no_decision(world: World, answer: Any) -> None:
    """What is no total answer neither allows nor denies."""
    assert bounded(world, answer) is None


@MANY
@given(world=worlds(), data=st.data())
def test_a_refusal_is_one_code_and_issues_nothing(world: World, data: st.DataObject) -> None:
    """What would widen becomes a deny with OUTPUT_WIDENED alone, and the bound is named without a request value."""
    broken: list[str] = []
    result = ceiling.bound(world.request, parse_result(unbounded(world, data.draw)), world, NOW, broken.append)
    assume(result.effect is Effect.DENY)

    assert [denial.code for denial in result.denials] == ["OUTPUT_WIDENED"]
    assert (result.limits, result.act, result.obligations) == (None, None, ())
    assert len(broken) == 1
    assert broken[0].replace("_", "").isalpha()
    assert not any(name in broken[0] for name in (MAIL, CALENDAR, AGENT, *SCOPES))
