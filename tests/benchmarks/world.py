"""The policy repository and the requests that every benchmark uses, in the sizes it asks for."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from actas import policy_input, wire
from actas.decision.v1 import request_pb2, service_pb2
from actas.document import from_document
from actas.policy.state import RevocationState

AS = "https://as.example.com"
AGENT = "spiffe://example.org/agent/mail"
MAIL = "https://mail.example.com/"
DEEPEST = 9
RULE = Path(__file__).with_name("custom_rule.rego.txt")


def repository(folder: Path, *, agents: int = 1, rules: int = 0) -> Path:
    """Write an adopter's root with *agents* agents and *rules* rules of its own.

    The registry is JSON, because YAML of 100,000 agents takes minutes to read.
    """
    registry = {
        "authorization_servers": [AS],
        "issuers": {AS: ["subject", "actor", "act", "may_act"]},
        "clients": {"agent-mail": {"actors": ["agent-0"], "scopes": ["mail.read", "mail.send"], "targets": [MAIL]}},
        "targets": {
            MAIL: {"scopes": {"mail.read": {}, "mail.send": {"risk": "external_message"}}, "default_scope": "mail.read"}
        },
        "trust_domains": {"example.org": {"kind": "own"}},
        "agents": {f"agent-{number}": _agent(number) for number in range(agents)},
    }
    files = {
        ".manifest": {"roots": ["custom/actas"]},
        "custom/actas/registry/data.json": registry,
        "custom/actas/settings/data.json": {"max_chain_depth": DEEPEST},
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    for number in range(rules):
        rule = folder / f"custom/actas/rules/rule_{number}/rule_{number}.rego"
        rule.parent.mkdir(parents=True, exist_ok=True)
        rule.write_text(RULE.read_text(encoding="utf-8").replace("NUMBER", str(number)), encoding="utf-8")
    return folder


def _agent(number: int) -> dict[str, Any]:
    spiffe_id = AGENT if number == 0 else f"spiffe://example.org/agent/{number}"
    return {"identities": [{"spiffe_id": spiffe_id}], "scopes": ["mail.read"], "max_lifetime_seconds": 600}


def document(*, depth: int = 1) -> dict[str, Any]:
    """Give an exchange that is allowed for the next half hour and issues a chain of *depth* levels."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": AS,
        "sub": "alice",
        "aud": ["agent-mail"],
        "client_id": "chat-ui",
        "iat": now - 100,
        "exp": now + 3600,
        "jti": "st-1",
        "scope": "mail.read mail.send mail.delete calendar.read",
        "acr": "urn:example:acr:pwd",
        "auth_time": now - 100,
        "may_act": {"sub": AGENT},
    }
    act: dict[str, Any] = {}
    for level in range(depth - 1):
        act = {"iss": AS, "sub": f"agent-of-level-{level}"} | ({"act": act} if act else {})
    if act:
        claims["act"] = act
    return {
        "authorization_server": AS,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client": {"client_id": "agent-mail", "authenticated": True, "confidential": True},
        "subject_token": {
            "token_type": "urn:ietf:params:oauth:token-type:access_token",
            "header": {"typ": "at+jwt", "alg": "RS256"},
            "verified": True,
            "claims": claims,
        },
        "actor_token": {
            "token_type": "urn:ietf:params:oauth:token-type:jwt",
            "header": {"alg": "ES256", "kid": "k1", "typ": "JWT"},
            "verified": True,
            "kind": "jwt_svid",
            "bundle_trust_domain": "example.org",
            "claims": {"sub": AGENT, "aud": [AS], "iat": now - 10, "exp": now + 3600},
        },
        "actor_workload": {"spiffe_id": AGENT},
        "resource": [MAIL],
        "scope": "mail.read",
        "requested_lifetime": 600,
    }


def question() -> dict[str, Any]:
    """Give the same exchange as the policy input that OPA gets."""
    request = from_document(document())
    now = int(time.time())
    return policy_input.build(request, now=now, state=RevocationState.fresh().lookup(request))


def message(*, depth: int = 1) -> bytes:
    """Give the same exchange as the bytes of a `DecideRequest`."""
    data: bytes = wire.request_to_proto(from_document(document(depth=depth))).SerializeToString()
    return data


def batch(message: bytes, size: int) -> bytes:
    """Give the exchange of *message*, a `DecideRequest`, *size* times as the bytes of a `DecideBatchRequest`."""
    request = request_pb2.DecideRequest.FromString(message)
    data: bytes = service_pb2.DecideBatchRequest(requests=[request] * size).SerializeToString()
    return data
