"""Every fact that enters the policy input, in one place.

A fact states a property of one value: that it parses, is valid, or how it splits. It never compares two
parties, tokens or settings: that is policy. Grammar is checked here once because a regular expression
in Rego costs several times the rest of a decision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from actas import claims_grammar, decimal_key, delegation, resource_uri, scope, svid_facts, token_form
from actas import spiffe as spiffes
from actas.claims_grammar import audiences, is_name, is_numeric_date
from actas.proof import Proof
from actas.request import ActorWorkload, Approval, ExchangeRequest, JsonText, Token


def of(request: ExchangeRequest) -> dict[str, Any]:
    """Give all facts about *request*; never raises, whatever the caller sent."""
    facts: dict[str, Any] = {
        "missing_parameters": _missing(request),
        "token_types": _token_types(request),
        "scope": {
            "well_formed": request.scope == "" or scope.is_well_formed(request.scope),
            "tokens": list(scope.split(request.scope)),
        },
        "resource": resources(request.resource),
        "targets": sorted({*request.resource, *request.audience}),
        "lifetime_well_formed": request.requested_lifetime is None or is_lifetime(request.requested_lifetime),
        "authorization_details": authorization_details(request.authorization_details),
        "approvals": [_approval(approval, request.authorization_server) for approval in request.approvals],
        "consents": [{"scope": list(scope.split(consent.scope))} for consent in request.consents],
        "subject_token": token(request.subject_token),
        "actor_token": token(request.actor_token),
        "actor_workload": workload(request.actor_workload),
        "svid": svid_facts.of(request.actor_token, request.actor_workload),
    }
    if request.code is not None and request.code.requested_actor:
        facts["code"] = {"party": _party({"sub": request.code.requested_actor}, request.authorization_server)}
    return facts


def _approval(approval: Approval, authorization_server: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "scope": list(scope.split(approval.scope)),
        # Details that cannot be read bind as well: then the approval is for nothing that could be asked for.
        "names_details": approval.authorization_details is not None,
    }
    if approval.approver:
        facts["approver"] = _party({"sub": approval.approver}, authorization_server)
    return facts


def _missing(request: ExchangeRequest) -> list[str]:
    """Names of the parameters that RFC 8693, section 2.1 requires and that are not there."""
    token_type = request.subject_token.token_type if request.subject_token else ""
    presented = request.subject_token is not None and request.subject_token.presented
    there = {"grant_type": request.grant_type, "subject_token": presented, "subject_token_type": token_type}
    return [name for name, value in there.items() if not value]


def _token_types(request: ExchangeRequest) -> dict[str, bool]:
    """Every token type that the request names, for look-ups; an absent one is judged as a missing parameter."""
    tokens = (request.subject_token, request.actor_token)
    named = {request.requested_token_type, *(token.token_type for token in tokens if token)}
    return dict.fromkeys(sorted(named - {""}), True)


def is_lifetime(lifetime: Any) -> bool:
    """Whether a requested lifetime is a positive whole number of seconds; a boolean is none."""
    return isinstance(lifetime, int) and not isinstance(lifetime, bool) and lifetime > 0


def resources(named: tuple[str, ...]) -> dict[str, Any]:
    """Say what holds for every `resource` of the request (RFC 8707, section 2)."""
    uris = [resource_uri.parse(resource) for resource in named]
    return {
        "absolute": all(uri.absolute for uri in uris),
        "whole": not any(uri.fragment for uri in uris),
        "safe": all(uri.safe for uri in uris),
        "secure": all(uri.secure for uri in uris),
        "secure_or_loopback": all(uri.secure or (uri.scheme == "http" and uri.loopback) for uri in uris),
    }


def spiffe(name: Any) -> dict[str, Any]:
    """Facts about a SPIFFE ID; prefixes are whole path segments (SPIFFE-ID, section 2.4)."""
    spiffe_id = spiffes.parse(name)
    if spiffe_id is None:
        return {"valid": False, "workload": False}
    return {
        "valid": True,
        "workload": spiffe_id.is_workload,
        "trust_domain": spiffe_id.trust_domain,
        "path_prefixes": list(spiffe_id.prefixes()),
    }


def workload(declared: ActorWorkload | None) -> dict[str, Any]:
    """Facts about the declared workload. Where none is declared, none is malformed."""
    if declared is None:
        return {"declared": False, "valid": True, "workload": True, **_proof(None)}
    facts = {"declared": True, **_proof(declared.proof), **spiffe(declared.spiffe_id)}
    if facts["valid"]:
        facts["party"] = {"iss": f"spiffe://{facts['trust_domain']}", "sub": declared.spiffe_id}
    return facts


# What holds of a token that is not there: nothing in it is malformed, unproven or too early.
_HOLDS = ("consistent", "kind_known", "attested", "claims_well_formed", "named", "has_end", "active", "oauth")
_FAILS = ("mentioned", "presented", "proven", "has_act", "signed", "svid", "spiffe_subject", "key_bound")
ABSENT: dict[str, Any] = {
    **dict.fromkeys(_HOLDS, True),
    **dict.fromkeys((*_FAILS, "audience_bound", "multiple_audiences"), False),
    "form": "absent",
    "problem": "",
    "starts": 0,
}


def token(presented: Token | None) -> dict[str, Any]:
    """Facts about one token. A part that is absent or malformed has no fact, so its proof fails."""
    if presented is None:
        return ABSENT
    claims, svid = claims_grammar.readable(presented.claims), token_form.is_svid(presented)
    there = presented.presented
    facts: dict[str, Any] = {
        "mentioned": True,
        "presented": there,
        "consistent": there and presented.token_type != "",
        "kind_known": presented.kind in token_form.KINDS,
        "attested": presented.verified,
        **_proof(presented.proof),
        "claims_well_formed": claims is not None and claims_grammar.is_grammatical(claims),
        "typ": token_form.jose_typ(presented.header),
        "svid": svid,
        "oauth": token_form.is_oauth(presented),
        # Only what has a header shows how it was signed; the forms of SVIDs have a check of their own.
        "signed": presented.header is not None and not svid,
        "audience_bound": presented.header is not None and presented.kind not in {"wit", "x509_svid"},
    }
    if claims is None:
        return facts
    sub, aud = claims.get("sub"), audiences(claims.get("aud"))
    facts |= {
        "form": token_form.form(presented, claims),
        "named": is_name(sub),
        "has_end": "exp" in claims,
        "starts": max([math.ceil(claims[n]) if is_numeric_date(claims.get(n)) else 0 for n in ("nbf", "iat")]),
        "aud": aud,
        "multiple_audiences": len(aud) > 1,
        "auth_time": "absent" if "auth_time" not in claims else _kind_of_date(claims["auth_time"]),
        "has_act": "act" in claims,
        "delegated": "act" in claims or "may_act" in claims,
        "active": claims.get("active", True) is True,
        "key_bound": "cnf" in claims or presented.kind == "wit",
        "spiffe_subject": isinstance(sub, str) and sub.startswith("spiffe:"),
    }
    if is_numeric_date(claims.get("exp")):
        facts["exp"] = math.floor(claims["exp"])
    if isinstance(claims.get("scope"), str):
        facts["scope"] = list(scope.split(claims["scope"]))
    if isinstance(tenant := claims.get("tenant", ""), str):
        facts["tenant"] = tenant
    issuer = token_form.issuer(presented, claims)
    facts["issuer"] = issuer
    if issuer and is_name(sub):
        facts["party"] = {"iss": issuer, "sub": sub}
    if svid:
        facts["spiffe"] = spiffe(sub)
    if own_client := claims_grammar.own_client(claims):
        facts["own_client"] = own_client
    facts["chain"] = _chain(claims, issuer)
    if "may_act" in claims:
        facts["may_act"] = _may_act(claims["may_act"], issuer)
    if "cnf" in claims:
        known, jkt = claims_grammar.confirmation(claims["cnf"])
        facts["cnf"] = {"known": known} if jkt is None else {"known": known, "jkt": jkt}
    if "authorization_details" in claims:
        facts["authorization_details"] = authorization_details(JsonText(text="", value=claims["authorization_details"]))
    return facts


def _proof(proof: Proof | None) -> dict[str, Any]:
    """Whether evidence was verified here, whatever the caller says, and if not, why not."""
    if proof is None:
        return {"proven": False, "problem": ""}
    return {"proven": proof.verified, "problem": "" if proof.problem is None else proof.problem.value}


def _kind_of_date(value: Any) -> str:
    return "number" if is_numeric_date(value) else "malformed"


def _party(level: Mapping[str, Any], issuer: str) -> dict[str, Any]:
    iss, sub = delegation.party(level, issuer)
    return {"iss": iss, "sub": sub}


def _chain(claims: Mapping[str, Any], issuer: str) -> dict[str, Any]:
    if "act" not in claims:
        return {"well_formed": True, "levels": []}
    try:
        levels = delegation.flatten(claims["act"])
    except ValueError:
        return {"well_formed": False, "levels": []}
    return {"well_formed": True, "levels": [_level(level, issuer) for level in levels]}


def _level(level: Mapping[str, Any], issuer: str) -> dict[str, Any]:
    facts: dict[str, Any] = _party(level, issuer)
    if is_name(level.get("client_id")):
        facts["client_id"] = level["client_id"]
    if facts["sub"].startswith("spiffe:"):
        facts["spiffe"] = spiffe(facts["sub"])
    return facts


def _may_act(may_act: Any, issuer: str) -> dict[str, Any]:
    entries = may_act if isinstance(may_act, list) else [may_act]
    well_formed = all(map(claims_grammar.is_party, entries))
    facts: dict[str, Any] = {"well_formed": well_formed, "array": isinstance(may_act, list), "entries": []}
    if well_formed:
        facts["entries"] = [_entry(entry, issuer) for entry in entries]
    return facts


def _entry(entry: Mapping[str, Any], issuer: str) -> dict[str, Any]:
    facts: dict[str, Any] = _party(entry, issuer)
    facts["any_client"] = "client_id" not in entry
    facts["understood"] = entry.keys() <= claims_grammar.MAY_ACT_KNOWN
    if "client_id" in entry:
        facts["client_id"] = entry["client_id"]
    return facts


def authorization_details(details: JsonText | None) -> dict[str, Any]:
    """RFC 9396, section 2: an array of objects with a `type`; decimals get a key that sorts by amount."""
    if details is None:
        return {"given": False, "well_formed": True, "decimals": []}
    if not claims_grammar.are_details(details):
        return {"given": True, "well_formed": False, "decimals": []}
    return {"given": bool(details.value), "well_formed": True, "decimals": list(map(decimal_key.keys, details.value))}
