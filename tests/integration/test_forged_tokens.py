"""No forged, changed or confused token is accepted, and every right one is, through the whole way of a decision."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actas.decision import Effect
from actas.errors import ProtocolError
from actas.policy.workbench import Workbench
from forged_tokens import all_forged
from raw_tokens import (
    FITTING,
    KEYS,
    STRANGER,
    actor_claims,
    actor_token,
    assembled,
    exchange,
    root,
    subject_claims,
    subject_token,
)

LEAST = 500


async def test_no_forged_token_is_accepted(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each is denied as not verified, or refused as no token at all; the caller vouches for all of them, in vain."""
    forged = list(all_forged())
    assert len({text for _, _, text in forged}) >= LEAST
    async with Workbench.open([root(tmp_path_factory.mktemp("forged") / "policies")]) as bench:
        for what, name, text in forged:
            given = {"subject_token": subject_token("ES256"), "actor_token": actor_token()} | {name: text}
            vouched = {place: {"unverified_token": token, "verified": True} for place, token in given.items()}
            try:
                decision = await bench.decide(exchange(vouched["subject_token"], vouched["actor_token"]))
            except ProtocolError:
                continue
            assert decision.effect is Effect.DENY, (what, name)
            if "as the" not in what:
                assert "TOKEN_NOT_VERIFIED" in {denial.code for denial in decision.denials}, (what, name)


def right_subjects() -> dict[str, str]:
    """Give tokens that differ in what may differ."""
    key = STRANGER.as_dict(private=False)
    headers: tuple[dict[str, Any], ...] = (
        {"typ": "AT+JWT"}, {"typ": "application/at+jwt"}, {"jku": "https://evil.example.com/"}, {"jwk": key},
        {"x5u": "https://evil.example.com/"}, {"x5c": ["MIIB"]}, {"x5t": "AAAA"}, {"cty": "x"}, {"unknown": [1]},
    )  # fmt: skip
    claims: tuple[dict[str, Any], ...] = (
        {"aud": "agent-mail"}, {"aud": ["x", "agent-mail"]}, {"jti": None}, {"name": "Алиса \u2603 \U0001f600"},
        {"exp": subject_claims()["exp"] + 0.5}, {"deep": [[[[{"a": [None, True, 1e9]}]]]]}, {"nbf": 0}, {"iat": None},
        {"auth_time": None}, {"scope": "mail.read other"},
    )  # fmt: skip
    spaced = json.dumps(subject_claims(), indent=4).encode()
    header = json.dumps({"kid": "rsa", "alg": "RS256", "typ": "at+jwt"}, indent=1).encode()
    return {
        **{f"signed by {algorithm}": subject_token(algorithm) for algorithm in FITTING},
        **{f"header {change}": subject_token(header=change) for change in headers},
        **{f"claims {change}": subject_token(**change) for change in claims},
        "no kid": subject_token("ES256", header={"kid": None}),
        "spaces": assembled(header, spaced, KEYS["rsa"], "RS256"),
    }


async def test_every_right_token_is_accepted(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keys that a token brings or points to are not looked at; they do no harm either."""
    actors = [actor_token(), actor_token(header={"typ": None}), actor_token(aud=actor_claims()["aud"][0])]
    async with Workbench.open([root(tmp_path_factory.mktemp("right") / "policies")]) as bench:
        for what, text in right_subjects().items():
            decision = await bench.decide(exchange(text))
            assert decision.effect is Effect.ALLOW, (what, decision.denials)
        for text in actors:
            decision = await bench.decide(exchange(actor=text))
            assert decision.effect is Effect.ALLOW, decision.denials
