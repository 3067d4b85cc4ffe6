"""A signed approval is right in every respect, or it proves nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from approval_tokens import (
    CLAIMS,
    EC,
    HEADER,
    ISSUER,
    NOW,
    OTHER,
    RSA,
    STRANGER,
    assembled,
    confused,
    encode,
    issuer,
    jwk_set,
    signed,
    unsigned,
)
from joserfc.jwk import OKPKey

from actas.evidence import approvals
from actas.evidence.approvals import Circumstances
from actas.evidence.keys import TrustedIssuer
from actas.request import Approval, ExchangeRequest

AT = Circumstances("actas", NOW + 0.5, 30, NOW - 100.0)


def admitted(text: str, at: Circumstances = AT, **issuers: TrustedIssuer) -> Approval:
    """Give the approval as policy sees it."""
    request = ExchangeRequest("https://as.example.com", approvals=(Approval(jws=text),))
    known = {ISSUER: issuer(), OTHER: issuer(k1=STRANGER)} | issuers
    seen, tickets = approvals.verified(request, known, at)
    assert set(tickets) == ({0} if seen.approvals[0].verified else set())
    return seen.approvals[0]


def test_a_right_approval_says_what_was_approved() -> None:
    """Its claims become the members that policy and ceiling look at."""
    text = signed()
    assert admitted(text) == Approval(
        id="apr-1",
        verified=True,
        status="approved",
        subject="alice",
        actor="spiffe://example.org/agent/mail",
        client_id="agent-mail",
        target="https://mail.example.com/",
        scope="mail.delete",
        approver="manager",
        approved_until=NOW + 240,
        jws=text,
    )


@pytest.mark.parametrize(
    "text",
    [
        signed({"aud": ["actas"]}),
        signed({"exp": NOW + 240.9}),
        signed({"nbf": NOW + 20}),
        signed({"note": "not ours to understand"}),
        signed(header={"alg": "RS256", "kid": "r1"}, key=RSA),
        signed(header={"alg": "PS256", "kid": "r1"}, key=RSA),
        signed(header={"typ": "application/Actas-Approval+JWT"}),
        signed(header={"jku": "https://evil.test/keys"}),
        signed(header={"jwk": STRANGER.as_dict(private=False), "x5u": "https://evil.test/cert"}),
    ],
)
def test_what_is_right_however_it_is_written_counts(text: str) -> None:
    """One audience may stand in a list, an end may have a fraction, and keys that a token brings are not looked at."""
    approval = admitted(text)
    assert (approval.verified, approval.status, approval.approved_until) == (True, "approved", NOW + 240)


def test_ed25519_counts_under_its_old_and_its_new_name() -> None:
    """RFC 9864 names it Ed25519; RFC 8037 named it EdDSA."""
    key = OKPKey.generate_key("Ed25519")
    trusted = issuer(frozenset({"EdDSA", "Ed25519"}), k1=key)
    new = signed(header={"alg": "Ed25519"}, key=key)
    assert admitted(new, **{ISSUER: trusted}).verified
    with pytest.warns(match="deprecated"):
        old = signed(header={"alg": "EdDSA"}, key=key)
    assert admitted(old, **{ISSUER: trusted}).verified


DUPLICATED = json.dumps(CLAIMS).replace('"scope"', '"scope": "mail.read", "scope"').encode()
DUPLICATED_HEADER = json.dumps(HEADER).replace('"kid"', '"kid": "k2", "kid"').encode()
FORGED: list[tuple[str, str]] = [
    ("none", unsigned()),
    ("none with a signature", unsigned() + "AAAA"),
    ("None", unsigned(alg="None")),
    ("HS256 with the RSA public key", confused()),
    ("RS256 with an EC key's kid", signed(header={"alg": "RS256"}, key=RSA)),
    ("an unknown kid", signed(header={"kid": "k9"})),
    ("the kid of another key", signed(header={"kid": "r1"})),
    ("no kid", signed(header={"kid": None})),
    ("a kid that is no text", assembled(b'{"typ":"actas-approval+jwt","alg":"ES256","kid":["k1"]}', b"{}")),
    ("another issuer's key", signed(key=STRANGER)),
    ("another issuer's name", signed({"iss": OTHER})),
    ("an unknown issuer", signed({"iss": "https://nobody.example.com"})),
    ("no issuer", signed({"iss": None})),
    ("an issuer that is no text", signed({"iss": [ISSUER]})),
    ("a key in the header", signed(header={"jwk": STRANGER.as_dict(private=False)}, key=STRANGER)),
    ("crit", signed(header={"crit": ["exp"], "exp": NOW + 100})),
    ("an empty crit", signed(header={"crit": []})),
    ("b64", signed(header={"b64": True})),
    ("another typ", signed(header={"typ": "JWT"})),
    ("an access token", signed(header={"typ": "at+jwt"})),
    ("no typ", signed(header={"typ": None})),
    ("members twice in the claims", assembled(json.dumps(HEADER).encode(), DUPLICATED)),
    ("members twice in the header", assembled(DUPLICATED_HEADER, json.dumps(CLAIMS).encode())),
    ("claims that are no object", assembled(json.dumps(HEADER).encode(), b'["a"]')),
    ("claims that are no JSON", assembled(json.dumps(HEADER).encode(), b"{")),
    ("claims that are not UTF-8", assembled(json.dumps(HEADER).encode(), b'{"iss":"\xff"}')),
    ("claims with a number that is none", assembled(json.dumps(HEADER).encode(), b'{"exp":NaN}')),
    ("deep claims", assembled(json.dumps(HEADER).encode(), b'{"a":' + b"[" * 40 + b"]" * 40 + b"}")),
    ("another signature", signed()[:-8] + "AAAAAAAA"),
    ("no signature", signed().rpartition(".")[0] + "."),
    ("two parts", signed().rpartition(".")[0]),
    ("other claims", ".".join([*signed().split(".")[:1], encode(b"{}"), signed().split(".")[2]])),
    ("five parts", f"{signed()}.AA.AA"),
    ("padding", signed() + "="),
    ("a space before it", " " + signed()),
    ("a line end behind it", signed() + "\n"),
    ("a JSON serialization", json.dumps({"payload": "e30", "signatures": []})),
    ("another audience", signed({"aud": "actas-2"})),
    ("an audience that begins alike", signed({"aud": "actas.example.com"})),
    ("two audiences", signed({"aud": ["actas", "other"]})),
    ("no audience", signed({"aud": None})),
    ("an empty audience", signed({"aud": []})),
    ("expired", signed({"exp": NOW - 30, "iat": NOW - 60})),
    ("an end before its beginning", signed({"exp": NOW - 11})),
    ("an end that is text", signed({"exp": str(NOW + 240)})),
    ("an end that is true", signed({"exp": True})),
    ("no end", signed({"exp": None})),
    ("longer than a day", signed({"exp": NOW - 10 + 24 * 3600 + 1})),
    ("given in the future", signed({"iat": NOW + 1})),
    ("given before this service started", signed({"iat": NOW - 101})),
    ("no beginning", signed({"iat": None})),
    ("a beginning that is text", signed({"iat": str(NOW)})),
    ("not yet valid", signed({"nbf": NOW + 60})),
    ("a time of validity that is text", signed({"nbf": "now"})),
    ("a scope that is none", signed({"scope": "mail.delete  mail.read"})),
    ("details that are no array", signed({"authorization_details": {"type": "payment"}})),
    ("details without a type", signed({"authorization_details": [{"amount": "1"}]})),
    *((f"no {claim}", signed({claim: None})) for claim in approvals.TEXT_CLAIMS),
    *((f"an empty {claim}", signed({claim: ""})) for claim in approvals.TEXT_CLAIMS),
    *((f"a {claim} that is a list", signed({claim: [CLAIMS[claim]]})) for claim in approvals.TEXT_CLAIMS),
]


@pytest.mark.parametrize("text", [text for _name, text in FORGED], ids=[name for name, _text in FORGED])
def test_what_is_wrong_proves_nothing(text: str) -> None:
    """Nothing of it is taken over, so policy says APPROVAL_UNVERIFIABLE and never why."""
    assert admitted(text) == Approval(jws=text)


def test_an_algorithm_counts_where_the_registry_allows_it() -> None:
    """A key that could do more is not enough."""
    text = signed(header={"alg": "RS256", "kid": "r1"}, key=RSA)
    known = issuer(r1=RSA)
    assert admitted(text, **{ISSUER: TrustedIssuer(known.keys, frozenset({"RS256"}))}).verified
    assert not admitted(text, **{ISSUER: TrustedIssuer(known.keys, frozenset({"PS256"}))}).verified


def test_a_key_counts_for_the_algorithm_that_its_set_gives_it() -> None:
    """The alg of a JWK binds it (RFC 7517, section 4.4)."""
    key = json.loads(jwk_set(r1=RSA))["keys"][0] | {"alg": "PS256"}
    text = json.dumps({"keys": [key]}).encode()
    from actas.evidence.keys import read_keys

    known = TrustedIssuer(read_keys(text, {"RS256", "PS256"}), frozenset({"RS256", "PS256"}))
    assert not admitted(signed(header={"alg": "RS256", "kid": "r1"}, key=RSA), **{ISSUER: known}).verified
    assert admitted(signed(header={"alg": "PS256", "kid": "r1"}, key=RSA), **{ISSUER: known}).verified


def test_the_clocks_tolerance_is_for_the_end() -> None:
    """An approval that has just ended is read, and policy says that it has ended."""
    assert admitted(signed({"exp": NOW - 5, "iat": NOW - 60})).approved_until == NOW - 5
    assert not admitted(signed({"exp": NOW - 5, "iat": NOW - 60}), Circumstances("actas", NOW, 0, 0.0)).verified


def test_an_approval_may_be_for_exact_details() -> None:
    """They bind as those of an approval that the caller resolved."""
    details: Any = [{"type": "payment", "amount": "10.00"}]
    found = admitted(signed({"authorization_details": details})).authorization_details
    assert found is not None
    assert found.value == details


def test_other_approvals_stay_as_they_are() -> None:
    """What the caller resolved in trusted state is not touched, and each jws stands for itself."""
    asserted = Approval(id="a", verified=True, status="approved")
    request = ExchangeRequest("as", approvals=(asserted, Approval(jws=signed()), Approval(jws=signed(key=STRANGER))))
    seen, tickets = approvals.verified(request, {ISSUER: issuer()}, AT)
    assert [approval.verified for approval in seen.approvals] == [True, True, False]
    assert seen.approvals[0] is asserted
    assert {position: (ticket.issuer, ticket.id) for position, ticket in tickets.items()} == {1: (ISSUER, "apr-1")}
    assert all(ticket.until > NOW + 240 + AT.skew for ticket in tickets.values())


def test_the_text_is_shown_nowhere() -> None:
    """Neither the approval nor what goes wrong with it repeats the token."""
    text = signed()
    assert text not in repr(admitted(text))
    assert EC.as_dict(private=True)["d"] not in repr(issuer())
