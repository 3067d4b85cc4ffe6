"""Compares a realm with the registry of Actas: who is named on one side only."""

from __future__ import annotations

import json
from collections.abc import Iterator

from actas.doctor.finding import Finding, Remedy, fail, unless_any, warn
from actas.doctor.keycloak_clients import SPIFFE_ID
from actas.doctor.keycloak_facts import Facts, JsonDict, attributes, client_id, token_typ
from actas.policy.model import Agent, Registry

# Without it a role denies the exchange; `act` is needed from the second hop on.
_NEEDED_ROLES = ("subject", "actor")


def check(facts: Facts, registry: Registry) -> list[Finding]:
    """Check that the registry knows the realm, its clients and agents, and that the realm knows the targets."""
    return [
        *unless_any(_issuer(facts, registry), "registry.issuer", f"the registry trusts {facts.issuer}"),
        *unless_any(_clients(facts, registry), "registry.clients", "clients of realm and registry agree"),
        *unless_any(_agents(facts, registry), "registry.agents", "each client's agent is named"),
        *unless_any(_targets(facts, registry), "registry.targets", "each target is a client of the realm"),
    ]


def _issuer(facts: Facts, registry: Registry) -> Iterator[Finding]:
    issuer = facts.issuer
    if issuer not in registry.authorization_servers:
        yield fail(
            "registry.issuer",
            f"{issuer} is not among authorization_servers: every exchange is denied (AUTHORIZATION_SERVER_UNKNOWN)",
            Remedy(command=f'authorization_servers: ["{issuer}"]'),
        )
    entry = registry.issuers.get(issuer)
    if entry is None:
        message = f"{issuer} is not among issuers: every token is denied (UNTRUSTED_ISSUER)"
        remedy = f'issuers: {{"{issuer}": {{roles: [subject, actor, act, may_act], access_token_typ: [JWT]}}}}'
        yield fail("registry.issuer", message, Remedy(command=remedy))
        return
    missing = [role for role in _NEEDED_ROLES if role not in entry.roles]
    if missing:
        message = f"{issuer} lacks the role {' and '.join(missing)} (ISSUER_ROLE_MISMATCH)"
        yield fail("registry.issuer", message, Remedy(command=f"roles: [{', '.join([*entry.roles, *missing])}]"))
    if "act" not in entry.roles:
        message = f"{issuer} lacks the role act: a second hop is denied"
        yield warn("registry.issuer", message, Remedy(command=f"roles: [{', '.join([*entry.roles, 'act'])}]"))
    accepted = [typ.lower() for typ in entry.access_token_typ or ("at+jwt",)]
    for typ in sorted(_token_types(facts)):
        if typ.lower() not in accepted:
            message = f"tokens of {issuer} say typ {typ} in their header, which is not accepted (TOKEN_TYPE_CONFUSION)"
            names = ", ".join([*(entry.access_token_typ or ()), typ])
            yield fail("registry.issuer", message, Remedy(command=f"access_token_typ: [{names}]"))


def _token_types(facts: Facts) -> set[str]:
    """Give the typ of the tokens that those who exchange have."""
    return {token_typ(client) for client in facts.exchanging or [{}]}


def _of_this_realm(server: str | None, facts: Facts) -> bool:
    return server is None or server == facts.issuer


def _clients(facts: Facts, registry: Registry) -> Iterator[Finding]:
    for client in facts.exchanging:
        name = client_id(client)
        entry = registry.clients.get(name)
        if entry is None or not _of_this_realm(entry.authorization_server, facts):
            message = f"the registry has no client {name} of this realm: its exchanges are denied (CLIENT_NOT_ALLOWED)"
            remedy = Remedy(command=f"clients: {{{json.dumps(name)}: {{actors: […], scopes: […], targets: […]}}}}")
            yield fail("registry.clients", message, remedy, name)
    there = {client_id(client) for client in facts.exchanging}
    for name, entry in registry.clients.items():
        if name not in there and _of_this_realm(entry.authorization_server, facts):
            remedy = Remedy(f"Clients → {name} → Capability config: Standard Token Exchange on")
            message = f"the registry's client {name} does not exist, is disabled or may not exchange tokens"
            yield warn("registry.clients", message, remedy, name)


def _agents(facts: Facts, registry: Registry) -> Iterator[Finding]:
    there = {client_id(client): client for client in facts.clients}
    for agent_id, agent in registry.agents.items():
        for identity in agent.identities:
            if identity.iss == facts.issuer and identity.client_id is not None and identity.client_id not in there:
                message = f"the agent {agent_id} has the client {identity.client_id}, which the realm has not"
                yield warn("registry.agents", message, Remedy("Clients → Create client"), agent_id)
    for client in facts.exchanging:
        yield from _agent_of(client, facts, registry)


def _agent_of(client: JsonDict, facts: Facts, registry: Registry) -> Iterator[Finding]:
    name = client_id(client)
    entry = registry.clients.get(name)
    if entry is None:
        return  # said above
    mine = [agent_id for agent_id, agent in registry.agents.items() if _is(agent, facts.issuer, name)]
    if client.get("serviceAccountsEnabled") and not mine and not _by_subject(registry, entry.actors, facts.issuer):
        message = f"no agent has the identity of client {name}; Keycloak names its service account by a UUID"
        remedy = Remedy(command=f'identities: [{{iss: "{facts.issuer}", client_id: {json.dumps(name)}}}]')
        yield warn("registry.agents", message, remedy, name)
    if mine and not {mine[0], name} & set(entry.actors):
        message = f"client {name} may not present its own agent {mine[0]}"
        remedy = Remedy(command=f"clients: {{{json.dumps(name)}: {{actors: [{mine[0]}, …]}}}}")
        yield warn("registry.agents", message, remedy, name)
    declared = attributes(client).get(SPIFFE_ID)
    if declared and not any(_is(registry.agents[one], "", "", str(declared)) for one in mine):
        message = f"{SPIFFE_ID} of client {name} is not an identity of its agent, so it is not believed"
        remedy = Remedy(command=f"agents: add {{spiffe_id: {declared}}} to the agent of client {name}")
        yield fail("registry.agents", message, remedy, name)


def _is(agent: Agent, issuer: str, name: str, spiffe_id: str = "") -> bool:
    return any(
        identity.spiffe_id == spiffe_id if spiffe_id else (identity.iss, identity.client_id) == (issuer, name)
        for identity in agent.identities
    )


def _by_subject(registry: Registry, actors: list[str], issuer: str) -> bool:
    named = (registry.agents[actor] for actor in actors if actor in registry.agents)
    return any(identity.iss == issuer and identity.sub for agent in named for identity in agent.identities)


def _targets(facts: Facts, registry: Registry) -> Iterator[Finding]:
    there = {client_id(client) for client in facts.clients}
    for name, target in registry.targets.items():
        servers = target.authorization_servers
        if (servers is None or facts.issuer in servers) and not {name, *target.aliases} & there:
            message = f"no client is named as the target {name} or an alias of it: Keycloak finds no such audience"
            remedy = Remedy(f"Clients → Create client: {name}", f'targets: {{"{name}": {{aliases: [CLIENT-ID]}}}}')
            yield warn("registry.targets", message, remedy, name)
    if not registry.targets:
        yield fail("registry.targets", "the registry has no target, so nothing can be issued")
