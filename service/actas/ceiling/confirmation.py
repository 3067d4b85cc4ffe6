"""What kind of token is issued, and that it is bound to nobody's key but the presenter's (RFC 9449, section 6)."""

from __future__ import annotations

from actas.ceiling.breach import require
from actas.ceiling.parties import Parties
from actas.engine.result import PolicyLimits
from actas.request import ACCESS_TOKEN, ExchangeRequest


def check(request: ExchangeRequest, limits: PolicyLimits, parties: Parties) -> None:
    """Check token type and confirmation key.

    Raises:
        BoundBroken: another type than requested, another key than the presenter proved, or a binding lost.

    """
    require(limits.issued_token_type == request.requested_token_type, "token_type")
    cnf = limits.cnf
    # RFC 8693, section 2.2.1: N_A for whatever is no access token.
    bearer_or_bound = "Bearer" if cnf is None else "DPoP"
    expected = bearer_or_bound if limits.issued_token_type == ACCESS_TOKEN else "N_A"
    require(limits.token_type == expected, "token_type")
    if cnf is None:
        # RFC 9700, section 2.2.1: what came in bound does not go out as bearer.
        require("cnf" not in parties.claims, "cnf")
        return
    proven = request.client.proof_jkt
    require(cnf.keys() == {"jkt"} and bool(proven) and cnf["jkt"] == proven, "cnf")
