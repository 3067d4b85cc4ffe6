"""An exchange as Cerbos is asked about it: the actor is the principal, the target is the resource.

As the other peers it gets the facts ready made, and of the exchange only what its policies read.
"""

from __future__ import annotations

from typing import Any

from actas.request import ExchangeRequest
from peers.questions import question

_BOTH = ("attested", "claims_well_formed", "named", "active", "exp", "starts", "svid")
_SUBJECT = (*_BOTH, "form", "typ", "issuer", "party", "scope", "auth_time", "chain", "may_act", "cnf")
_PROOF = ("aud", "audience_bound", "key_bound")
_ACTOR = (*_BOTH, "consistent", "multiple_audiences", "delegated", *_PROOF)
_LEVEL = ("iss", "sub")
_MAY_ACT = ("iss", "sub", "any_client", "client_id", "understood")
_APPROVAL = ("verified", "status", "subject", "actor", "client_id", "target", "approver", "approved_until")
_CONSENT = ("verified", "iss", "sub", "client_id", "actor", "until")
_DEFAULT_SECONDS = 300


def body(request: ExchangeRequest) -> dict[str, Any]:
    """Give the JSON of a `cerbos.request.v1.CheckResourcesRequest`."""
    asked = question(request)
    targets = asked["facts"]["targets"]
    return {
        "requestId": "exchange",
        "principal": _principal(asked),
        "resources": [
            {
                "actions": ["exchange"],
                "resource": {"kind": "target", "id": targets[0] if targets else "none", "attr": _resource(asked)},
            }
        ],
    }


def _picked(source: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: source[name] for name in names if name in source}


def _principal(asked: dict[str, Any]) -> dict[str, Any]:
    """The presented actor; without one the client itself, as RFC 8693, section 1.1 has it."""
    client = asked["client"]
    attr: dict[str, Any] = {
        "client": {
            "id": client["client_id"],
            "authenticated": client["authenticated"],
            "proof_jkt": client["proof_jkt"],
        }
    }
    token, facts, workload = asked.get("actor_token"), asked["facts"]["actor_token"], asked["facts"]["actor_workload"]
    if token is None and not workload["declared"]:
        attr["iss"] = asked["authorization_server"]
        return {"id": client["client_id"] or "nobody", "roles": ["client"], "attr": attr}
    attr["token"] = {**_picked(facts, _ACTOR), "svid_genuine": asked["facts"]["svid"]["genuine"]}
    if "spiffe" in facts:
        attr["token"]["spiffe"] = _picked(facts["spiffe"], ("workload", "trust_domain"))
    attr["workload"] = {
        "declared": workload["declared"],
        "spiffe_id": asked.get("actor_workload", {}).get("spiffe_id", ""),
    }
    attr |= _picked(token or {}, ("token_type", "bundle_trust_domain", "pop_jkt"))
    party = facts.get("party", {"iss": "", "sub": "nobody"})
    attr["iss"] = party["iss"]
    return {"id": party["sub"], "roles": ["actor"], "attr": attr}


def _resource(asked: dict[str, Any]) -> dict[str, Any]:
    facts = asked["facts"]
    subject = _picked(facts["subject_token"], _SUBJECT)
    if "chain" in subject:
        subject["chain"] = {**subject["chain"], "levels": [_picked(one, _LEVEL) for one in subject["chain"]["levels"]]}
    if "may_act" in subject:
        entries = [_picked(entry, _MAY_ACT) for entry in subject["may_act"]["entries"]]
        subject["may_act"] = {**subject["may_act"], "entries": entries}
    token = asked.get("subject_token", {})
    approvals = zip(asked["approvals"], facts["approvals"], strict=True)
    return {
        **_picked(asked, ("authorization_server", "grant_type", "requested_token_type", "duplicate_parameters")),
        **_picked(facts, ("missing_parameters", "targets", "scope", "lifetime_well_formed")),
        "resource": _picked(facts["resource"], ("absolute", "whole", "safe", "secure")),
        "requested_lifetime": asked.get("requested_lifetime", _DEFAULT_SECONDS),
        "approvals": [_picked(given, _APPROVAL) | {"scope": fact["scope"]} for given, fact in approvals],
        "consents": [_picked(consent, _CONSENT) for consent in asked["consents"]],
        "subject": subject,
        "alg": token.get("header", {}).get("alg", ""),
        **_picked(token.get("claims", {}), ("acr", "auth_time")),
    }
