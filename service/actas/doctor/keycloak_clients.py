"""Checks of the clients that may exchange tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from actas.doctor import kcadm, keycloak_mappers
from actas.doctor.finding import Finding, Remedy, fail, ok, unless_any, warn
from actas.doctor.keycloak_facts import EXCHANGE_ENABLED, Facts, JsonDict, attributes, client_id
from actas.spiffe import SpiffeId

REFRESH_ENABLED = "standard.token.exchange.enableRefreshRequestedTokenType"
SPIFFE_ID = "actas.spiffe_id"


def check(facts: Facts) -> list[Finding]:
    """Check every enabled client with standard token exchange."""
    clients = facts.exchanging
    if not clients:
        remedy = Remedy(
            "Clients → the agent → Capability config: Standard Token Exchange on",
            kcadm.line(facts, "update clients/ID", f"-s 'attributes.\"{EXCHANGE_ENABLED}\"=true'"),
        )
        return [warn("clients.exchange", "no client may exchange tokens", remedy)]
    found = [ok("clients.exchange", f"{len(clients)} may exchange tokens: {_listed(clients)}")]
    checks: list[tuple[str, str, Callable[[Facts, JsonDict], Iterator[Finding]]]] = [
        ("clients.authentication", "none of them is public", _public),
        ("clients.full_scope", "none of them has full scope", _full_scope),
        ("clients.subject", "each token has a sub that no scope decision takes away", keycloak_mappers.subject),
        ("clients.display_name", "no display name equals a client scope", _display_name),
        ("clients.refresh", "none of them may ask for a refresh token", _refresh),
        (
            "clients.actor_audience",
            "each service account's token is meant for this realm",
            keycloak_mappers.actor_audience,
        ),
    ]
    for name, message, one in checks:
        found += unless_any((finding for client in clients for finding in one(facts, client)), name, message)
    return [*found, *_spiffe_ids(facts)]


def _listed(clients: list[JsonDict]) -> str:
    names = sorted(client_id(client) for client in clients)
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _public(facts: Facts, client: JsonDict) -> Iterator[Finding]:
    if client.get("publicClient"):
        name = client_id(client)
        yield fail(
            "clients.authentication",
            f"{name} is public: anybody can call itself that, and Keycloak refuses its exchanges",
            Remedy(
                f"Clients → {name} → Settings → Capability config: Client authentication on",
                kcadm.update_client(facts, client, "publicClient=false"),
            ),
            name,
        )


def _full_scope(facts: Facts, client: JsonDict) -> Iterator[Finding]:
    if client.get("fullScopeAllowed") is not False:
        name = client_id(client)
        yield fail(
            "clients.full_scope",
            f"{name} has full scope: its tokens carry all roles of the user, whatever scope was decided",
            Remedy(
                f"Clients → {name} → Client scopes → {name}-dedicated → Scope: Full scope allowed off",
                kcadm.update_client(facts, client, "fullScopeAllowed=false"),
            ),
            name,
        )


def _display_name(facts: Facts, client: JsonDict) -> Iterator[Finding]:
    display = client.get("name")
    if display and display in {scope.get("name") for scope in facts.client_scopes}:
        name = client_id(client)
        yield warn(
            "clients.display_name",
            f"{name} has the name of the client scope '{display}': Keycloak tells them apart by name only, so that "
            "the client's own mappers are left out of exchanged tokens",
            Remedy(
                f"Clients → {name} → Settings → Name: another name", kcadm.update_client(facts, client, "name=OTHER")
            ),
            name,
        )


def _refresh(facts: Facts, client: JsonDict) -> Iterator[Finding]:
    if str(attributes(client).get(REFRESH_ENABLED) or "NO").upper() != "NO":
        name = client_id(client)
        yield warn(
            "clients.refresh",
            f"{name} may ask for a refresh token, which would renew without a decision; the provider refuses that",
            Remedy(
                f"Clients → {name} → Settings → Capability config: Allow refresh token in Standard Token Exchange: No",
                kcadm.update_client(facts, client, kcadm.attribute(REFRESH_ENABLED, "NO")),
            ),
            name,
        )


def _spiffe_ids(facts: Facts) -> list[Finding]:
    named: defaultdict[str, list[str]] = defaultdict(list)
    found: list[Finding] = []
    clients = {client_id(client): client for client in facts.exchanging}
    for name, client in clients.items():
        declared = attributes(client).get(SPIFFE_ID)
        if declared is None:
            continue
        named[str(declared)].append(name)
        if not _is_workload(str(declared)):
            message = f"{SPIFFE_ID} of {name} names no workload"
            found.append(fail("clients.spiffe_id", message, _spiffe_remedy(facts, client), name))
    for names in named.values():
        if len(names) > 1:
            listed = ", ".join(sorted(names))
            message = f"{listed} declare the same SPIFFE ID: one agent would pass for another"
            found.append(fail("clients.spiffe_id", message, _spiffe_remedy(facts, clients[names[0]]), listed))
    if named and not found:
        found.append(ok("clients.spiffe_id", f"SPIFFE IDs are well-formed and declared once ({len(named)})"))
    return found


def _spiffe_remedy(facts: Facts, client: JsonDict) -> Remedy:
    # The console shows no attributes of clients.
    return Remedy(command=kcadm.update_client(facts, client, kcadm.attribute(SPIFFE_ID, "spiffe://TRUST-DOMAIN/PATH")))


def _is_workload(declared: str) -> bool:
    try:
        return SpiffeId(declared).is_workload
    except ValueError:
        return False
