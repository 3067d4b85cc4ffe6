"""Random exchanges, and an oracle that says the most that each may issue.

The oracle is written from the contract, over the plain documents, and shares no look-up with the ceiling.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from actas.request import (
    ACCESS_TOKEN,
    TOKEN_EXCHANGE,
    Approval,
    Client,
    Consent,
    ExchangeRequest,
    JsonText,
    Token,
)

NOW = 1_800_000_000
AS = "https://as.example.com"
IDP = "https://idp.example.com"
MAIL, CALENDAR, ALIAS = "https://mail.example.com/", "https://calendar.example.com/", "mail"
AGENT = "spiffe://example.org/agent/mail"
PLANNER = "spiffe://example.org/agent/planner"
JWT = "urn:ietf:params:oauth:token-type:jwt"
SCOPES = ["mail.read", "mail.send", "mail.delete", "calendar.read", "admin"]
TARGETS = [MAIL, CALENDAR, ALIAS, "https://evil.test/"]

SETTINGS: dict[str, Any] = {
    "clock_skew_seconds": 30,
    "max_chain_depth": 4,
    "max_targets": 1,
    "max_lifetime_seconds": 900,
    "min_lifetime_seconds": 30,
    "default_lifetime_seconds": 300,
    "lifetime_caps": ["subject_exp", "approval_until"],
    "scope_excess": "narrow",
    "impersonation": "deny",
    "may_act_array": False,
    "chain_loop": "deny",
    "chain_member_revocation": "deny_only",
    "forbidden_scopes": ["admin"],
    "disabled_rules": [],
    "profiles": [],
    "allow_loopback_http": False,
    "credential_classes": {"api_key": {"max_lifetime_seconds": 240}},
    "risk": {
        "external_message": {"max_lifetime_seconds": 200},
        "deletion": {"approval": True, "max_lifetime_seconds": 400},
    },
}
REGISTRY: dict[str, Any] = {
    "authorization_servers": [AS],
    "issuers": {AS: ["subject", "actor", "act", "may_act"], IDP: ["subject"]},
    "clients": {"agent-mail": {"actors": [AGENT], "scopes": SCOPES, "targets": [MAIL, CALENDAR]}},
    "targets": {
        MAIL: {
            "scopes": {
                "mail.read": {},
                "mail.send": {"risk": "external_message"},
                "mail.delete": {"risk": "deletion"},
                "admin": {},
            },
            "default_scope": "mail.read mail.send",
            "aliases": [ALIAS],
        },
        CALENDAR: {"scopes": {"calendar.read": {}, "mail.read": {}}, "max_lifetime_seconds": 500},
    },
    "agents": {"mailer": {"identities": [{"spiffe_id": AGENT}]}},
    "grants": [],
    "authorization_details": {
        "mailbox": {"fields": ["type", "locations", "actions"], "compare": "subset"},
        "payment": {"fields": ["type", "amount", "payee"], "compare": "max", "max": {"amount": "1000.00"}},
        "opaque": {"fields": ["type"]},
    },
}


@dataclass(frozen=True)
class World:
    """One exchange: the request, and settings and registry as the ceiling reads them."""

    request: ExchangeRequest
    settings: dict[str, Any]
    registry: dict[str, Any]

    @property
    def claims(self) -> dict[str, Any]:
        """The subject token's claims."""
        token = self.request.subject_token
        return {} if token is None or token.claims is None else token.claims.value


def some(values: list[str], low: int = 0) -> st.SearchStrategy[list[str]]:
    """Some of *values*, each at most once."""
    return st.lists(st.sampled_from(values), min_size=low, max_size=len(values), unique=True)


_details = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("mailbox"),
            "actions": some(["read", "send", "delete"], 1),
            "locations": some([MAIL, CALENDAR], 1),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("payment"),
            "amount": st.sampled_from(["1", "487.50", "487.5", "1000.00", "1250"]),
            "payee": st.sampled_from(["acme", "evil"]),
        }
    ),
    st.just({"type": "opaque"}),
)
details = st.lists(_details, max_size=3)
_act = st.recursive(
    st.fixed_dictionaries({"sub": st.sampled_from([AGENT, PLANNER, "agent-mail"])}, optional={"iss": st.just(AS)}),
    lambda inner: st.fixed_dictionaries({"sub": st.just(PLANNER), "act": inner, "exp": st.just(1)}),
    max_leaves=4,
)
_until = st.integers(NOW - 10, NOW + 1000)


@st.composite
def consents(draw: st.DrawFn) -> Consent:
    """A consent that often matches and sometimes does not."""
    return Consent(
        verified=draw(st.sampled_from([True, True, True, False])),
        iss=draw(st.sampled_from([AS, AS, AS, IDP])),
        sub=draw(st.sampled_from(["alice", "alice", "bob"])),
        client_id=draw(st.sampled_from(["agent-mail", "agent-mail", "other"])),
        actor=draw(st.sampled_from([AGENT, "mailer", "agent-mail", PLANNER])),
        scope=" ".join(draw(some(SCOPES))),
        until=draw(st.one_of(st.none(), _until)),
    )


@st.composite
def approvals(draw: st.DrawFn) -> Approval:
    """An approval that often matches and sometimes does not."""
    return Approval(
        id="apr-1",
        verified=draw(st.sampled_from([True, True, True, False])),
        status=draw(st.sampled_from(["approved", "approved", "approved", "revoked"])),
        subject=draw(st.sampled_from(["alice", "alice", "bob"])),
        actor=draw(st.sampled_from([AGENT, "mailer", "agent-mail"])),
        client_id=draw(st.sampled_from(["agent-mail", "agent-mail", "other"])),
        target=draw(st.sampled_from([MAIL, ALIAS, CALENDAR])),
        scope=" ".join(draw(some(SCOPES))),
        approver="carol",
        approved_until=draw(st.one_of(st.none(), _until)),
    )


class Drawing:
    """Draws the parts of one world; in a *sound* one nothing forbids an allow from the start."""

    def __init__(self, draw: st.DrawFn, *, sound: bool) -> None:
        """Draw with *draw*."""
        self.draw, self.sound = draw, sound
        self.actor_name = draw(st.sampled_from([AGENT, AGENT, AGENT, PLANNER, "agent-mail"]))

    def good(self, good: Any, *bad: Any) -> Any:
        """Give *good*, or in an unsound world perhaps something else."""
        return good if self.sound else self.draw(st.sampled_from([good, *bad]))

    def scopes(self) -> list[str]:
        """A ceiling; in a sound world it leaves something."""
        drawn = self.draw(some(SCOPES))
        return [*drawn, "mail.read"] if self.sound and "mail.read" not in drawn else drawn

    def subject(self) -> Token:
        """A subject token."""
        draw = self.draw
        ends = [NOW + 3600, NOW + 250, NOW + 100.9]
        claims: dict[str, Any] = {
            "iss": self.good(AS, IDP),
            "sub": "alice",
            "exp": draw(st.sampled_from(ends if self.sound else [*ends, NOW - 10, NOW + 10, "soon"])),
        }
        if draw(st.sampled_from([True, True, False])):
            claims["scope"] = " ".join(self.scopes())
        if draw(st.sampled_from([True, True, False])):
            named: list[Any] = [{"sub": self.actor_name}] * 4 + [
                {"sub": AGENT},
                {"sub": "agent-mail"},
                {"sub": PLANNER},
            ]
            claims["may_act"] = draw(st.sampled_from(named if self.sound else [*named, [], None]))
        if draw(st.booleans()):
            claims["act"] = draw(_act)
        if draw(st.booleans()):
            claims["authorization_details"] = draw(details)
        if draw(st.sampled_from([False, False, True])):
            claims["cnf"] = {"jkt": "K1"}
        return Token(
            token_type=ACCESS_TOKEN,
            verified=self.good(True, False),
            credential_class=draw(st.sampled_from(["", "oauth", "api_key"])) if self.sound else self.good("", "tarot"),
            claims=JsonText("", claims),
        )

    def actor(self) -> Token | None:
        """An actor token, or none."""
        if self.actor_name == "agent-mail":
            return None
        claims = {"sub": self.actor_name, "exp": NOW + 150}
        return Token(token_type=JWT, verified=self.good(True, False), kind="jwt_svid", claims=JsonText("", claims))

    def settings(self) -> dict[str, Any]:
        """Settings."""
        draw, settings = self.draw, copy.deepcopy(SETTINGS)
        settings["max_targets"] = draw(st.sampled_from([1, 2, 2]))
        settings["impersonation"] = draw(st.sampled_from(["deny", "allow"]))
        settings["lifetime_caps"] = draw(some(["subject_exp", "approval_until", "actor_exp"]))
        settings["disabled_rules"] = draw(some(["LIFETIME_TOO_SHORT", "TOO_MANY_TARGETS", "SCOPE_FORBIDDEN"]))
        return settings

    def registry(self) -> dict[str, Any]:
        """A registry."""
        draw, registry = self.draw, copy.deepcopy(REGISTRY)
        registry["clients"]["agent-mail"]["scopes"] = self.scopes()
        if draw(st.booleans()):
            registry["agents"]["mailer"] |= {"scopes": self.scopes(), "max_lifetime_seconds": 350}
        if draw(st.booleans()):
            registry["agents"]["mailer"]["targets"] = [draw(st.sampled_from([MAIL, ALIAS])), CALENDAR]
            registry["agents"]["mailer"]["targets"] = registry["agents"]["mailer"]["targets"][: self.good(2, 0, 1)]
        if draw(st.booleans()):
            registry["grants"] = [
                {
                    "iss": AS,
                    "sub": draw(st.sampled_from(["alice", "*", "bob"])),
                    "actor": draw(st.sampled_from([AGENT, "mailer", "agent-mail", PLANNER])),
                    "scopes": self.scopes(),
                    "targets": draw(some([MAIL, ALIAS, CALENDAR])),
                }
            ]
        return registry

    def request(self) -> ExchangeRequest:
        """A request."""
        draw = self.draw
        targets = [MAIL, MAIL, CALENDAR, ALIAS] if self.sound else TARGETS
        few = 1 if self.sound and draw(st.sampled_from([True, True, False])) else 2
        names = draw(st.lists(st.sampled_from(targets), min_size=1 if self.sound else 0, max_size=few))
        split = draw(st.integers(0, 2))
        lifetimes = st.none() | st.integers(30, 2000)
        requested = draw(st.none() | details)
        return ExchangeRequest(
            authorization_server=self.good(AS, "https://other.test"),
            grant_type=self.good(TOKEN_EXCHANGE, "authorization_code"),
            client=Client(
                client_id=self.good("agent-mail", "stranger"),
                authenticated=self.good(True, False),
                confidential=draw(st.sampled_from([True, True, True, False])),
                proof_jkt=draw(st.sampled_from(["K2", "K1", ""])),
            ),
            subject_token=self.good(self.subject(), None),
            actor_token=self.actor(),
            requested_token_type=draw(st.sampled_from([ACCESS_TOKEN, JWT])),
            resource=tuple(names[:split]),
            audience=tuple(names[split:]),
            scope=" ".join(self.scopes()),
            authorization_details=None if requested is None else JsonText("", requested),
            requested_lifetime=draw(lifetimes if self.sound else lifetimes | st.sampled_from([True, "600", 0.5, -1])),
            consents=tuple(self.likely(consents())),
            approvals=tuple(self.likely(approvals())),
        )

    def likely(self, records: st.SearchStrategy[Any]) -> list[Any]:
        """Up to three records; in a sound world the first of them fits the parties and has not ended."""
        drawn = self.draw(st.lists(records, max_size=3))
        if self.sound and drawn:
            drawn[0] = replace(drawn[0], client_id="agent-mail", actor=self.actor_name, verified=True)
            if isinstance(drawn[0], Consent):
                scope = drawn[0].scope + " mail.read"
                drawn[0] = replace(
                    drawn[0], iss=AS, sub="alice", scope=scope, until=NOW + self.draw(st.integers(30, 900))
                )
            else:
                until = NOW + self.draw(st.integers(30, 900))
                drawn[0] = replace(drawn[0], status="approved", subject="alice", approved_until=until)
        return drawn


@st.composite
def worlds(draw: st.DrawFn, *, sound: bool = False) -> World:
    """A random exchange with random settings and registry."""
    drawing = Drawing(draw, sound=sound)
    return World(drawing.request(), drawing.settings(), drawing.registry())
