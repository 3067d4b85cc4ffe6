"""Who is who in one exchange, as the tokens prove it and not as the policy says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actas import claims_grammar, delegation, token_form
from actas.ceiling.breach import BoundBroken, require
from actas.ceiling.entries import AgentEntry
from actas.ceiling.tables import Tables
from actas.request import AUTHORIZATION_CODE, TOKEN_EXCHANGE, ExchangeRequest, Token

Party = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Parties:
    """The proven parties of one exchange; a party is (issuer, sub).

    `claims` are the subject token's own. `candidate` is the one who could act; `agent_id` is its entry in the
    registry, empty when it has none.
    """

    claims: Mapping[str, Any]
    subject: Party
    actor_claims: Mapping[str, Any] | None
    candidate: Party
    candidate_client: str
    agent_id: str
    agent: AgentEntry | None

    def names(self, request: ExchangeRequest, tables: Tables) -> frozenset[str]:
        """Give every name that denotes the candidate in consents, approvals and grants (contract.md, section 2)."""
        issuer, sub = self.candidate
        names = {self.agent_id} if self.agent_id else set()
        if request.actor_token is None and is_asking(request):
            return frozenset({*names, sub})
        if issuer == request.authorization_server:
            names |= {name for name in (sub, self.candidate_client) if name and not name.startswith("spiffe:")}
        elif sub.startswith(f"{issuer}/") and issuer.startswith("spiffe://"):
            names.add(sub)
        # A name that is an agent's id denotes that agent and nobody else.
        return frozenset(name for name in names if name == self.agent_id or name not in tables.agents)


def prove(request: ExchangeRequest, tables: Tables, now: int) -> Parties:
    """Establish the parties; *now* is in seconds since the epoch.

    Raises:
        BoundBroken: a proof without which nothing may be issued is missing.

    """
    client = request.client
    require(request.authorization_server in tables.servers, "authorization_server")
    require(client.authenticated is True and client.client_id in tables.clients, "client")
    claims, subject = _subject(request, tables)
    actor_token = request.actor_token
    if actor_token is None:
        actor_claims = None
        candidate, own_client = _without_token(request, tables)
    else:
        actor_claims = _proven(actor_token, "actor_token")
        expires = end(actor_claims)
        # The clock's tolerance accepts a token; how long what is issued lives is another bound.
        require("exp" not in actor_claims or (expires is not None and expires > now - tables.clock_skew), "actor_token")
        candidate = _party(actor_token, actor_claims, "actor_token")
        own_client = claims_grammar.own_client(actor_claims)
    agent_id = tables.identities.get(candidate[0], {}).get(candidate[1], "")
    if not agent_id and own_client:
        agent_id = tables.client_identities.get(candidate[0], {}).get(own_client, "")
    agent = tables.agent(agent_id) if agent_id else None
    return Parties(claims, subject, actor_claims, candidate, own_client, agent_id, agent)


def end(claims: Mapping[str, Any]) -> int | None:
    """Give a token's `exp` in whole seconds; a fraction never extends a life. None when it is not a number."""
    exp: Any = claims.get("exp")
    return math.floor(exp) if claims_grammar.is_numeric_date(exp) else None


def _subject(request: ExchangeRequest, tables: Tables) -> tuple[Mapping[str, Any], Party]:
    token = request.subject_token
    if token is None:
        raise BoundBroken("subject_token")
    claims = _proven(token, "subject_token")
    subject = _party(token, claims, "subject_token")
    if request.grant_type != TOKEN_EXCHANGE:
        # draft-oauth-ai-agents-on-behalf-of-user-02, section 4.2: the code is bound to user and client.
        code, client_id = request.code, request.client.client_id
        require(request.grant_type == AUTHORIZATION_CODE and tables.on_behalf_of, "grant_type")
        require(code is not None and code.client_id == client_id, "code")
        bound = code is not None and (request.authorization_server, code.sub) == subject
        require(bound or is_asking(request), "code")
    return claims, subject


def is_asking(request: ExchangeRequest) -> bool:
    """Whether the user is still to be asked; nothing is issued then, the limits say what the user is asked for."""
    code = request.code
    return request.grant_type == AUTHORIZATION_CODE and code is not None and code.stage == "authorization"


def _without_token(request: ExchangeRequest, tables: Tables) -> tuple[Party, str]:
    """Give who could act without an actor token, and the OAuth client that it is."""
    if is_asking(request):
        requested = request.code.requested_actor if request.code is not None else ""
        require(requested != "", "code")
        return delegation.party({"sub": requested}, request.authorization_server), ""
    # A code is exchanged by the actor that the user was asked about, and by its own token.
    require(request.grant_type == TOKEN_EXCHANGE, "actor")
    client_id = request.client.client_id
    if request.actor_workload is not None:
        # A SPIFFE ID proves nobody. It may only be another name of the agent that the authenticated client is.
        declared = request.actor_workload.spiffe_id
        issuer = "/".join(declared.split("/")[:3])
        agent_id = tables.client_identities.get(request.authorization_server, {}).get(client_id, "")
        require(agent_id != "" and tables.identities.get(issuer, {}).get(declared) == agent_id, "actor")
    return (request.authorization_server, client_id), client_id


def _proven(token: Token, name: str) -> Mapping[str, Any]:
    claims = claims_grammar.readable(token.claims)
    if token.verified is not True or claims is None:
        raise BoundBroken(name)
    return claims


def _party(token: Token, claims: Mapping[str, Any], name: str) -> Party:
    issuer, sub = token_form.issuer(token, claims), claims.get("sub")
    if not issuer or not claims_grammar.is_name(sub):
        raise BoundBroken(name)
    return issuer, str(sub)
