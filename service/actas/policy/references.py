"""What settings and registry say about each other: names that lead nowhere, clash or are ambiguous."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from actas.policy.index import canonical_targets
from actas.policy.model import Identity, Registry, Settings
from actas.spiffe import SpiffeId

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One inconsistency; *path* starts with `settings` or `registry`.

    `harmless` findings leave a name that matches nothing, so they can only deny. They refuse an
    activation because they are typing errors, but they do not make a test's data invalid.
    """

    path: Path
    message: str
    harmless: bool = False


def check(settings: Settings, registry: Registry, codes: Mapping[str, bool]) -> list[Finding]:
    """List everything that does not fit together. *codes* maps every known code to whether it is locked."""
    return [
        *_settings(settings, codes),
        *_issuers(registry),
        *_targets(settings, registry),
        *_authorization_servers(registry),
        *_target_names(registry),
        *_identities(registry),
        *_agent_names(registry),
    ]


def _settings(settings: Settings, codes: Mapping[str, bool]) -> Iterator[Finding]:
    for position, code in enumerate(settings.disabled_rules):
        if code not in codes:
            yield Finding(("settings", "disabled_rules", position), f"unknown code {code!r}")
        elif codes[code]:
            yield Finding(("settings", "disabled_rules", position), f"{code} is locked: it can't be disabled")
    if settings.min_lifetime_seconds > settings.max_lifetime_seconds:
        yield Finding(("settings", "min_lifetime_seconds"), "is more than max_lifetime_seconds")
    known = {"oauth", *settings.credential_classes}
    for name, risk in settings.risk.items():
        for position, kind in enumerate(risk.credential_classes):
            if kind not in known:
                path = ("settings", "risk", name, "credential_classes", position)
                yield Finding(path, f"unknown credential class {kind!r}")


def _issuers(registry: Registry) -> Iterator[Finding]:
    for name, issuer in registry.issuers.items():
        for role in sorted({"approval", "events"} & set(issuer.roles)) if issuer.jwks_file is None else ():
            message = f"the role {role} needs a jwks_file: without keys nothing that it signs can be verified"
            yield Finding(("registry", "issuers", name), message, harmless=True)
        for position, role in enumerate(issuer.one_time or ()):
            if role not in issuer.roles:
                message = f"this issuer has no role {role!r}, so none of its tokens is presented as one"
                yield Finding(("registry", "issuers", name, "one_time", position), message, harmless=True)


def _targets(settings: Settings, registry: Registry) -> Iterator[Finding]:
    owner: dict[str, str] = {name: name for name in registry.targets}
    for name, target in registry.targets.items():
        for scope, entry in target.scopes.items():
            if entry.risk is not None and entry.risk not in settings.risk:
                path: Path = ("registry", "targets", name, "scopes", scope, "risk")
                yield Finding(path, f"unknown risk class {entry.risk!r}")
        for scope in (target.default_scope or "").split():
            if scope not in target.scopes:
                yield Finding(("registry", "targets", name, "default_scope"), f"unknown scope {scope!r}", harmless=True)
        for position, alias in enumerate(target.aliases):
            if owner.setdefault(alias, name) != name:
                path = ("registry", "targets", name, "aliases", position)
                yield Finding(path, f"{alias!r} already names the target {owner[alias]!r}")


def _authorization_servers(registry: Registry) -> Iterator[Finding]:
    known = set(registry.authorization_servers)
    named: list[tuple[Path, str | None]] = [
        *((("registry", "clients", name), client.authorization_server) for name, client in registry.clients.items()),
        *((("registry", "grants", i), grant.authorization_server) for i, grant in enumerate(registry.grants)),
    ]
    for path, server in named:
        if server is None and len(known) > 1:
            yield Finding(path, "must name its authorization_server, because the registry has several")
        elif server is not None and server not in known:
            yield Finding((*path, "authorization_server"), f"unknown authorization server {server!r}", harmless=True)
    for position, grant in enumerate(registry.grants):
        if grant.iss not in registry.issuers:
            yield Finding(("registry", "grants", position, "iss"), f"unknown issuer {grant.iss!r}", harmless=True)


def _target_names(registry: Registry) -> Iterator[Finding]:
    canonical = canonical_targets(registry)
    lists: list[tuple[Path, list[str]]] = [
        *((("registry", "clients", name, "targets"), client.targets) for name, client in registry.clients.items()),
        *((("registry", "agents", name, "targets"), agent.targets or []) for name, agent in registry.agents.items()),
        *((("registry", "grants", i, "targets"), grant.targets) for i, grant in enumerate(registry.grants)),
    ]
    for path, names in lists:
        for position, name in enumerate(names):
            if name not in canonical:
                yield Finding((*path, position), f"unknown target {name!r}", harmless=True)


def _identity_key(identity: Identity) -> tuple[str, str, str]:
    if identity.spiffe_id is not None:
        return ("sub", SpiffeId(identity.spiffe_id).issuer, identity.spiffe_id)
    if identity.sub is not None:
        return ("sub", identity.iss or "", identity.sub)
    return ("client_id", identity.iss or "", identity.client_id or "")


def _identities(registry: Registry) -> Iterator[Finding]:
    owner: dict[tuple[str, str, str], str] = {}
    for agent_id, agent in registry.agents.items():
        if agent_id.startswith("spiffe://"):
            yield Finding(("registry", "agents", agent_id), "an agent id must not look like a SPIFFE ID")
        for position, identity in enumerate(agent.identities):
            key = _identity_key(identity)
            path: Path = ("registry", "agents", agent_id, "identities", position)
            if owner.setdefault(key, agent_id) != agent_id:
                yield Finding(path, f"this identity already belongs to the agent {owner[key]!r}")
            if key[2] in registry.agents and key[2] != agent_id:
                yield Finding(path, f"{key[2]!r} is also the id of another agent, so the name is ambiguous")


def _agent_names(registry: Registry) -> Iterator[Finding]:
    # Without an agents section raw identities are all there is, and none of them can be misspelt.
    if not registry.agents:
        return
    known = set(registry.agents)
    known.update(_identity_key(identity)[2] for agent in registry.agents.values() for identity in agent.identities)
    agents = registry.agents.items()
    lists: list[tuple[Path, list[str]]] = [
        *((("registry", "clients", name, "actors"), client.actors) for name, client in registry.clients.items()),
        *((("registry", "agents", name, "may_delegate_to"), agent.may_delegate_to or []) for name, agent in agents),
    ]
    names = [((*path, position), name) for path, entries in lists for position, name in enumerate(entries)]
    names += [(("registry", "grants", i, "actor"), grant.actor) for i, grant in enumerate(registry.grants)]
    for path, name in names:
        if name not in known and not name.startswith("spiffe://"):
            yield Finding(path, f"unknown agent {name!r}", harmless=True)
