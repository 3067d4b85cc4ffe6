"""Services with a store of revocations, an exchange of each kind of revocation, and how long one takes to be seen."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from actas.client import DecisionClient
from actas.decision import Effect
from actas.request import ExchangeRequest
from service_support import AGENT, AS, adopter_root, exchange

CHAINED = {"act": {"iss": AS, "sub": "bot-7", "client_id": "bot"}}


def settings(folder: Path, store: str, **more: Any) -> dict[str, Any]:
    """Give the settings of a service whose receipts and revocations are in *store*."""
    root = folder / "root"
    if not root.exists():
        adopter_root(root)
    return {"policies": str(root), "receipts": store, **more}


def codes(client: DecisionClient, request: ExchangeRequest) -> list[str]:
    """Give the codes of a denial, and none of an allow."""
    decision = client.decide(request)
    assert (decision.effect is Effect.ALLOW) == (not decision.denials)
    return [denial.code for denial in decision.denials]


def asking(**claims: Any) -> ExchangeRequest:
    """Give an exchange that is allowed, whose subject token has *claims*, too."""
    request = exchange()
    assert request.subject_token is not None
    assert request.subject_token.claims is not None
    document = dict(request.subject_token.claims.value) | claims
    return exchange(
        subject_token={
            "token_type": request.subject_token.token_type,
            "header": {"typ": "at+jwt", "alg": "RS256"},
            "verified": True,
            "claims": document,
        }
    )


# Each kind: what is revoked, the claims of the exchange that it refuses, and by which code.
KINDS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"kind": "subject", "sub": "alice"}, {}, "SUBJECT_REVOKED"),
    ({"kind": "session", "sid": "s-1"}, {"sid": "s-1"}, "SUBJECT_REVOKED"),
    ({"kind": "agent", "id": "mail-agent"}, {}, "ACTOR_REVOKED"),
    ({"kind": "actor", "sub": AGENT}, {}, "ACTOR_REVOKED"),
    ({"kind": "actor_prefix", "sub": "spiffe://example.org/agent"}, {}, "ACTOR_REVOKED"),
    ({"kind": "client", "client_id": "agent-mail"}, {}, "CLIENT_REVOKED"),
    ({"kind": "delegation", "sub": "alice", "actor": "mail-agent"}, {}, "DELEGATION_REVOKED"),
    ({"kind": "jti", "jti": "st-1"}, {}, "TOKEN_REVOKED"),
    ({"kind": "chain", "txn": "root-1"}, {"txn": "root-1", **CHAINED}, "TOKEN_REVOKED"),
    ({"kind": "claims", "sub": "alice", "claims": {"role": "reader"}}, {"role": "admin"}, "CLAIMS_CHANGED"),
]


async def until_refused(clients: list[DecisionClient], request: ExchangeRequest, seconds: float) -> float:
    """Ask each of *clients* until it refuses, and give the seconds that the last one took."""
    begun = time.monotonic()
    waiting = list(clients)
    while waiting:
        assert time.monotonic() - begun < seconds, f"{len(waiting)} still allow"
        answers = await asyncio.gather(*(asyncio.to_thread(codes, client, request) for client in waiting))
        waiting = [client for client, answer in zip(waiting, answers, strict=True) if not answer]
    return time.monotonic() - begun


ISSUER = "https://events.example.com"
SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
_KEY = ECKey.generate_key("P-256")


def trust_events(root: Path) -> None:
    """Let the policy repository at *root* trust the events of `ISSUER`."""
    (root / "keys").mkdir()
    keys = {"keys": [{**_KEY.as_dict(private=False), "kid": "k1"}]}
    (root / "keys/events.json").write_text(json.dumps(keys), encoding="utf-8")
    registry = root / "custom/actas/registry/data.yaml"
    entry = f"issuers:\n  {ISSUER}: {{roles: [events], jwks_file: keys/events.json}}\n"
    registry.write_text(registry.read_text(encoding="utf-8").replace("issuers:\n", entry), encoding="utf-8")


def signed_event(jti: str, **changes: Any) -> str:
    """Give a signed event that alice's session is over, with *changes* of its claims."""
    claims = {
        "iss": ISSUER,
        "aud": "actas",
        "jti": jti,
        "iat": int(time.time()),
        "sub_id": {"format": "iss_sub", "iss": AS, "sub": "alice"},
        "events": {SESSION_REVOKED: {}},
    }
    header = {"typ": "secevent+jwt", "alg": "ES256", "kid": "k1"}
    return jws.serialize_compact(header, json.dumps(claims | changes), _KEY, algorithms=["ES256"])
