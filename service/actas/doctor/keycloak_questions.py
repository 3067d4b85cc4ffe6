"""Asks a running Actas whether it knows a realm: an exchange per client that cannot be allowed, and why it was not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from actas.doctor.finding import Finding, Remedy, fail, unless_any
from actas.doctor.keycloak_facts import TOKEN_EXCHANGE, Facts, JsonDict, attributes, client_id, token_typ
from actas.document import from_document
from actas.request import ACCESS_TOKEN, ExchangeRequest

# Who the question is about. No target is named, so that nothing can be allowed.
_NOBODY = "actas-doctor"

_ISSUER = 'issuers: {{"{issuer}": {{roles: [subject, actor, act, may_act], access_token_typ: [{typ}]}}}}'
_OF_THE_REALM = {
    "AUTHORIZATION_SERVER_UNKNOWN": 'authorization_servers: ["{issuer}"]',
    "UNTRUSTED_ISSUER": _ISSUER,
    "ISSUER_ROLE_MISMATCH": _ISSUER,
    "TOKEN_TYPE_CONFUSION": _ISSUER,
    "ALG_NOT_ALLOWED": 'issuers: {{"{issuer}": {{…, algorithms: [{algorithm}]}}}}',
}
_OF_THE_CLIENT = "CLIENT_NOT_ALLOWED"
_ALGORITHM = "access.token.signed.response.alg"


def algorithm(facts: Facts, client: JsonDict) -> str:
    """Give what the client's access tokens are signed with: its own choice, or the realm's; Keycloak's is RS256."""
    chosen = attributes(client).get(_ALGORITHM) or facts.representation.get("defaultSignatureAlgorithm")
    return str(chosen or "RS256")


def questions(facts: Facts) -> dict[str, ExchangeRequest]:
    """Give the question for each client that may exchange tokens."""
    return {client_id(client): _question(facts, client) for client in facts.exchanging}


def _question(facts: Facts, representation: JsonDict) -> ExchangeRequest:
    client = client_id(representation)
    now = int(time.time())
    claims: dict[str, Any] = {"iss": facts.issuer, "exp": now + 60, "iat": now, "typ": "Bearer", "azp": client}
    token = {
        "token_type": ACCESS_TOKEN,
        "header": {"typ": token_typ(representation), "alg": algorithm(facts, representation)},
        "verified": True,
    }
    return from_document(
        {
            "request_id": _NOBODY,
            "authorization_server": facts.issuer,
            "grant_type": TOKEN_EXCHANGE,
            "client": {"client_id": client, "authenticated": True, "confidential": True},
            "subject_token": token | {"claims": claims | {"sub": _NOBODY, "aud": [client], "jti": _NOBODY}},
            "actor_token": token | {"claims": claims | {"sub": client, "aud": [facts.issuer], "jti": f"{_NOBODY}-2"}},
            "requested_token_type": ACCESS_TOKEN,
            "context": {"purpose": "actas doctor"},
        }
    )


def check(facts: Facts, denied: Mapping[str, list[str]]) -> list[Finding]:
    """Judge the codes that each client's question was denied with."""
    agreed = f"Actas knows {facts.issuer} and the {len(denied)} clients that may exchange tokens"
    return unless_any(_problems(facts, denied), "actas.registry", agreed)


def _problems(facts: Facts, denied: Mapping[str, list[str]]) -> Iterator[Finding]:
    typ = ", ".join(sorted({token_typ(client) for client in facts.exchanging}))
    algorithms = ", ".join(sorted({algorithm(facts, client) for client in facts.exchanging}))
    for code in dict.fromkeys(code for codes in denied.values() for code in codes):
        if code in _OF_THE_REALM:
            remedy = _OF_THE_REALM[code].format(issuer=facts.issuer, algorithm=algorithms, typ=typ)
            some = [client for client, codes in denied.items() if code in codes]
            # The header of tokens is a client's own choice, so a code of the realm can be of some clients only.
            which = "every exchange of" if len(some) == len(denied) else f"the exchanges of {', '.join(some)} at"
            message = f"Actas denies {which} {facts.issuer}: {code}"
            yield fail("actas.registry", message, Remedy(command=f"in the registry: {remedy}"))
    for client, codes in denied.items():
        if _OF_THE_CLIENT in codes:
            remedy = f"in the registry: clients: {{{json.dumps(client)}: {{actors: […], scopes: […], targets: […]}}}}"
            message = f"Actas does not know the client {client}: {_OF_THE_CLIENT}"
            yield fail("actas.registry", message, Remedy(command=remedy), client)
