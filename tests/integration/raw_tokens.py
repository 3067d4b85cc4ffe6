"""Exchanges with raw tokens: a policy root whose issuers have keys, right tokens, and any bytes signed with any key."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import time
import warnings
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from actas.decision import Decision, Effect
from actas.document import from_document
from actas.policy.workbench import Workbench
from actas.request import ExchangeRequest
from service_support import MAIL, SUITE

AS, AGENTS, STRANGE = "https://as.example.com", "https://agents.example.com", "https://strange.example.com"
AGENT = "mail-agent"
ACCESS_TOKEN, JWT = (f"urn:ietf:params:oauth:token-type:{name}" for name in ("access_token", "jwt"))
KEYS: dict[str, Any] = {
    "rsa": RSAKey.generate_key(2048),
    "rsa-2": RSAKey.generate_key(2048),
    "ec": ECKey.generate_key("P-256"),
    "ec384": ECKey.generate_key("P-384"),
    "ed": OKPKey.generate_key("Ed25519"),
}
AGENT_KEY, STRANGER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
# Which algorithms sign rightly with which of the authorization server's keys.
FITTING = {
    "RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "PS384": "rsa", "PS512": "rsa",
    "ES256": "ec", "ES384": "ec384", "Ed25519": "ed", "EdDSA": "ed",
}  # fmt: skip
REGISTRY: dict[str, Any] = {
    "authorization_servers": [AS],
    "issuers": {
        AS: {"roles": ["subject", "act", "may_act"], "jwks_file": "keys/as.json"},
        AGENTS: {"roles": ["actor"], "jwks_file": "keys/agents.json", "algorithms": ["ES256"]},
    },
    "clients": {"agent-mail": {"actors": [AGENT], "scopes": ["mail.read"], "targets": [MAIL]}},
    "agents": {AGENT: {"identities": [{"iss": AGENTS, "sub": "agent-1"}]}},
    "targets": {MAIL: {"scopes": {"mail.read": {}}}},
}


def jwk_set(**keys: Any) -> dict[str, Any]:
    """Give the public JWK set of *keys* by kid."""
    return {"keys": [{**key.as_dict(private=False), "kid": kid} for kid, key in keys.items()]}


def root(folder: Path, registry: Mapping[str, Any] = REGISTRY, settings: str = "max_lifetime_seconds: 900\n") -> Path:
    """Write a policy root with *registry* and the keys of both issuers."""
    files = {
        ".manifest": '{"roots": ["custom/actas"]}',
        "custom/actas/registry/data.json": json.dumps(registry),
        "custom/actas/settings/data.yaml": settings,
        "cases/denied.yaml": SUITE,
        "keys/as.json": json.dumps(jwk_set(**KEYS)),
        "keys/agents.json": json.dumps(jwk_set(a1=AGENT_KEY)),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def changed(registry: Mapping[str, Any] = REGISTRY, **issuers: Any) -> dict[str, Any]:
    """Give *registry* with members of the issuers `server` and `agents` replaced; None takes one away."""
    copied = copy.deepcopy(dict(registry))
    for name, issuer in (("server", AS), ("agents", AGENTS)):
        entry = {**copied["issuers"][issuer], **issuers.get(name, {})}
        copied["issuers"][issuer] = {member: value for member, value in entry.items() if value is not None}
    return copied


def encode(part: bytes) -> str:
    """Give base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def assembled(header: bytes, payload: bytes, key: Any, algorithm: str) -> str:
    """Sign the very bytes of *header* and *payload*."""
    message = f"{encode(header)}.{encode(payload)}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # of the name EdDSA (RFC 9864)
        signature = JWSRegistry(algorithms=[algorithm]).get_alg(algorithm).sign(message.encode(), key)
    return f"{message}.{encode(signature)}"


def confused(header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes) -> str:
    """Sign as HS256, HS384 or HS512, as the header says, with a *secret* that is none, such as a public key."""
    message = f"{encode(json.dumps(dict(header)).encode())}.{encode(json.dumps(dict(claims)).encode())}"
    digest = getattr(hashlib, f"sha{header['alg'][2:]}")
    return f"{message}.{encode(hmac.new(secret, message.encode(), digest).digest())}"


def subject_claims(now: int | None = None, **changes: Any) -> dict[str, Any]:
    """Give the claims of Alice's token; None takes one away."""
    at = int(time.time()) if now is None else now
    claims = {
        "iss": AS, "sub": "alice", "aud": ["agent-mail"], "client_id": "chat-ui", "iat": at - 100, "exp": at + 3600,
        "jti": "st-1", "scope": "mail.read", "auth_time": at - 100, "may_act": {"iss": AGENTS, "sub": "agent-1"},
        **changes,
    }  # fmt: skip
    return {name: value for name, value in claims.items() if value is not None}


def actor_claims(now: int | None = None, **changes: Any) -> dict[str, Any]:
    """Give the claims of the agent's token; None takes one away."""
    at = int(time.time()) if now is None else now
    claims = {"iss": AGENTS, "sub": "agent-1", "aud": [AS], "iat": at - 10, "exp": at + 300, "jti": "a-1", **changes}
    return {name: value for name, value in claims.items() if value is not None}


def subject_token(algorithm: str = "RS256", header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """Sign Alice's token with the key that fits *algorithm*; *header* and *changes* replace members."""
    kid = FITTING[algorithm]
    members = {"typ": "at+jwt", "alg": algorithm, "kid": kid, **(header or {})}
    shown = {name: value for name, value in members.items() if value is not None}
    return assembled(json.dumps(shown).encode(), json.dumps(subject_claims(**changes)).encode(), KEYS[kid], algorithm)


def actor_token(header: Mapping[str, Any] | None = None, key: Any = AGENT_KEY, **changes: Any) -> str:
    """Sign the agent's token."""
    members = {"typ": "JWT", "alg": "ES256", "kid": "a1", **(header or {})}
    shown = {name: value for name, value in members.items() if value is not None}
    return assembled(json.dumps(shown).encode(), json.dumps(actor_claims(**changes)).encode(), key, "ES256")


def document(subject: str | Mapping[str, Any], actor: str | Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Give the exchange document with these raw tokens, or with whatever members are given for them."""
    tokens = {
        "subject_token": {"token_type": ACCESS_TOKEN, **_members(subject)},
        "actor_token": {"token_type": JWT, **_members(actor)},
    }
    return {
        "request_id": "r-1",
        "authorization_server": AS,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client": {"client_id": "agent-mail", "authenticated": True, "confidential": True},
        **tokens,
        "requested_token_type": ACCESS_TOKEN,
        "resource": [MAIL],
        "scope": "mail.read",
        "requested_lifetime": 600,
        **changes,
    }


def exchange(subject: Any = "", actor: Any = "", **changes: Any) -> ExchangeRequest:
    """Give the exchange with these tokens, right ones where none are given."""
    return from_document(document(subject or subject_token(), actor or actor_token(), **changes))


def _members(token: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"unverified_token": token} if isinstance(token, str) else dict(token)


def signed(header: dict[str, Any], claims: Any, key: Any = KEYS["rsa"], algorithm: str = "RS256") -> str:
    """Sign a token with this very header and payload."""
    text = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return assembled(json.dumps(header).encode(), text, key, algorithm)


def codes(decision: Decision) -> set[str]:
    """Give what a decision denies for."""
    assert (decision.effect is Effect.DENY) == bool(decision.denials)
    return {denial.code for denial in decision.denials}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workbench]:
    """Give a workbench on a root whose issuers have keys."""
    async with Workbench.open([root(tmp_path_factory.mktemp("raw") / "policies")]) as workbench:
        yield workbench
