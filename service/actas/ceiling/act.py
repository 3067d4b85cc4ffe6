"""The chain is never laundered: the issued `act` is the proven actor over the inbound chain (RFC 8693, section 4.1)."""

from __future__ import annotations

from typing import Any

from actas import claims_grammar, delegation
from actas.ceiling.breach import BoundBroken, require
from actas.ceiling.json_value import same
from actas.ceiling.parties import Parties, is_asking
from actas.ceiling.tables import Tables
from actas.engine.result import PolicyResult
from actas.request import TOKEN_EXCHANGE, ExchangeRequest


def check(request: ExchangeRequest, result: PolicyResult, parties: Parties, tables: Tables) -> None:
    """Check the `act` claim that would be issued.

    Raises:
        BoundBroken: it names an unproven actor, changes the inbound chain, or is missing without a right to that.

    """
    if result.act is None:
        _check_impersonation(request, result, parties, tables)
        return
    if request.actor_token is None and not is_asking(request):
        # RFC 6749, section 2.1: a public client has nothing to prove its identity with.
        require(request.client.confidential is True, "actor")
    issuer, sub = parties.candidate
    require(same(result.act, _expected(parties)), "act")
    named = result.actor
    # The record names this actor, so it has to be the one in the token.
    require(named is not None and (named.iss, named.sub) == (issuer, sub), "actor")
    require(result.actor_agent == parties.agent_id, "actor")


def _check_impersonation(request: ExchangeRequest, result: PolicyResult, parties: Parties, tables: Tables) -> None:
    allowed = tables.impersonation or "IMPERSONATION_NOT_ALLOWED" in tables.disabled
    require(allowed and request.actor_token is None and request.grant_type == TOKEN_EXCHANGE, "act")
    # A token that is delegated, or meant to be, never becomes the user's own again.
    require("act" not in parties.claims and "may_act" not in parties.claims, "act")
    require(result.actor is None and not result.actor_agent, "actor")


def _expected(parties: Parties) -> dict[str, Any]:
    issuer, sub = parties.candidate
    level: dict[str, Any] = {"iss": issuer, "sub": sub}
    if "act" not in parties.claims:
        return level
    inbound = parties.claims["act"]
    if not isinstance(inbound, dict) or not claims_grammar.is_name(inbound.get("sub")):
        raise BoundBroken("act")
    if delegation.party(inbound, parties.subject[0]) == (issuer, sub):
        return inbound
    return {**level, "act": inbound}
