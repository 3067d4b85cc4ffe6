"""Security events: whom they revoke, and every way in which one is not taken in (RFC 8417, SSF 1.0, CAEP 1.0)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from approval_tokens import EC, ISSUER, NOW, OTHER, STRANGER, assembled, issuer

from actas.errors import ProtocolError
from actas.evidence.security_events import CLAIMS_CHANGE, SESSION_REVOKED, SecurityEvent, verified

EXAMPLES = Path(__file__).parents[1] / "vectors" / "official_examples.jsonl"
ALICE = {"format": "iss_sub", "iss": "https://idp.example.com", "sub": "alice"}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "actas",
    "jti": "set-1",
    "iat": NOW - 10,
    "sub_id": ALICE,
    "events": {SESSION_REVOKED: {"event_timestamp": NOW - 20}},
}
HEADER = {"typ": "secevent+jwt", "alg": "ES256", "kid": "k1"}


def token(header: dict[str, Any] | None = None, key: Any = EC, **changes: Any) -> str:
    """Sign a right event with *changes*; None takes a claim away."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return assembled(json.dumps({**HEADER, **(header or {})}).encode(), json.dumps(claims).encode(), key)


def taken_in(text: str, **issuers: Any) -> SecurityEvent:
    """Take an event in for the audience `actas` at the time of the tests."""
    return verified(text, issuers or {ISSUER: issuer()}, audience="actas", now=NOW, skew=30)


def test_a_revoked_session_is_one_of_its_subject() -> None:
    """Tokens of logins until the event are refused; where the event says no time, its token does."""
    event = taken_in(token())

    assert (event.issuer, event.id) == (ISSUER, "set-1")
    alice = {"kind": "subject", "iss": "https://idp.example.com", "sub": "alice"}
    assert event.entries == ({**alice, "event_timestamp": NOW - 20},)
    assert taken_in(token(events={SESSION_REVOKED: {}})).entries == ({**alice, "event_timestamp": NOW - 10},)


@pytest.mark.parametrize(
    ("subject", "entries"),
    [
        ({"format": "opaque", "id": "a|b"}, [{"kind": "subject", "iss": ISSUER, "sub": "a|b"}]),
        ({"format": "uri", "uri": "spiffe://a/b"}, [{"kind": "subject", "iss": ISSUER, "sub": "spiffe://a/b"}]),
        ({"format": "did", "url": "did:example:1"}, [{"kind": "subject", "iss": ISSUER, "sub": "did:example:1"}]),
        ({"format": "jwt_id", "iss": OTHER, "jti": "t-1"}, [{"kind": "jti", "iss": OTHER, "jti": "t-1"}]),
        ({"user": ALICE}, [{"kind": "subject", "iss": "https://idp.example.com", "sub": "alice"}]),
        (
            {"format": "complex", "user": ALICE, "session": {"format": "opaque", "id": "s-1"}},
            [{"kind": "subject", "iss": "https://idp.example.com", "sub": "alice", "sid": "s-1"}],
        ),
        (
            {"format": "complex", "session": {"format": "opaque", "id": "s-1"}},
            [{"kind": "session", "iss": ISSUER, "sid": "s-1"}],
        ),
        (
            {"format": "complex", "user": ALICE, "device": {"format": "opaque", "id": "d"}, "tenant": {"id": "t"}},
            [{"kind": "subject", "iss": "https://idp.example.com", "sub": "alice"}],
        ),
        (
            {"format": "aliases", "identifiers": [{"format": "email", "email": "a@b.test"}, ALICE]},
            [{"kind": "subject", "iss": "https://idp.example.com", "sub": "alice"}],
        ),
    ],
    ids=str,
)
def test_a_subject_is_whom_a_token_could_name(subject: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    """All members of a complex subject must match; what tokens here leave undefined matches anything."""
    expected = [{**entry, "event_timestamp": NOW - 20} for entry in entries]
    assert list(taken_in(token(sub_id=subject)).entries) == expected
    older = {SESSION_REVOKED: {"event_timestamp": NOW - 20, "subject": subject}}
    assert list(taken_in(token(sub_id=None, events=older)).entries) == expected


def test_changed_claims_are_those_of_a_token_or_a_subject() -> None:
    """The new values count for what was issued before."""
    events = {CLAIMS_CHANGE: {"claims": {"role": "ro-admin"}}}
    of_token = taken_in(token(sub_id={"format": "jwt_id", "iss": OTHER, "jti": "t-1"}, events=events))
    of_subject = taken_in(token(events=events))

    change = {"kind": "claims", "claims": {"role": "ro-admin"}, "event_timestamp": NOW - 10}
    assert of_token.entries == ({**change, "iss": OTHER, "jti": "t-1"},)
    assert of_subject.entries == ({**change, "iss": "https://idp.example.com", "sub": "alice"},)


def test_the_example_of_the_specification_is_understood() -> None:
    """CAEP's own session-revoked names an opaque subject of its issuer."""
    lines = (json.loads(line) for line in EXAMPLES.read_text(encoding="utf-8").splitlines())
    example = next(line["set"] for line in lines if line["id"] == "R28")
    signed = assembled(json.dumps(HEADER).encode(), json.dumps(example).encode())

    event = verified(signed, {example["iss"]: issuer()}, audience=example["aud"], now=NOW, skew=30)

    subject = {"kind": "subject", "iss": example["iss"], "sub": "dMTlD|1600802906337.16|16008.16"}
    assert event.entries == ({**subject, "event_timestamp": 1615304991},)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (token(header={"typ": "JWT"}), "no secevent"),
        (token(header={"typ": None}), "no secevent"),
        (token(header={"crit": ["b64"]}), "no secevent"),
        (token(header={"kid": "k2"}), "no secevent"),
        (token(key=STRANGER), "no secevent"),
        (token(iss=OTHER), "no secevent"),
        (token()[:-4] + "AAAA", "no secevent"),
        ("", "no secevent"),
        (token(sub="alice"), "the claim sub"),
        (token(exp=NOW + 60), "the claim exp"),
        (token(aud="else"), "somebody else"),
        (token(aud=None), "somebody else"),
        (token(jti=None), "no jti"),
        (token(iat=None), "does not say when"),
        (token(iat="now"), "does not say when"),
        (token(iat=NOW + 60), "from the future"),
        (token(events=None), "exactly one"),
        (token(events={}), "exactly one"),
        (token(events={SESSION_REVOKED: {}, CLAIMS_CHANGE: {}}), "exactly one"),
        (token(events={"https://example.com/other": {}}), "not taken in"),
        (token(events={SESSION_REVOKED: []}), "no object"),
        (token(events={SESSION_REVOKED: {"event_timestamp": "soon"}}), "does not say when"),
        (token(events={SESSION_REVOKED: {"event_timestamp": NOW * 1000}}), "from the future"),
        (token(events={SESSION_REVOKED: {"event_timestamp": -1e300}}), "before 1970"),
        (token(events={SESSION_REVOKED: {"subject": {**ALICE, "sub": "bob"}}}), "two subjects"),
        (token(events={CLAIMS_CHANGE: {}}), "claims"),
        (token(events={CLAIMS_CHANGE: {"claims": {}}}), "claims"),
        (token(sub_id=None), "no subject"),
        (token(sub_id="alice"), "no subject"),
        (token(sub_id={"format": "email", "email": "a@b.test"}), "'email'"),
        (token(sub_id={"format": "iss_sub", "iss": OTHER}), "without"),
        (token(sub_id={"format": "opaque", "id": 5}), "without"),
        (token(sub_id={"format": "complex"}), "neither"),
        (token(sub_id={"format": "complex", "device": {"format": "opaque", "id": "d"}}), "neither"),
        (token(sub_id={"format": "complex", "user": ALICE, "robot": {}}), "not known"),
        (token(sub_id={"format": "complex", "user": "alice"}), "no identifier"),
        (token(sub_id={"user": ALICE, "session": {"format": "email", "email": "a@b.test"}}), "session"),
        (token(sub_id={"user": ALICE, "session": {"format": "jwt_id", "iss": OTHER, "jti": "t"}}), "beside"),
        (token(sub_id={"format": "aliases", "identifiers": []}), "no alias"),
        (token(sub_id={"format": "aliases", "identifiers": [5]}), "no alias"),
        (
            token(
                sub_id={"format": "complex", "session": {"format": "opaque", "id": "s"}},
                events={CLAIMS_CHANGE: {"claims": {"a": 1}}},
            ),
            "of a session",
        ),
    ],
)
def test_an_event_that_is_not_right_is_refused(wrong: str, why: str) -> None:
    """It changes nothing, and whoever sent it learns why; of the signature only that it is none."""
    with pytest.raises(ProtocolError) as refused:
        taken_in(wrong)

    assert (refused.value.field, refused.value.reason) == ("security_event_token", "SET_REJECTED")
    assert why in refused.value.message


def test_an_event_of_an_issuer_without_the_role_is_refused() -> None:
    """Only whom the registry names may tell events."""
    with pytest.raises(ProtocolError, match="role events"):
        verified(token(), {}, audience="actas", now=NOW, skew=30)
    assert taken_in(token(aud=["other", "actas"])).entries
