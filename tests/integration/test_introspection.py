"""Opaque tokens: their issuer is asked, with a secret of the service's configuration, and nobody else is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actas.client import AsyncDecisionClient, Target
from actas.errors import ProtocolError
from issuer_host import CLIENT, SECRET, IssuerHost, issuer_host
from raw_tokens import AGENTS, AS, KEYS, changed, exchange, jwk_set, root, subject_claims
from service_support import service
from test_verified_tokens import codes

OPAQUE = "an-opaque-token"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[IssuerHost]:
    """Run a host that introspects."""
    with issuer_host(tmp_path / "host", jwk_set(**KEYS)) as running:
        yield running


def settings(host: IssuerHost, folder: Path) -> dict[str, Any]:
    """Give the settings of a service that introspects the authorization server's tokens."""
    (folder / "secret").write_text(SECRET + "\n", encoding="utf-8")
    registry = changed(server={"introspection": {"endpoint": host.url("/introspect")}})
    client = {"client_id": CLIENT, "client_secret_file": str(folder / "secret"), "host": host.host}
    trust = host.trust(timeout=1.0, introspection={AS: client})
    return {"policies": root(folder / "policies", registry), "trust": json.dumps(trust), "default_timeout": 5}


async def test_an_opaque_token_is_introspected(tmp_path: Path, host: IssuerHost) -> None:
    """What the issuer says of it are its claims; nothing is remembered, so that it can end at any time."""
    host.tokens[OPAQUE] = {"active": True, **subject_claims(iss=None)}
    async with (
        service(tmp_path, settings(host, tmp_path)) as running,
        AsyncDecisionClient(Target(running.address), timeout=8) as actas,
    ):
        asked = exchange(OPAQUE)
        decision = await actas.decide(asked)
        assert codes(decision) == []
        named = exchange({"unverified_token": OPAQUE, "claims": {"iss": AS, "sub": "alice"}})
        assert codes(await actas.decide(named)) == []
        with pytest.raises(ProtocolError) as refused:
            await actas.decide(exchange({"unverified_token": OPAQUE, "claims": {"iss": AS, "sub": "mallory"}}))
        assert refused.value.field == "subject_token.claims"
        with pytest.raises(ProtocolError) as refused:
            await actas.decide(exchange({"unverified_token": OPAQUE, "header": {"alg": "none"}}))
        assert refused.value.field == "subject_token.header"

        for said in (
            {"active": False}, {"active": "true"}, {"active": 1}, {}, [],
            {"active": True, **subject_claims(iss=AGENTS)},
        ):  # fmt: skip
            host.tokens[OPAQUE] = said
            assert "TOKEN_NOT_VERIFIED" in codes(await actas.decide(asked)), said
        host.tokens[OPAQUE] = {"active": True, **subject_claims(exp=int(time.time()) - 60)}
        assert codes(await actas.decide(asked)) == ["SUBJECT_TOKEN_EXPIRED"]

        host.tokens[OPAQUE] = {"active": True, **subject_claims()}
        for mode in ("down", "slow", "huge", "redirecting", "nonsense"):
            host.mode = mode
            assert "TOKEN_NOT_VERIFIED" in codes(await actas.decide(asked)), mode
        host.mode = "ok"
        assert codes(await actas.decide(asked)) == []

        shown = host.count("/introspect")
        for other in (AGENTS, "https://strange.example.com"):
            elsewhere = exchange({"unverified_token": OPAQUE, "claims": {"iss": other}})
            assert "TOKEN_NOT_VERIFIED" in codes(await actas.decide(elsewhere))
        assert host.count("/introspect") == shown
        record = next(event for event in running.events if event["event"] == "decision")
        log = (tmp_path / "log").read_text(encoding="utf-8")
    assert record["decision_id"] == decision.decision_id
    assert record["evidence"]["subject_token"] == "verified"
    assert OPAQUE not in log
    assert SECRET not in log


async def test_a_wrong_secret_proves_nothing(tmp_path: Path, host: IssuerHost) -> None:
    """The issuer refuses who asks, and so nobody knows whether the token is active."""
    host.tokens[OPAQUE] = {"active": True, **subject_claims()}
    given = settings(host, tmp_path)
    (tmp_path / "secret").write_text("another", encoding="utf-8")
    async with service(tmp_path, given) as running, AsyncDecisionClient(Target(running.address), timeout=8) as actas:
        assert "TOKEN_NOT_VERIFIED" in codes(await actas.decide(exchange(OPAQUE)))
        failed = await running.event("not_introspected")
    assert (failed["issuer"], failed["reason"]) == (AS, "status")
