"""One exchange, and the answer that is right for it; tests change either in one place."""

from __future__ import annotations

from typing import Any

from actas.policy.data import PolicyData
from actas.request import ACCESS_TOKEN, TOKEN_EXCHANGE, Client, ExchangeRequest, JsonText, Token

NOW = 1_800_000_000.75
AS = "https://as.example.com"
MAIL = "https://mail.example.com/"
AGENT = "spiffe://example.org/agent/mail"
Answer = dict[str, Any]

SETTINGS: Answer = {
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
    "credential_classes": {},
    "rate_limits": {},
    "risk": {},
}
REGISTRY: Answer = {
    "authorization_servers": [AS],
    "issuers": {AS: ["subject", "actor", "act", "may_act"]},
    "clients": {"agent-mail": {"actors": ["mailer"], "scopes": ["mail.read", "mail.send"], "targets": [MAIL]}},
    "targets": {MAIL: {"scopes": {"mail.read": {}, "mail.send": {}}}},
    "agents": {"mailer": {"identities": [{"spiffe_id": AGENT}], "version": "3"}},
}
DATA = PolicyData.merge(SETTINGS, {}, REGISTRY).with_revision("r1")


def allow(**limits: Any) -> Answer:
    """Give a right answer to `request()`, with some limits replaced."""
    return {
        "revision": "r1",
        "effect": "ALLOW",
        "denials": [],
        "error": "",
        "obligations": [],
        "notes": [],
        "withheld_scope": [],
        "limits": {
            "scope": ["mail.read"],
            "audience": [MAIL],
            "max_lifetime_seconds": 600,
            "authorization_details": [],
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "cnf": None,
            **limits,
        },
        "act": {"iss": "spiffe://example.org", "sub": AGENT},
        "disabled_rules": [],
        "actor": {"iss": "spiffe://example.org", "sub": AGENT},
        "actor_agent": "mailer",
    }


def deny(code: str, error: str = "invalid_request", *obligations: Answer) -> Answer:
    """Give a deny for one reason."""
    denial = {"code": code, "rule": code.lower(), "reason": "because"}
    return {
        **allow(),
        "effect": "DENY",
        "denials": [denial],
        "error": error,
        "obligations": list(obligations),
        "limits": None,
        "act": None,
    }


def request(parent_decision_id: str = "", **claims: Any) -> ExchangeRequest:
    """Give an exchange that `allow()` answers rightly."""
    subject = {
        "iss": AS,
        "sub": "alice",
        "exp": int(NOW) + 3600,
        "scope": "mail.read mail.send",
        "may_act": {"sub": AGENT},
        **claims,
    }
    return ExchangeRequest(
        authorization_server=AS,
        grant_type=TOKEN_EXCHANGE,
        request_id="req-1",
        client=Client("agent-mail", authenticated=True, confidential=True),
        subject_token=Token(ACCESS_TOKEN, verified=True, header={}, claims=JsonText("", subject)),
        actor_token=Token(verified=True, kind="jwt_svid", claims=JsonText("", {"sub": AGENT, "exp": int(NOW) + 60})),
        resource=(MAIL,),
        scope="mail.read",
        requested_lifetime=600,
        parent_decision_id=parent_decision_id,
    )
