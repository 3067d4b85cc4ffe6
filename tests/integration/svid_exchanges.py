"""Exchanges whose actor shows a raw SVID: a policy root whose trust domains have bundles, and the exchange document."""

from __future__ import annotations

import base64
import copy
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from actas.client import AsyncDecisionClient
from actas.decision import Decision
from actas.document import from_document
from actas.errors import ActasError
from actas.request import ExchangeRequest
from service_support import AGENT, MAIL, SUITE
from trust_domain.authority import TrustDomain

AS = "https://as.example.com"
JWT = "urn:ietf:params:oauth:token-type:jwt"
PARTNER_AGENT = "spiffe://partner.test/agent/shared/mail"
UNLISTED = "spiffe://partner.test/agent/sharedmail"
BUNDLE = {"example.org": {"file": "bundles/example.org.json"}, "partner.test": {"file": "bundles/partner.test.json"}}


def registry(bundles: Mapping[str, Any] = BUNDLE) -> dict[str, Any]:
    """Give a registry of the own trust domain and of a federated one, with *bundles*; None leaves one out."""
    kinds: dict[str, Any] = {
        "example.org": {"kind": "own"},
        "partner.test": {"kind": "federated", "paths": ["/agent/shared"]},
    }
    found = {name: {**kind, "bundle": bundles.get(name)} for name, kind in kinds.items()}
    return {
        "authorization_servers": [AS],
        "issuers": {AS: ["subject", "actor", "act", "may_act"]},
        "clients": {
            "agent-mail": {
                "actors": ["mail", "partner", "spiffe://partner.test/agent/sharedmail"],
                "scopes": ["mail.read"],
                "targets": [MAIL],
            }
        },
        "agents": {
            "mail": {"identities": [{"spiffe_id": AGENT}, {"iss": AS, "sub": "mail-service"}]},
            "partner": {"identities": [{"spiffe_id": PARTNER_AGENT}]},
            "other": {"identities": [{"spiffe_id": "spiffe://example.org/agent/other"}]},
        },
        "targets": {MAIL: {"scopes": {"mail.read": {}}, "default_scope": "mail.read"}},
        "trust_domains": {
            name: {member: value for member, value in entry.items() if value is not None}
            for name, entry in found.items()
        },
    }


def root(folder: Path, domains: Sequence[TrustDomain] = (), entries: Mapping[str, Any] | None = None) -> Path:
    """Write a policy root, with the bundle files of *domains*."""
    files = {
        ".manifest": '{"roots": ["custom/actas"]}',
        "custom/actas/registry/data.json": json.dumps(entries or registry()),
        "custom/actas/settings/data.yaml": "max_lifetime_seconds: 900\n",
        "cases/denied.yaml": SUITE,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for domain in domains:
        publish(folder, domain)
    return folder


def publish(folder: Path, domain: TrustDomain) -> None:
    """Write the bundle file of *domain* as it is now, in one piece."""
    file = folder / "bundles" / f"{domain.name}.json"
    file.parent.mkdir(exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_bytes(domain.bundle_text())
    fresh.replace(file)


def document(**changes: Any) -> dict[str, Any]:
    """Give the exchange in which the caller vouches for everything; a member of *changes* that is None is left out."""
    now = int(time.time())
    exchange = {
        "request_id": "r-1",
        "authorization_server": AS,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client": {"client_id": "agent-mail", "authenticated": True, "confidential": True},
        "subject_token": {
            "token_type": "urn:ietf:params:oauth:token-type:access_token",
            "verified": True,
            "header": {"typ": "at+jwt", "alg": "RS256"},
            "claims": {
                "iss": AS, "sub": "alice", "aud": ["agent-mail"], "client_id": "chat-ui", "iat": now - 100,
                "exp": now + 3600, "jti": "st-1", "scope": "mail.read", "auth_time": now - 100,
                "may_act": {"sub": AGENT},
            },
        },
        "actor_token": asserted(),
        "actor_workload": {"spiffe_id": AGENT},
        "resource": [MAIL],
        "scope": "mail.read",
        "requested_lifetime": 600,
        **changes,
    }  # fmt: skip
    return {name: value for name, value in copy.deepcopy(exchange).items() if value is not None}


def asserted(spiffe_id: str = AGENT, kind: str = "jwt_svid", **changes: Any) -> dict[str, Any]:
    """Give the actor token as a caller describes an SVID that it has verified itself."""
    now = int(time.time())
    claims: dict[str, Any] = {"sub": spiffe_id, "iat": now - 10, "exp": now + 300}
    token: dict[str, Any] = {"token_type": JWT, "kind": kind, "verified": True, "claims": claims}
    token["bundle_trust_domain"] = spiffe_id.split("/")[2]
    if kind == "jwt_svid":
        token["header"] = {"typ": "JWT", "alg": "ES256", "kid": "k1"}
        claims["aud"] = [AS]
    return {**token, **changes}


def by_token(text: str, kind: str = "jwt_svid", **changes: Any) -> ExchangeRequest:
    """Give the exchange whose actor token is the raw *text*; the caller vouches for it, in vain."""
    return from_document(
        document(actor_token={"token_type": JWT, "kind": kind, "verified": True, "unverified_token": text}, **changes)
    )


def beside(spiffe_id: str = AGENT, *, jwt: str = "", x509: Sequence[bytes] = (), **changes: Any) -> ExchangeRequest:
    """Give the exchange with raw evidence for the declared workload, beside a token that the caller vouches for."""
    workload: dict[str, Any] = {"spiffe_id": spiffe_id} if spiffe_id else {}
    if jwt:
        workload["jwt_svid"] = jwt
    if x509:
        workload["x509_svid"] = [base64.b64encode(link).decode() for link in x509]
    given = {"actor_token": asserted(kind="x509_svid" if x509 and not jwt else "jwt_svid"), **changes}
    return from_document(document(actor_workload=workload, **given))


def codes(decision: Decision) -> set[str]:
    """Give what a decision denies for; empty for an allow."""
    return {denial.code for denial in decision.denials}


async def judged(client: AsyncDecisionClient, request: ExchangeRequest, kind: str, expected: set[str]) -> str:
    """Ask, and say whether the decision on this *kind* of exchange has the *expected* codes, no code being an allow."""
    try:
        found = codes(await client.decide(request))
    except ActasError as error:
        return f"failed: {error}"
    right = expected <= found and bool(expected) == bool(found)
    return f"right {kind}" if right else f"wrong {kind}: {sorted(found)}"
