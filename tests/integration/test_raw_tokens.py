"""Raw tokens through the whole way of a decision: who signed them is verified here, and the policies judge the rest."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from actas.errors import ProtocolError, Status
from actas.policy.workbench import Workbench
from raw_tokens import (
    AGENT_KEY,
    AGENTS,
    AS,
    FITTING,
    KEYS,
    STRANGE,
    STRANGER,
    actor_claims,
    actor_token,
    assembled,
    bench,
    codes,
    confused,
    exchange,
    signed,
    subject_claims,
    subject_token,
)

__all__ = ["bench"]  # a fixture
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("algorithm", FITTING)
async def test_a_right_token_is_accepted(bench: Workbench, algorithm: str) -> None:
    """For each algorithm, with nothing but the raw tokens."""
    decision = await bench.decide(exchange(subject_token(algorithm)))
    assert codes(decision) == set()
    assert decision.act == {"iss": AGENTS, "sub": "agent-1"}


HEADER = {"typ": "at+jwt", "alg": "RS256", "kid": "rsa"}
PUBLIC = KEYS["rsa"].as_pem(private=False)
JKU = "https://as.example.com/other-keys"


def twice(**changes: Any) -> bytes:
    """Give the claims with a second `sub`."""
    return b'{"sub": "mallory", ' + json.dumps(subject_claims(**changes)).encode()[1:]


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        # TOK-01: what is not signed by the issuer is not verified, whoever signed it otherwise.
        (lambda: signed(HEADER, subject_claims(), STRANGER, "ES256"), "TOKEN_NOT_VERIFIED"),
        (
            lambda: signed({**HEADER, "alg": "ES256", "kid": "ec"}, subject_claims(), STRANGER, "ES256"),
            "TOKEN_NOT_VERIFIED",
        ),
        (lambda: subject_token(header={"kid": "ec"}), "TOKEN_NOT_VERIFIED"),
        (lambda: subject_token(header={"kid": "unknown"}), "TOKEN_NOT_VERIFIED"),
        (lambda: subject_token(header={"kid": ""}), "TOKEN_NOT_VERIFIED"),
        (lambda: subject_token(header={"kid": 7}), "TOKEN_NOT_VERIFIED"),
        (lambda: subject_token(header={"kid": None}), "TOKEN_NOT_VERIFIED"),  # two keys fit
        (lambda: subject_token(header={"crit": ["exp"], "exp": 1}), "TOKEN_NOT_VERIFIED"),
        (lambda: subject_token(header={"b64": False}), "TOKEN_NOT_VERIFIED"),
        (lambda: subject_token(header={"crit": ["b64"], "b64": True}), "TOKEN_NOT_VERIFIED"),
        # Keys that the token brings, or that it points to, sign nothing.
        (
            lambda: signed(
                {**HEADER, "alg": "ES256", "kid": "x", "jwk": STRANGER.as_dict(private=False), "jku": JKU, "x5u": JKU},
                subject_claims(), STRANGER, "ES256",
            ),
            "TOKEN_NOT_VERIFIED",
        ),
        # TOK-02, TOK-03
        (lambda: subject_token(exp=int(time.time()) - 31), "SUBJECT_TOKEN_EXPIRED"),
        (lambda: subject_token(exp=None), "TOKEN_NO_EXPIRY"),
        (lambda: subject_token(nbf=int(time.time()) + 60), "TOKEN_NOT_YET_VALID"),
        (lambda: subject_token(iat=int(time.time()) + 60), "TOKEN_NOT_YET_VALID"),
        # TOK-04, TOK-06
        (lambda: subject_token(exp=str(int(time.time()) + 60)), "MALFORMED_CLAIMS"),
        (lambda: subject_token(exp=True), "MALFORMED_CLAIMS"),
        (lambda: signed(HEADER, twice()), "MALFORMED_CLAIMS"),
        (lambda: signed(HEADER, b'{"exp": NaN}'), "MALFORMED_CLAIMS"),
        (lambda: signed(HEADER, b"[]"), "MALFORMED_CLAIMS"),
        (lambda: signed(HEADER, b"no JSON"), "MALFORMED_CLAIMS"),
        (lambda: signed(HEADER, b"\xff"), "MALFORMED_CLAIMS"),
        # TOK-05
        (lambda: subject_token(sub=""), "SUBJECT_MISSING"),
        (lambda: subject_token(sub=None), "SUBJECT_MISSING"),
        (lambda: subject_token(sub=5), "SUBJECT_MISSING"),
        # TOK-07
        (lambda: subject_token(header={"typ": "JWT"}), "TOKEN_TYPE_CONFUSION"),
        (lambda: subject_token(header={"typ": "JWT"}, typ="ID"), "TOKEN_TYPE_CONFUSION"),
        (lambda: subject_token(header={"typ": None}), "TOKEN_TYPE_CONFUSION"),
        (lambda: subject_token(header={"typ": 5}), "TOKEN_TYPE_CONFUSION"),
        (lambda: assembled(b'{"typ": "at+jwt", "alg": "RS256", "alg": "RS256", "kid": "rsa"}',
                           json.dumps(subject_claims()).encode(), KEYS["rsa"], "RS256"), "TOKEN_TYPE_CONFUSION"),
        # TOK-08
        (lambda: subject_token(header={"alg": "none"}), "ALG_NOT_ALLOWED"),
        (lambda: subject_token(header={"alg": "none"}).rpartition(".")[0] + ".", "ALG_NOT_ALLOWED"),
        (lambda: subject_token(header={"alg": "NONE"}), "ALG_NOT_ALLOWED"),
        # HS/RS confusion: the public key as the secret of an HMAC.
        (lambda: confused({**HEADER, "alg": "HS256"}, subject_claims(), PUBLIC), "ALG_NOT_ALLOWED"),
        # TOK-09
        (lambda: subject_token(iss=f"{AS}/"), "UNTRUSTED_ISSUER"),
        (lambda: subject_token(iss=AS.replace("https", "http")), "UNTRUSTED_ISSUER"),
        (lambda: subject_token(iss=STRANGE), "UNTRUSTED_ISSUER"),
        (lambda: subject_token(iss=None), "UNTRUSTED_ISSUER"),
        # An issuer's key signs for that issuer alone.
        (lambda: signed({"typ": "at+jwt", "alg": "ES256", "kid": "a1"}, subject_claims(), AGENT_KEY, "ES256"),
         "TOKEN_NOT_VERIFIED"),
        # TOK-10: the right key of an issuer that is trusted for actors only.
        (lambda: signed({"typ": "at+jwt", "alg": "ES256", "kid": "a1"}, subject_claims(iss=AGENTS), AGENT_KEY, "ES256"),
         "ISSUER_ROLE_MISMATCH"),
        # TOK-11
        (lambda: subject_token(tenant="other"), "TENANT_MISMATCH"),
        # What is no JWS at all, and nobody can be asked about.
        (lambda: "opaque", "TOKEN_NOT_VERIFIED"),
        (lambda: "x.y.z", "MALFORMED_CLAIMS"),
        (lambda: "a.b.c.d.e", "TOKEN_NOT_VERIFIED"),
        (lambda: json.dumps({"payload": "", "signatures": []}), "TOKEN_NOT_VERIFIED"),
        (lambda: f" {subject_token()}", "TOKEN_NOT_VERIFIED"),
        (lambda: f"{subject_token()}\n", "TOKEN_NOT_VERIFIED"),
        (lambda: f"{subject_token()}=", "TOKEN_NOT_VERIFIED"),
    ],
)  # fmt: skip
async def test_a_wrong_subject_token_is_denied(bench: Workbench, subject: Any, code: str) -> None:
    """Each check of tokens, with real bytes and a real signature where the mistake is another one."""
    decision = await bench.decide(exchange(subject()))
    assert code in codes(decision)


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (lambda: actor_token(key=STRANGER), "TOKEN_NOT_VERIFIED"),
        (lambda: actor_token(exp=int(time.time()) - 31), "ACTOR_TOKEN_EXPIRED"),
        (lambda: actor_token(iss=AS), "TOKEN_NOT_VERIFIED"),
        (lambda: signed({"typ": "JWT", "alg": "RS256", "kid": "rsa"}, actor_claims(iss=AS)), "ISSUER_ROLE_MISMATCH"),
        (lambda: actor_token(header={"alg": "ES384"}), "ALG_NOT_ALLOWED"),  # not on this issuer's list
        (lambda: "opaque", "TOKEN_NOT_VERIFIED"),
    ],
)
async def test_a_wrong_actor_token_is_denied(bench: Workbench, actor: Any, code: str) -> None:
    """The same for who acts."""
    assert code in codes(await bench.decide(exchange(actor=actor())))


async def test_an_actor_token_is_for_this_authorization_server(bench: Workbench) -> None:
    """BND-03: one that is meant for another service is of no use, though it is verified."""
    decision = await bench.decide(exchange(actor=actor_token(aud=["https://other.example.com"])))
    assert codes(decision) == {"ACTOR_TOKEN_AUDIENCE"}


async def test_a_token_for_ten_thousand_audiences_is_judged_like_any_other(bench: Workbench) -> None:
    """It costs no more than its size, and one that is larger than claims may be is refused by name."""
    asked = exchange(subject_token(aud=["agent-mail", *["a"] * 9_999]))
    started = time.monotonic()
    assert codes(await bench.decide(asked)) == set()
    assert time.monotonic() - started < 2
    for size, status in ((8, Status.RESOURCE_EXHAUSTED), (80, Status.INVALID_ARGUMENT)):
        with pytest.raises(ProtocolError) as refused:
            await bench.decide(exchange(subject_token(aud=["a" * size] * 6_000)))
        assert (refused.value.field, refused.value.status) == ("subject_token.unverified_token", status)


async def test_a_token_with_no_kid_means_the_only_key_that_fits(bench: Workbench) -> None:
    """Where two could have signed, none did."""
    assert codes(await bench.decide(exchange(subject_token("ES384", header={"kid": None})))) == set()
