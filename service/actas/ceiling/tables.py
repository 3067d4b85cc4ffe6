"""What the ceiling knows of settings and registry, keyed for look-ups.

Built from the two source documents and from nothing else. The look-up index that the policy reads is computed
elsewhere: a mistake in one of the two must not be able to widen a token.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from actas.ceiling.entries import AgentEntry, ClientEntry, GrantEntry, Lifetimes, Names, TargetEntry
from actas.errors import EngineError, Status

# Two revisions serve at a time while one replaces the other; a test runner's data come and go.
_KEPT = 4


class SourceData(Protocol):
    """The part of the policy data that the ceiling reads."""

    @property
    def settings(self) -> dict[str, Any]:
        """The merged settings (contract.md, section 3)."""

    @property
    def registry(self) -> dict[str, Any]:
        """The adopter's registry (contract.md, section 3)."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything the ceiling looks up; `agents` are read from the registry only when one acts."""

    clock_skew: int
    max_targets: int
    impersonation: bool
    may_act_array: bool
    on_behalf_of: bool
    lifetimes: Lifetimes
    forbidden_scopes: Names
    approval_classes: Names
    disabled: Names
    servers: Names
    may_act_issuers: Names
    one_time: Mapping[str, Names]
    clients: Mapping[str, ClientEntry]
    targets: Mapping[str, TargetEntry]
    agents: Mapping[str, Mapping[str, Any]]
    identities: Mapping[str, Mapping[str, str]]
    client_identities: Mapping[str, Mapping[str, str]]
    grants: Mapping[tuple[str, str], tuple[GrantEntry, ...]]
    details: Mapping[str, Mapping[str, Any]]
    _agent_entries: dict[str, AgentEntry] = field(default_factory=dict)

    def agent(self, agent_id: str) -> AgentEntry:
        """Give the ceiling of a registered agent."""
        entry = self._agent_entries.get(agent_id)
        if entry is None:
            entry = self._agent_entries[agent_id] = self._read_agent(self.agents[agent_id])
        return entry

    def canonical(self, name: str) -> str:
        """Give a target's own name for its name or alias; an unregistered one stays as it is."""
        entry = self.targets.get(name)
        return name if entry is None else entry.name

    def _read_agent(self, agent: Mapping[str, Any]) -> AgentEntry:
        scopes, targets = agent.get("scopes"), agent.get("targets")
        return AgentEntry(
            scopes=None if scopes is None else frozenset(scopes),
            targets=None if targets is None else frozenset(map(self.canonical, targets)),
            max_lifetime_seconds=agent.get("max_lifetime_seconds"),
        )


_cache: OrderedDict[int, tuple[SourceData, Tables]] = OrderedDict()


def of(data: SourceData) -> Tables:
    """Give the tables of *data*, built at first sight of this very object.

    Raises:
        EngineError: settings or registry are not what activation lets pass, so nothing can be bounded.

    """
    known = _cache.get(id(data))
    # The cache holds the object itself, so another one cannot have come to live at the same address.
    if known is not None and known[0] is data:
        return known[1]
    try:
        tables = _build(data.settings, data.registry)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise EngineError(
            "settings or registry are malformed", status=Status.INTERNAL, reason="SETTINGS_INVALID"
        ) from error
    _cache[id(data)] = (data, tables)
    while len(_cache) > _KEPT:
        _cache.popitem(last=False)
    return tables


def _build(settings: Mapping[str, Any], registry: Mapping[str, Any]) -> Tables:
    targets = _targets(registry.get("targets", {}))
    identities, client_identities = _identities(registry.get("agents", {}))
    risk = settings["risk"]
    return Tables(
        clock_skew=settings["clock_skew_seconds"],
        max_targets=settings["max_targets"],
        impersonation=settings["impersonation"] == "allow",
        may_act_array=settings["may_act_array"] is True,
        on_behalf_of="on_behalf_of" in settings["profiles"],
        lifetimes=Lifetimes(
            minimum=settings["min_lifetime_seconds"],
            default=settings["default_lifetime_seconds"],
            maximum=settings["max_lifetime_seconds"],
            by_risk=_maxima(risk),
            by_credential_class=_maxima(settings["credential_classes"]),
            actor_exp="actor_exp" in settings["lifetime_caps"],
        ),
        forbidden_scopes=frozenset(settings["forbidden_scopes"]),
        approval_classes=frozenset(name for name, entry in risk.items() if entry.get("approval", False) is not False),
        disabled=frozenset(settings["disabled_rules"]),
        servers=frozenset(registry.get("authorization_servers", ())),
        may_act_issuers=frozenset(
            name for name, issuer in registry.get("issuers", {}).items() if "may_act" in _roles(issuer)
        ),
        one_time={
            name: frozenset(issuer["one_time"])
            for name, issuer in registry.get("issuers", {}).items()
            if isinstance(issuer, dict) and issuer.get("one_time")
        },
        clients={name: _client(entry, targets) for name, entry in registry.get("clients", {}).items()},
        targets=targets,
        agents=registry.get("agents", {}),
        identities=identities,
        client_identities=client_identities,
        grants=_grants(registry.get("grants", ()), targets),
        details=registry.get("authorization_details", {}),
    )


def _maxima(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    maxima = {name: entry.get("max_lifetime_seconds") for name, entry in entries.items()}
    return {name: maximum for name, maximum in maxima.items() if maximum is not None}


def _roles(issuer: Any) -> Iterable[str]:
    roles: Iterable[str] = issuer if isinstance(issuer, list) else issuer["roles"]
    return roles


def _targets(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, TargetEntry]:
    targets = {}
    for name, entry in entries.items():
        targets[name] = TargetEntry(
            name=name,
            risks={scope: known.get("risk") or "" for scope, known in entry.get("scopes", {}).items()},
            default_scope=frozenset((entry.get("default_scope") or "").split()),
            max_lifetime_seconds=entry.get("max_lifetime_seconds"),
        )
    aliases = {alias: targets[name] for name, entry in entries.items() for alias in entry.get("aliases", ())}
    # A name of its own wins over another target's alias for it.
    return aliases | targets


def _client(entry: Mapping[str, Any], targets: Mapping[str, TargetEntry]) -> ClientEntry:
    return ClientEntry(scopes=frozenset(entry.get("scopes", ())), targets=_canonical(entry.get("targets", ()), targets))


def _canonical(names: Iterable[str], targets: Mapping[str, TargetEntry]) -> Names:
    return frozenset(targets[name].name if name in targets else name for name in names)


def _identities(
    agents: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    subjects: dict[str, dict[str, str]] = {}
    clients: dict[str, dict[str, str]] = {}
    for agent_id, agent in agents.items():
        for identity in agent["identities"]:
            if spiffe_id := identity.get("spiffe_id"):
                issuer = "spiffe://" + spiffe_id.split("/")[2]
                subjects.setdefault(issuer, {})[spiffe_id] = agent_id
            elif "sub" in identity:
                subjects.setdefault(identity["iss"], {})[identity["sub"]] = agent_id
            else:
                clients.setdefault(identity["iss"], {})[identity["client_id"]] = agent_id
    return subjects, clients


def _grants(
    entries: Iterable[Mapping[str, Any]], targets: Mapping[str, TargetEntry]
) -> dict[tuple[str, str], tuple[GrantEntry, ...]]:
    grants: dict[tuple[str, str], tuple[GrantEntry, ...]] = {}
    for entry in entries:
        grant = GrantEntry(
            iss=entry["iss"],
            client_id=entry.get("client_id") or "",
            authorization_server=entry.get("authorization_server") or "",
            scopes=frozenset(entry["scopes"]),
            targets=_canonical(entry["targets"], targets),
        )
        key = (entry["actor"], entry["sub"])
        grants[key] = (*grants.get(key, ()), grant)
    return grants
