"""`data.actas.index`: settings and registry as objects keyed for look-ups.

A policy that scans lists costs more with every agent; one look-up by key does not. Sets are objects
whose values are true. A member that is absent means that nothing was configured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actas.decimal_key import key as decimal_key
from actas.policy.model import Agent, Client, DetailsType, Grant, Issuer, Registry, RiskClass, Settings, Target
from actas.policy.settings_model import RateLimits
from actas.request import ACCESS_TOKEN, AUTHORIZATION_CODE, TOKEN_EXCHANGE
from actas.spiffe import SpiffeId

JWT = "urn:ietf:params:oauth:token-type:jwt"
WORKLOAD = "actor_workload"
DEFAULT_ALGORITHMS = (
    "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519",
)  # fmt: skip
DEFAULT_ACCESS_TOKEN_TYP = ("at+jwt",)  # RFC 9068, section 2.1

JsonDict = dict[str, Any]


def as_set(values: Iterable[str]) -> dict[str, bool]:
    """Give *values* as Rego looks them up: an object of trues."""
    return dict.fromkeys(values, True)


def canonical_targets(registry: Registry) -> dict[str, str]:
    """Map every name and alias of a target to its own name."""
    names = {alias: name for name, target in registry.targets.items() for alias in target.aliases}
    return names | {name: name for name in registry.targets}


def build_index(settings: Settings, registry: Registry) -> JsonDict:
    """Build the whole index. *settings* and *registry* are valid; references that lead nowhere stay as they are."""
    canonical = canonical_targets(registry)
    servers = registry.authorization_servers
    identities, client_identities = _identities(registry)
    return {
        "authorization_servers": as_set(servers),
        "single_authorization_server": servers[0] if len(set(servers)) == 1 else "",
        "issuers": {name: _issuer(issuer) for name, issuer in registry.issuers.items()},
        "one_time": {name: as_set(issuer.one_time) for name, issuer in registry.issuers.items() if issuer.one_time},
        "clients": {name: _client(client, canonical) for name, client in registry.clients.items()},
        "targets": {name: _target(canonical[name], registry.targets[canonical[name]], settings) for name in canonical},
        "agents": {name: _agent(agent, canonical) for name, agent in registry.agents.items()},
        "identities": identities,
        "client_identities": client_identities,
        "trust_domains": {
            name: {"kind": domain.kind, "paths": as_set(domain.paths)}
            for name, domain in registry.trust_domains.items()
        },
        "grants": _grants(registry.grants, canonical),
        "risk": {name: _risk(risk) for name, risk in settings.risk.items()},
        "proof_demanded": any(risk.verified for risk in settings.risk.values()),
        "authorization_details": {name: _details(details) for name, details in registry.authorization_details.items()},
        "forbidden_scopes": as_set(settings.forbidden_scopes),
        "disabled_rules": as_set(settings.disabled_rules),
        "rate_limits": _rate_limits(settings.rate_limits, registry),
        "credential_classes": {
            name: {"max_lifetime_seconds": kind.max_lifetime_seconds}
            for name, kind in settings.credential_classes.items()
        },
    }


def _present(**members: Any) -> JsonDict:
    return {name: value for name, value in members.items() if value is not None}


def _optional_set(values: Iterable[str] | None) -> dict[str, bool] | None:
    return None if values is None else as_set(values)


def _targets(names: Iterable[str], canonical: Mapping[str, str]) -> dict[str, bool]:
    return as_set(canonical.get(name, name) for name in names)


def _issuer(issuer: Issuer) -> JsonDict:
    return {
        "roles": as_set(issuer.roles),
        "algorithms": as_set(issuer.algorithms or DEFAULT_ALGORITHMS),
        # The typ header is a media type, so its case does not matter (RFC 7515, section 4.1.9).
        "access_token_typ": as_set(typ.lower() for typ in issuer.access_token_typ or DEFAULT_ACCESS_TOKEN_TYP),
        # Tokens that can be introspected are opaque.
        "opaque": issuer.opaque or issuer.introspection is not None,
    }


def _client(client: Client, canonical: Mapping[str, str]) -> JsonDict:
    return _present(
        actors=as_set(client.actors),
        scopes=as_set(client.scopes),
        targets=_targets(client.targets, canonical),
        grant_types=as_set(client.grant_types or (TOKEN_EXCHANGE, AUTHORIZATION_CODE)),
        token_types=as_set(client.token_types or (ACCESS_TOKEN, JWT)),
        tenant=client.tenant or "",
        resource_ids=as_set(client.resource_ids),
        approvers=_optional_set(client.approvers),
        authorization_server=client.authorization_server or "",
        dpop_bound_access_tokens=client.dpop_bound_access_tokens,
    )


def _target(canonical: str, target: Target, settings: Settings) -> JsonDict:
    return _present(
        canonical=canonical,
        scopes={scope: {"risk": entry.risk or ""} for scope, entry in target.scopes.items()},
        default_scope=target.default_scope.split(" ") if target.default_scope else [],
        max_lifetime_seconds=target.max_lifetime_seconds or settings.max_lifetime_seconds,
        authorization_servers=_optional_set(target.authorization_servers),
    )


def _agent(agent: Agent, canonical: Mapping[str, str]) -> JsonDict:
    return _present(
        scopes=_optional_set(agent.scopes),
        targets=None if agent.targets is None else _targets(agent.targets, canonical),
        max_lifetime_seconds=agent.max_lifetime_seconds,
        may_delegate_to=_optional_set(agent.may_delegate_to),
        version=agent.version or "",
        workload_prefixes=_workload_prefixes(agent),
    )


def _workload_prefixes(agent: Agent) -> dict[str, bool] | None:
    """Give every prefix by whole segments of an agent's SPIFFE IDs, where it may act without showing these."""
    if len(agent.identities) < 2:
        return None
    workloads = [SpiffeId(one.spiffe_id) for one in agent.identities if one.spiffe_id is not None]
    return as_set(name.issuer + prefix for name in workloads for prefix in ("", *name.prefixes())) or None


def _rate_limits(limits: RateLimits, registry: Registry) -> JsonDict:
    """Give every limit; empty where there is none, so that nobody has to look further."""
    agents = {name: agent.rate_limit for name, agent in registry.agents.items() if agent.rate_limit is not None}
    given = _present(per_agent=limits.per_agent, per_subject=limits.per_subject)
    index: JsonDict = {name: limit.model_dump() for name, limit in given.items()}
    if agents:
        index["agents"] = {name: limit.model_dump() for name, limit in agents.items()}
    return index


def _identities(registry: Registry) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    subjects: dict[str, dict[str, str]] = {}
    clients: dict[str, dict[str, str]] = {}
    for agent_id, agent in registry.agents.items():
        for identity in agent.identities:
            if identity.spiffe_id is not None:
                subjects.setdefault(SpiffeId(identity.spiffe_id).issuer, {})[identity.spiffe_id] = agent_id
            elif identity.iss is not None and identity.sub is not None:
                subjects.setdefault(identity.iss, {})[identity.sub] = agent_id
            elif identity.iss is not None and identity.client_id is not None:
                clients.setdefault(identity.iss, {})[identity.client_id] = agent_id
    return subjects, clients


def _grants(grants: Iterable[Grant], canonical: Mapping[str, str]) -> dict[str, dict[str, list[JsonDict]]]:
    index: dict[str, dict[str, list[JsonDict]]] = {}
    for grant in grants:
        entry = {
            "iss": grant.iss,
            "client_id": grant.client_id or "",
            "scopes": as_set(grant.scopes),
            "targets": _targets(grant.targets, canonical),
            "authorization_server": grant.authorization_server or "",
        }
        index.setdefault(grant.actor, {}).setdefault(grant.sub, []).append(entry)
    return index


def _risk(risk: RiskClass) -> JsonDict:
    step_up = risk.step_up
    return _present(
        acr_values=_optional_set(step_up.acr_values if step_up else None),
        max_age=step_up.max_age if step_up else None,
        approval=risk.approval,
        max_lifetime_seconds=risk.max_lifetime_seconds,
        credential_classes=as_set(risk.credential_classes),
        verified_tokens=[name for name in risk.verified if name != WORKLOAD],
        verified_workload=WORKLOAD in risk.verified,
    )


def _details(details: DetailsType) -> JsonDict:
    return {
        # Every entry has a type (RFC 9396, section 2), so it need not be listed.
        "fields": as_set([*details.fields_, "type"]),
        "required": as_set(details.required),
        "values": {field: as_set(values) for field, values in (details.__pydantic_extra__ or {}).items()},
        "compare": details.compare or "none",
        "max": {field: decimal_key(limit) for field, limit in details.max.items()},
    }
