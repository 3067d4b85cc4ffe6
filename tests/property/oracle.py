"""The most that an exchange may issue, written from the contract over the plain documents.

It shares no look-up and no comparison with the ceiling, so a mistake has to be made twice to go unseen.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from exchange_worlds import AS, NOW, World

from actas.request import ACCESS_TOKEN, TOKEN_EXCHANGE


class Oracle:
    """What one world allows. `refusal` says why nothing at all may be issued, or is empty."""

    def __init__(self, world: World) -> None:
        """Read *world*."""
        self.request, self.settings, self.registry = world.request, world.settings, world.registry
        self.claims = world.claims
        self.client = self.registry["clients"].get(self.request.client.client_id, {"scopes": [], "targets": []})
        self.actor = self._actor()
        self.agent = self._agent()
        self.refusal = self._refusal()

    def canonical(self, name: str) -> str:
        """Resolve an alias."""
        owners = [owner for owner, entry in self.registry["targets"].items() if name in entry.get("aliases", [])]
        return owners[0] if owners else name

    @property
    def subject(self) -> tuple[str, str]:
        """Who the token is about."""
        return self.claims["iss"], self.claims["sub"]

    def _actor(self) -> tuple[str, str]:
        token = self.request.actor_token
        if token is None:
            return AS, self.request.client.client_id
        return "spiffe://example.org", token.claims.value["sub"]  # type: ignore[union-attr]  # worlds give claims

    def _agent(self) -> dict[str, Any]:
        known = [a for a in self.registry["agents"].values() if {"spiffe_id": self.actor[1]} in a["identities"]]
        return known[0] if known else {}

    @property
    def names(self) -> set[str]:
        """What the actor is called."""
        return {self.actor[1]} | ({"mailer"} if self._agent() else set())

    def _refusal(self) -> str:
        request, token = self.request, self.request.subject_token
        if request.authorization_server != AS or request.grant_type != TOKEN_EXCHANGE:
            return "not an exchange here"
        if not request.client.authenticated or request.client.client_id not in self.registry["clients"]:
            return "client"
        if token is None or not token.verified or not isinstance(self.claims["exp"], int | float):
            return "subject token"
        if token.credential_class not in ("", "oauth", "api_key"):
            return "credential class"
        if request.actor_token is not None and not request.actor_token.verified:
            return "actor token"
        return ""

    def acts(self) -> list[Any]:
        """Every `act` claim that may be issued; None stands for impersonation."""
        inbound = self.claims.get("act")
        may: list[Any] = []
        if self.request.actor_token is not None or self.request.client.confidential:
            issuer, sub = self.actor
            if inbound is None:
                may.append({"iss": issuer, "sub": sub})
            else:
                implied = "spiffe://example.org" if inbound["sub"].startswith("spiffe:") else self.claims["iss"]
                again = (inbound.get("iss", implied), inbound["sub"]) == self.actor
                may.append(inbound if again else {"iss": issuer, "sub": sub, "act": inbound})
        delegated = "act" in self.claims or "may_act" in self.claims
        if self.settings["impersonation"] == "allow" and self.request.actor_token is None and not delegated:
            may.append(None)
        return may

    def audience(self) -> set[str] | None:
        """The one audience that may be issued, None where there is none."""
        wanted = set(self.request.resource) | set(self.request.audience)
        if not 1 <= len(wanted) <= self.settings["max_targets"]:
            return None
        allowed = set(self.client["targets"])
        if "targets" in self.agent:
            allowed &= {self.canonical(name) for name in self.agent["targets"]}
        own_names = {self.canonical(name) for name in wanted}
        return wanted if own_names <= allowed and own_names <= self.registry["targets"].keys() else None

    @property
    def targets(self) -> list[dict[str, Any]]:
        """The registered entries of the targets asked for."""
        names = [*self.request.resource, *self.request.audience]
        entries = self.registry["targets"]
        return [entries[self.canonical(name)] for name in names if self.canonical(name) in entries]

    def scope(self, act: Any) -> set[str]:
        """The most scope that may be issued together with *act*."""
        asked = set(self.request.scope.split())
        if not asked:
            asked = {scope for target in self.targets for scope in target.get("default_scope", "").split()}
        left = asked & set(self.client["scopes"]) - set(self.settings["forbidden_scopes"])
        if "scopes" in self.agent:
            left &= set(self.agent["scopes"])
        for target in self.targets:
            left &= set(target["scopes"])
        if "scope" in self.claims:
            left &= set(self.claims["scope"].split())
        return {scope for scope in left if self.end(scope, act) > NOW}

    def _consent_ends(self, scope: str) -> list[int]:
        return [
            consent.until
            for consent in self.request.consents
            if consent.verified
            and (consent.iss, consent.sub, consent.client_id) == (*self.subject, "agent-mail")
            and consent.actor in self.names
            and consent.until is not None
            and consent.until > NOW
            and scope in consent.scope.split()
        ]

    def end(self, scope: str, act: Any) -> float:
        """When consents and approvals for *scope* end; 0 where one is needed and there is none."""
        ends = [math.inf]
        consented = max(self._consent_ends(scope), default=0)
        if "scope" not in self.claims:
            ends.append(consented)
        if act is not None and not self._in_grant(scope):
            named = self._named()
            if named is None:
                ends.append(consented)
            elif not named:
                return 0
        elif act is not None and self._named() is False:
            return 0
        for target in self.targets:
            if target["scopes"].get(scope, {}).get("risk") == "deletion":
                ends.append(max(self._approval_ends(scope, target), default=0))
        return min(ends)

    def _named(self) -> bool | None:
        """Whether may_act names the actor; None where there is no may_act that counts."""
        if "may_act" not in self.claims or self.claims["iss"] != AS:
            return None
        may_act = self.claims["may_act"]
        if not isinstance(may_act, dict):
            return False
        implied = "spiffe://example.org" if may_act["sub"].startswith("spiffe:") else AS
        return (implied, may_act["sub"]) == self.actor

    def _in_grant(self, scope: str) -> bool:
        wanted = {self.canonical(name) for name in [*self.request.resource, *self.request.audience]}
        return any(
            self.claims["iss"] == grant["iss"]
            and grant["sub"] in ("*", "alice")
            and grant["actor"] in self.names
            and scope in grant["scopes"]
            and wanted <= {self.canonical(name) for name in grant["targets"]}
            for grant in self.registry["grants"]
        )

    def _approval_ends(self, scope: str, target: dict[str, Any]) -> list[int]:
        return [
            approval.approved_until
            for approval in self.request.approvals
            if approval.verified
            and approval.status == "approved"
            and (approval.subject, approval.client_id) == ("alice", "agent-mail")
            and self.claims["iss"] == AS
            and approval.actor in self.names
            and self.registry["targets"].get(self.canonical(approval.target)) == target
            and scope in approval.scope.split()
            and approval.approved_until is not None
            and approval.approved_until > NOW
        ]

    def lifetime(self, scope: set[str], act: Any) -> int:
        """The longest life of a token with *scope*, in seconds; not positive where nothing may be issued."""
        asked = self.request.requested_lifetime
        if asked is not None and (isinstance(asked, bool) or not isinstance(asked, int)):
            return 0
        caps = [self.settings["default_lifetime_seconds"] if asked is None else asked]
        caps += [self.settings["max_lifetime_seconds"], self.agent.get("max_lifetime_seconds", 10**9)]
        caps += [target.get("max_lifetime_seconds", 10**9) for target in self.targets]
        risks = {target["scopes"][one].get("risk") for target in self.targets for one in scope}
        caps += [entry["max_lifetime_seconds"] for name, entry in self.settings["risk"].items() if name in risks]
        caps.append(math.floor(self.claims["exp"]) - NOW)
        if self.request.subject_token is not None and self.request.subject_token.credential_class == "api_key":
            caps.append(240)
        if "actor_exp" in self.settings["lifetime_caps"] and self.request.actor_token is not None:
            caps.append(150)
        caps += [int(min(self.end(one, act), NOW + 10**9)) - NOW for one in scope]
        longest = min(caps)
        too_short = longest < self.settings["min_lifetime_seconds"]
        return 0 if too_short and "LIFETIME_TOO_SHORT" not in self.settings["disabled_rules"] else longest

    def details(self) -> list[dict[str, Any]]:
        """Lower the requested details as far as the audience asks, leaving out what may not be issued."""
        asked = self.request.authorization_details
        audience = [*self.request.resource, *self.request.audience]
        granted = self.claims.get("authorization_details", [])
        lowered = []
        for entry in [] if asked is None else asked.value:
            kept = dict(entry)
            if "locations" in entry:
                kept["locations"] = [location for location in entry["locations"] if location in audience]
            if kept.get("locations") != [] and any(covers(kept, grant) for grant in granted):
                lowered.append(kept)
        return lowered

    def cnf(self) -> list[Any]:
        """Every confirmation that may be issued."""
        proven = self.request.client.proof_jkt
        bound = [{"jkt": proven}] if proven else []
        return bound if "cnf" in self.claims else [None, *bound]

    def token_type(self, cnf: Any) -> str:
        """The one type that goes with the confirmation."""
        if self.request.requested_token_type != ACCESS_TOKEN:
            return "N_A"
        return "Bearer" if cnf is None else "DPoP"


def covers(entry: dict[str, Any], grant: dict[str, Any]) -> bool:
    """Whether *grant* carries *entry*."""
    if entry["type"] != grant["type"] or entry["type"] == "opaque" or set(entry) != set(grant):
        return False
    if entry["type"] == "payment":
        amount = Decimal(entry["amount"])
        return amount <= Decimal(grant["amount"]) and amount <= Decimal("1000.00") and entry["payee"] == grant["payee"]
    return set(entry["actions"]) <= set(grant["actions"]) and set(entry["locations"]) <= set(grant["locations"])


def plain(value: Any) -> str:
    """Give a JSON value as text in which true is not 1."""
    return json.dumps(value, sort_keys=True)
