"""What a caller says beside a raw token, and what is read from it alone."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from actas.errors import ProtocolError, Status
from actas.policy.workbench import Workbench
from raw_tokens import (
    AS,
    STRANGER,
    actor_claims,
    actor_token,
    bench,
    codes,
    exchange,
    signed,
    subject_claims,
    subject_token,
)

__all__ = ["bench"]  # a fixture
pytestmark = pytest.mark.asyncio(loop_scope="module")


HEADER = {"typ": "at+jwt", "alg": "RS256", "kid": "rsa"}


@pytest.mark.parametrize(
    ("beside", "field"),
    [
        ({"claims": {**subject_claims(), "sub": "mallory"}}, "subject_token.claims"),
        ({"claims": {}}, "subject_token.claims"),
        ({"claims_json": "{}"}, "subject_token.claims"),
        ({"header": {"typ": "at+jwt", "alg": "ES256", "kid": "rsa"}}, "subject_token.header"),
        ({"header": {}}, "subject_token.header"),
    ],
)
async def test_what_is_said_beside_a_raw_token_must_be_the_same(
    bench: Workbench, beside: dict[str, Any], field: str
) -> None:
    """Two accounts of one token are a mistake of the caller, which is told by name."""
    with pytest.raises(ProtocolError) as refused:
        await bench.decide(exchange({"unverified_token": subject_token(), **beside}))
    assert (refused.value.field, refused.value.status) == (field, Status.INVALID_ARGUMENT)
    assert "mallory" not in str(refused.value)


async def test_the_same_words_beside_a_raw_token_change_nothing(bench: Workbench) -> None:
    """Neither the right ones nor the caller's own word, which a raw token does not need."""
    claims, header = subject_claims(), {"typ": "at+jwt", "alg": "RS256", "kid": "rsa"}
    raw = signed(header, claims)
    for words in ({}, {"verified": True}, {"verified": False}, {"claims": claims, "header": header}):
        assert codes(await bench.decide(exchange({"unverified_token": raw, **words}))) == set()


async def test_the_callers_word_does_not_verify_a_forged_token(bench: Workbench) -> None:
    """Where there is a raw token, it counts alone."""
    claims = subject_claims()
    forged = signed({**HEADER, "alg": "ES256", "kid": "ec"}, claims, STRANGER, "ES256")
    given = {"unverified_token": forged, "verified": True, "claims": claims}
    assert codes(await bench.decide(exchange(given))) == {"TOKEN_NOT_VERIFIED"}


async def test_a_parent_is_read_from_the_raw_token(bench: Workbench) -> None:
    """One that it does not name would forge the record of the chain."""
    raw = subject_token(decision_id="d-1", txn="d-0")
    assert codes(await bench.decide(exchange(raw, parent_decision_id="d-1"))) == set()
    with pytest.raises(ProtocolError) as refused:
        await bench.decide(exchange(raw, parent_decision_id="d-2"))
    assert refused.value.field == "parent_decision_id"


async def test_a_revocation_is_looked_up_with_what_the_raw_token_says(bench: Workbench) -> None:
    """Its jti is not known before it is read."""
    state = {"state": {"freshness": "fresh", "revocations": [{"kind": "jti", "jti": "st-1"}]}}
    assert codes(await bench.decide(exchange(), data=state)) == {"TOKEN_REVOKED"}


async def test_keys_of_a_file_that_another_registry_names_are_not_there(bench: Workbench) -> None:
    """A test case may bring a registry; it gets no keys with it."""
    registry = {**bench.compiled.data.registry, "issuers": {AS: {"roles": ["subject"], "jwks_file": "other.json"}}}
    assert "TOKEN_NOT_VERIFIED" in codes(await bench.decide(exchange(), data={"registry": registry}))


async def test_an_svid_is_not_verified_with_an_issuers_keys(bench: Workbench) -> None:
    """Its trust domain's bundle is what counts for it."""
    asked = exchange(actor={"unverified_token": actor_token(), "kind": "jwt_svid", "verified": True})
    assert "TOKEN_NOT_VERIFIED" in codes(await bench.decide(asked))


async def test_a_risk_class_takes_no_word_for_a_token(bench: Workbench) -> None:
    """What it lists must have been verified here; the same exchange without a raw token is denied."""
    registry = json.loads(json.dumps(bench.compiled.data.registry))
    registry["targets"]["https://mail.example.com/"]["scopes"]["mail.read"]["risk"] = "external_message"
    raw = exchange()
    said = exchange(
        {"verified": True, "claims": subject_claims(), "header": {"typ": "at+jwt", "alg": "RS256"}},
        {"verified": True, "claims": actor_claims(), "header": {"typ": "JWT", "alg": "ES256"}},
    )
    for demanded in ([], ["subject_token"], ["actor_token"], ["subject_token", "actor_token"]):
        data = {"registry": registry, "settings": {"risk": {"external_message": {"verified": demanded}}}}
        assert codes(await bench.decide(raw, data=data)) == set()
        assert codes(await bench.decide(said, data=data)) == ({"TOKEN_NOT_VERIFIED"} if demanded else set())
    mixed = dataclasses.replace(said, subject_token=raw.subject_token)
    data["settings"]["risk"]["external_message"]["verified"] = ["subject_token"]
    assert codes(await bench.decide(mixed, data=data)) == set()
    data["settings"]["risk"]["external_message"]["verified"] = ["actor_workload"]
    assert codes(await bench.decide(raw, data=data)) == {"EVIDENCE_MISSING"}
