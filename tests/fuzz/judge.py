"""What must hold of an allow, judged from the plain document and an oracle that shares no code with the service."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "property"))

from exchange_worlds import AS, IDP, NOW, REGISTRY, SETTINGS, World
from oracle import Oracle, covers, plain

from actas.decision import Decision
from actas.request import TOKEN_EXCHANGE, ExchangeRequest

SKEW = 30


def policy() -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the settings and the registry that everything is decided with."""
    risk = {
        "external_message": {"step_up": {"acr_values": ["urn:example:acr:mfa"], "max_age": 300}},
        "deletion": {"approval": True},
    }
    settings = {**SETTINGS, "risk": {name: {**entry, "max_lifetime_seconds": 900} for name, entry in risk.items()}}
    federated = {"kind": "federated", "paths": ["/agent/shared"]}
    domains = {"example.org": {"kind": "own"}, "partner.test": federated}
    clients = {
        "agent-mail": {
            **REGISTRY["clients"]["agent-mail"],
            "scopes": ["mail.read", "mail.send", "mail.delete", "calendar.read"],
            "actors": ["spiffe://example.org/agent/mail", "spiffe://partner.test/agent/shared"],
        }
    }
    return settings, {**REGISTRY, "agents": {}, "trust_domains": domains, "clients": clients}


class _Judge(Oracle):
    """The oracle for any actor token: an SVID belongs to its trust domain, another token to its issuer."""

    def _actor(self) -> tuple[str, str]:
        token = self.request.actor_token
        if token is None or token.claims is None:
            return AS, self.request.client.client_id
        claims = token.claims.value
        if token.kind in ("jwt_svid", "x509_svid", "wit"):
            return "/".join(claims["sub"].split("/")[:3]), claims["sub"]
        return claims["iss"], claims["sub"]

    def _named(self) -> bool | None:
        if "may_act" not in self.claims or self.claims["iss"] != AS:
            return None
        may_act = self.claims["may_act"]
        return isinstance(may_act, dict) and self._party(may_act) == self.actor

    def acts(self) -> list[Any]:
        """Every `act` claim that may be issued: impersonation is off, and another actor is one more level."""
        inbound, (issuer, sub) = self.claims.get("act"), self.actor
        if inbound is not None and self._party(inbound) == self.actor:
            return [inbound]
        level = {"iss": issuer, "sub": sub}
        return [level if inbound is None else {**level, "act": inbound}]

    def _party(self, level: dict[str, Any]) -> tuple[str, str]:
        sub = level["sub"]
        implied = "/".join(sub.split("/")[:3]) if sub.startswith("spiffe://") else self.claims["iss"]
        return level.get("iss", implied), sub


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_date(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def missing(tree: dict[str, Any]) -> list[str]:
    """Name the facts that an allow needs and that are not in the document."""
    client, subject, actor = (_mapping(tree.get(name)) for name in ("client", "subject_token", "actor_token"))
    claims, actor_claims = _mapping(subject.get("claims")), _mapping(actor.get("claims"))
    aud = claims.get("aud")
    audiences = [aud] if isinstance(aud, str) else aud if isinstance(aud, list) else []
    presenters = {client.get("client_id"), AS, actor_claims.get("sub") if _is_name(actor_claims.get("sub")) else None}
    needed = {
        "authorization_server": tree.get("authorization_server") == AS,
        "grant_type": tree.get("grant_type") == TOKEN_EXCHANGE,
        "client.client_id": client.get("client_id") == "agent-mail",
        "client.authenticated": client.get("authenticated") is True,
        "subject_token.verified": subject.get("verified") is True,
        "subject_token.token_type": _is_name(subject.get("token_type")),
        "subject_token.header.alg": _is_name(_mapping(subject.get("header")).get("alg"))
        or (subject.get("header") is None and subject.get("credential_class") == "api_key"),
        "subject_token.claims.iss": claims.get("iss") in (AS, IDP),
        "subject_token.claims.sub": _is_name(claims.get("sub")),
        "subject_token.claims.exp": _is_date(claims.get("exp")) and claims["exp"] > NOW - SKEW,
        "binding": any(_is_name(name) and name in presenters for name in audiences)
        or client.get("client_id") in (claims.get("client_id"), claims.get("azp")),
        "target": any(_is_name(n) for k in ("resource", "audience") for n in tree.get(k) or []),
        "basis": any(name in claims for name in ("may_act",)) or bool(tree.get("consents")),
    }
    if tree.get("actor_token") is None:
        needed["client.confidential"] = client.get("confidential") is True
        needed["no workload without its token"] = tree.get("actor_workload") is None
    else:
        needed["actor_token.verified"] = actor.get("verified") is True
        needed["actor_token.token_type"] = _is_name(actor.get("token_type"))
        needed["actor_token.claims.sub"] = _is_name(actor_claims.get("sub"))
        expires = actor_claims.get("exp")
        needed["actor_token.claims.exp"] = _is_date(expires) and expires > NOW - SKEW
        if actor.get("kind") == "jwt_svid":
            needed["actor_token.bundle_trust_domain"] = _is_name(actor.get("bundle_trust_domain"))
            needed["actor_token.claims.aud"] = AS in (actor_claims.get("aud") or [])
    return [name for name, there in needed.items() if not there]


def widened(request: ExchangeRequest, decision: Decision) -> list[str]:
    """Name what an allow gives that the contract does not."""
    settings, registry = policy()
    judge, limits = _Judge(World(request, settings, registry)), decision.limits
    if limits is None:
        return ["an allow without limits"]
    if judge.refusal:
        return [judge.refusal]
    asked = request.authorization_details
    requested = [] if asked is None else asked.value
    granted = judge.claims.get("authorization_details", [])
    within = {
        "act": plain(decision.act) in [plain(act) for act in judge.acts()],
        "audience": set(limits.audience) == judge.audience(),
        "scope": set() != set(limits.scope) <= judge.scope(decision.act),
        "lifetime": 0 < limits.max_lifetime_seconds <= judge.lifetime(set(limits.scope), decision.act),
        "not_after": limits.not_after == NOW + limits.max_lifetime_seconds,
        "authorization_details": all(
            any(covers(entry, source) for source in requested) and any(covers(entry, source) for source in granted)
            for entry in limits.authorization_details
        ),
        "cnf": limits.cnf in judge.cnf(),
        "token_type": limits.token_type == judge.token_type(limits.cnf),
        "issued_token_type": limits.issued_token_type == request.requested_token_type,
    }
    return [name for name, holds in within.items() if not holds]
