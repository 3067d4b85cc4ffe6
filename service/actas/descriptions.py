"""The `error_description` of every denial code (RFC 6749, section 5.2).

Fixed sentences: nothing of the request is ever repeated, and wherever naming the gate would tell an attacker
which of several checks to work on, all of them share one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

NEUTRAL = "The request cannot be granted."
_CLIENT_REFUSED = "The client is not authorized for this request."
_TARGET = "The requested resource or audience is not acceptable."
_SCOPE = "The requested scope is not acceptable."
_DETAILS = "The requested authorization_details are not acceptable."
_LOGIN = "A stronger or more recent authentication of the user is required."
_APPROVAL = "The request needs a valid approval."

# By OAuth error, for codes that have no sentence of their own: groups policy, token, binding, kill,
# delegation, ceiling, and the codes of adopters' rules.
_BY_ERROR: Mapping[str, str] = {
    "invalid_client": "Client authentication failed.",
    "unauthorized_client": _CLIENT_REFUSED,
    "unsupported_grant_type": "The grant type is not supported.",
    "invalid_target": _TARGET,
    "invalid_scope": _SCOPE,
    "invalid_authorization_details": _DETAILS,
    "insufficient_user_authentication": _LOGIN,
    "access_denied": NEUTRAL,
}

# What the requester can see in its own request may be named; what we know about others may not.
_BY_CODE: Mapping[str, str] = {
    "MISSING_PARAMETER": "A required parameter is missing.",
    "ACTOR_TOKEN_TYPE_MISMATCH": "actor_token and actor_token_type must be given together.",
    "DUPLICATE_PARAMETER": "A parameter that must not repeat was given more than once.",
    "UNSUPPORTED_TOKEN_TYPE": "A token type is not supported.",
    "REFRESH_TOKEN_NOT_ALLOWED": "The requested token type is not available by token exchange.",
    "TOKEN_TYPE_NOT_ALLOWED": "A token type is not acceptable here.",
    "LIFETIME_INVALID": "The requested lifetime is not a positive whole number of seconds.",
    "RESOURCE_NOT_ABSOLUTE": "The resource parameter must be an absolute URI.",
    "RESOURCE_HAS_FRAGMENT": "The resource parameter must not have a fragment.",
    "TARGET_REQUIRED": "A resource or an audience is required.",
    "TOO_MANY_TARGETS": "Too many resources or audiences were requested at once.",
    "SCOPE_MALFORMED": "The scope parameter is malformed.",
    "RAR_INVALID": "The authorization_details parameter is malformed.",
    "APPROVAL_UNVERIFIABLE": _APPROVAL,
    "APPROVER_INELIGIBLE": _APPROVAL,
    "APPROVAL_REQUIRED": _APPROVAL,
    "APPROVAL_MISMATCH": _APPROVAL,
    "APPROVAL_EXPIRED": _APPROVAL,
    "APPROVAL_REVOKED": _APPROVAL,
}


def of(code: str, error: str) -> str:
    """Give the sentence for the primary denial *code*, answered with the OAuth error *error*."""
    return _BY_CODE.get(code) or _BY_ERROR.get(error, NEUTRAL)
