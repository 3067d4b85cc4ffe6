"""A signed approval lets one decision allow, and no other."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from approval_tokens import EC, ISSUER, jwk_set, signed
from decider_parts import Recorder, Service
from right_exchange import NOW, REGISTRY, SETTINGS, allow, deny, request

from actas.decision import Effect
from actas.engine import PolicyResult
from actas.errors import EngineError, ReceiptError
from actas.evidence.keys import read_keys
from actas.policy.data import PolicyData
from actas.policy.key_files import IssuerKeys
from actas.request import Approval, ExchangeRequest

MAIL = "https://mail.example.com/"
KEYS = {ISSUER: IssuerKeys("keys.json", read_keys(jwk_set(k1=EC), {"ES256"}))}
REGISTERED = {
    **REGISTRY,
    "issuers": {**REGISTRY["issuers"], ISSUER: {"roles": ["approval"], "jwks_file": "keys.json"}},
    "clients": {"agent-mail": {"scopes": ["mail.read", "mail.delete"], "targets": [MAIL]}},
    "targets": {MAIL: {"scopes": {"mail.read": {}, "mail.delete": {"risk": "deletion"}}}},
}
DATA = PolicyData.merge({**SETTINGS, "risk": {"deletion": {"approval": True}}}, {}, REGISTERED)
DATA = DATA.with_revision("r1", KEYS)
DELETING = allow(scope=["mail.delete"], max_lifetime_seconds=200)


def service(answer: Any = None, **parts: Any) -> Service:
    """Give a service whose policy always lets the deletion pass; the ceiling looks for its approval."""
    return Service(answer or DELETING, data=DATA, **parts)


def deletion(*approvals: str, scope: str = "mail.delete") -> ExchangeRequest:
    """Give an exchange for a deletion with signed *approvals*."""
    asked = request(scope="mail.read mail.delete")
    return dataclasses.replace(
        asked, scope=scope, requested_lifetime=200, approvals=tuple(Approval(jws=text) for text in approvals)
    )


def statuses(used: Service) -> list[list[tuple[bool, str]]]:
    """Give what policy saw of the approvals, question by question."""
    return [[(seen["verified"], seen["status"]) for seen in asked["approvals"]] for asked in used.engine.asked]


def test_an_approval_is_used_by_the_allow_that_relies_on_it() -> None:
    """The next one sees that it was replaced by its use, and the ceiling relies on it no more."""
    used, text = service(), signed()

    assert used.decide(deletion(text)).effect is Effect.ALLOW
    again = used.decide(deletion(text))

    assert [denial.code for denial in again.denials] == ["OUTPUT_WIDENED"]
    assert used.observed.bounds == ["approval"]
    assert statuses(used) == [[(True, "approved")], [(True, "superseded")]]


def test_a_second_approval_is_a_second_use() -> None:
    """Each has an id of its own; the same id of the same issuer is the same approval, however often it is signed."""
    used = service()
    effects = [used.decide(deletion(signed({"jti": name}))).effect for name in ("a", "b", "a")]
    assert effects == [Effect.ALLOW, Effect.ALLOW, Effect.DENY]


def test_the_ceiling_does_without_what_is_not_verified() -> None:
    """A policy that lets everything pass is stopped, whatever the approval says of itself."""
    used = service()
    for text in (signed({"aud": "other"}), signed({"scope": "mail.read"}), signed({"target": "https://other/"})):
        assert used.decide(deletion(text)).effect is Effect.DENY
    assert used.observed.bounds == ["approval"] * 3


def test_a_deny_uses_nothing_up() -> None:
    """Whoever is denied may ask again with the same approval."""
    used = service(deny("CLIENT_REVOKED", "access_denied"))
    used.decide(deletion(signed()))
    used.engine.answer = DELETING
    assert used.decide(deletion(signed())).effect is Effect.ALLOW


def test_an_error_uses_nothing_up() -> None:
    """No decision was made, or it could not leave."""
    recorder = Recorder()
    used = service(EngineError("down"), recorder=recorder)
    with pytest.raises(EngineError):
        used.decide(deletion(signed()))
    used.engine.answer, recorder.error = DELETING, ReceiptError("full")
    with pytest.raises(ReceiptError):
        used.decide(deletion(signed()))
    recorder.error = None
    assert used.decide(deletion(signed())).effect is Effect.ALLOW


def test_an_allow_that_needs_no_approval_uses_none_up() -> None:
    """Presenting is not using."""
    used = service(allow(max_lifetime_seconds=200))
    assert used.decide(deletion(signed(), scope="mail.read")).effect is Effect.ALLOW
    used.engine.answer = DELETING
    assert used.decide(deletion(signed())).effect is Effect.ALLOW


def test_only_what_covers_it_is_used_up() -> None:
    """An approval of something else that came along is left."""
    used = service()
    other, right = signed({"jti": "other", "target": "https://other.example.com/"}), signed({"jti": "right"})
    assert used.decide(deletion(other, right)).effect is Effect.ALLOW
    used.decide(deletion(other, right))
    assert statuses(used)[1] == [(True, "approved"), (True, "superseded")]


def test_the_same_approval_twice_in_one_request_is_one() -> None:
    """It is held once, and used once."""
    used = service()
    assert used.decide(deletion(signed(), signed())).effect is Effect.ALLOW
    assert used.decide(deletion(signed())).effect is Effect.DENY


def test_of_many_at_once_one_gets_it() -> None:
    """Who asks while another decision holds the approval is told what it would be told afterwards."""

    class Slow:
        revision, bundle_digest = "r1", "sha256:d1"

        async def evaluate(self, policy_input: Mapping[str, Any], *, timeout: float) -> PolicyResult:
            await asyncio.sleep(0.01)
            return await fast(policy_input, timeout=timeout)

    used = service()
    fast, used.revision.engine = used.engine.evaluate, Slow()  # type: ignore[assignment]  # as much of one as is asked

    async def all_at_once() -> list[Effect]:
        decisions = await asyncio.gather(*(used.decider.decide(deletion(signed()), timeout=5) for _ in range(20)))
        return [decision.effect for decision in decisions]

    assert asyncio.run(all_at_once()).count(Effect.ALLOW) == 1


def test_who_gives_up_gives_the_approval_back() -> None:
    """A deadline that ends the decision ends the hold."""

    class Stuck(Recorder):
        async def record(self, record: Any) -> None:  # noqa: ARG002 - a recorder that hangs keeps nothing
            await asyncio.sleep(60)

    stuck = service(recorder=Stuck())

    async def twice() -> Effect:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await stuck.decider.decide(deletion(signed()), timeout=5)
        stuck.decider._recorder = Recorder()
        return (await stuck.decider.decide(deletion(signed()), timeout=5)).effect

    assert asyncio.run(twice()) is Effect.ALLOW


def test_a_rehearsal_uses_nothing_up_and_shows_what_was_used() -> None:
    """Explain says what Decide would say now."""
    used = service()
    rehearse = used.decider.rehearse
    seen, decision = asyncio.run(rehearse(deletion(signed()), timeout=1))
    assert (decision.effect, seen["approvals"][0]["id"]) == (Effect.ALLOW, "apr-1")
    assert used.decide(deletion(signed())).effect is Effect.ALLOW
    seen, decision = asyncio.run(rehearse(deletion(signed()), timeout=1))
    assert (decision.effect, seen["approvals"][0]["status"]) == (Effect.DENY, "superseded")


def test_after_a_restart_only_new_approvals_count() -> None:
    """What was given before the start may have been used before it."""
    late = service(since=NOW - 5)
    assert late.decide(deletion(signed({"iat": int(NOW) - 6}))).effect is Effect.DENY
    assert late.decide(deletion(signed({"iat": int(NOW) - 4}))).effect is Effect.ALLOW
    assert statuses(late) == [[(False, "")], [(True, "approved")]]


def test_a_test_case_verifies_at_its_own_time() -> None:
    """A suite's approvals are those of its frozen clock, and are never used up."""
    used = service(since=NOW)
    decide = used.decider.decide_with
    for _ in range(2):
        _seen, decision = asyncio.run(decide(deletion(signed()), now=NOW, data=None, state=used.decider._state))  # type: ignore[arg-type]
        assert decision.effect is Effect.ALLOW
    _seen, decision = asyncio.run(decide(deletion(signed()), now=NOW + 900, data=None, state=used.decider._state))  # type: ignore[arg-type]
    assert decision.effect is Effect.DENY


def test_a_case_s_registry_has_the_keys_that_it_names() -> None:
    """The keys are those of the revision; an issuer that a case gives another file has none."""
    assert set(DATA.override({"registry": REGISTERED}).approval_issuers) == {ISSUER}
    for issuer in (["approval"], {"roles": ["subject"], "jwks_file": "keys.json"}, {"roles": ["approval"]}, 5):
        registry = {**REGISTERED, "issuers": {ISSUER: issuer}}
        assert not DATA.override({"registry": registry}).approval_issuers
    elsewhere = {**REGISTERED, "issuers": {ISSUER: {"roles": ["approval"], "jwks_file": "other.json"}}}
    assert not DATA.override({"registry": elsewhere}).approval_issuers
    weak = {"roles": ["approval"], "jwks_file": "keys.json", "algorithms": ["none", "HS256"]}
    registry = {**REGISTERED, "issuers": {ISSUER: weak}}
    assert DATA.override({"registry": registry}).approval_issuers[ISSUER].algorithms == frozenset()


def test_an_approval_that_a_switched_off_rule_lets_pass_is_used_up() -> None:
    """Who does without a match does not do without single use."""
    settings = {**SETTINGS, "risk": {"deletion": {"approval": True}}, "disabled_rules": ["APPROVAL_MISMATCH"]}
    used = Service(DELETING, data=PolicyData.merge(settings, {}, REGISTERED).with_revision("r1", KEYS))
    for _ in range(2):
        used.decide(deletion(signed({"target": "https://other.example.com/"})))
    assert statuses(used) == [[(True, "approved")], [(True, "superseded")]]
