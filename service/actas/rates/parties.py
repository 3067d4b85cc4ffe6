"""Who is counted in one exchange.

Which agent acts is policy's knowledge. Before it is asked, everybody is looked up whom it may name; afterwards the one
that it named is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from actas import claims_grammar, delegation, token_form
from actas.engine.result import PolicyResult
from actas.request import ExchangeRequest

JsonDict = dict[str, Any]


class RateKey(NamedTuple):
    """What is counted: `agent`, `client` or `subject`, by issuer and name, within so many seconds."""

    kind: str
    issuer: str
    name: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Whom one exchange concerns, as far as there is a limit."""

    agents: Mapping[str, RateKey]
    client: RateKey | None
    subject: RateKey | None

    def keys(self) -> frozenset[RateKey]:
        """Give everything that is looked up."""
        return frozenset(key for key in (*self.agents.values(), self.client, self.subject) if key is not None)

    def shown(self, counts: Mapping[RateKey, int]) -> JsonDict:
        """Give *counts* as policy reads them."""
        shown: JsonDict = {"agents": {agent: counts[key] for agent, key in self.agents.items()}}
        shown |= {} if self.client is None else {"client": counts[self.client]}
        return shown | ({} if self.subject is None else {"subject": counts[self.subject]})

    def allowed(self, result: PolicyResult) -> frozenset[RateKey]:
        """Give what an exchange counts for that was allowed with *result*."""
        if result.actor_agent:
            acting = [self.agents.get(result.actor_agent)]
        elif result.actor is None and self.agents:
            # Who impersonates becomes no actor, and is limited all the same.
            acting = [*self.agents.values()]
        else:
            acting = [self.client]
        return frozenset(key for key in (*acting, self.subject) if key is not None)


def counted(request: ExchangeRequest, limits: Mapping[str, Any], index: Mapping[str, Any]) -> Counted:
    """Find out whom *request* concerns; *limits* and *index* are those of the revision that decides."""
    everybody, own = limits.get("per_agent"), limits.get("agents", {})
    agents = {
        agent: RateKey("agent", "", agent, limit["seconds"])
        for agent in _agents(request, index)
        if (limit := own.get(agent, everybody)) is not None
    }
    server, client = request.authorization_server, request.client.client_id
    by_client = None if everybody is None else RateKey("client", server, client, everybody["seconds"])
    return Counted(agents, by_client, _subject(request, limits.get("per_subject")))


def _agents(request: ExchangeRequest, index: Mapping[str, Any]) -> Iterator[str]:
    """Name every agent that policy may find to be the one that acts."""
    subjects, clients = index["identities"], index["client_identities"]
    server, client = request.authorization_server, request.client.client_id
    if request.actor_token is not None:
        claims = claims_grammar.readable(request.actor_token.claims) or {}
        issuer, sub = token_form.issuer(request.actor_token, claims), claims.get("sub")
        found = [
            subjects.get(issuer, {}).get(sub if isinstance(sub, str) else ""),
            clients.get(issuer, {}).get(claims_grammar.own_client(claims)),
        ]
    else:
        found = [subjects.get(server, {}).get(client), clients.get(server, {}).get(client)]
        if request.code is not None and request.code.requested_actor:
            issuer, sub = delegation.party({"sub": request.code.requested_actor}, server)
            found.append(subjects.get(issuer, {}).get(sub))
    yield from (agent for agent in found if agent is not None)


def _subject(request: ExchangeRequest, limit: Mapping[str, int] | None) -> RateKey | None:
    token = request.subject_token
    claims = None if token is None else claims_grammar.readable(token.claims)
    if limit is None or token is None or claims is None:
        return None
    issuer, sub = token_form.issuer(token, claims), claims.get("sub")
    if not issuer or not isinstance(sub, str):
        return None
    return RateKey("subject", issuer, sub, limit["seconds"])
