# METADATA
# title: Token types
# description: >-
#   Token types are URIs and compared exactly.
package actas.rules.token_type

import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_types_known
	_no_refresh_token_requested
	_types_allowed
}

# METADATA
# title: Known token types
# description: >-
#   Every token type of the request is one that Actas knows.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-3
#   description: RFC 8693, section 3
# custom:
#   code: UNSUPPORTED_TOKEN_TYPE
#   error: invalid_request
#   checks: [REQ-07]
#   reason: a token type is not supported
deny contains {
	"code": "UNSUPPORTED_TOKEN_TYPE",
	"rule": "token_type",
	"reason": "a token type is not supported",
} if not _types_known

# Those of RFC 8693, section 3, and of the drafts that extend it. What is left is none of them.
_types_known if object.remove(input.facts.token_types, {
	"urn:ietf:params:oauth:token-type:access_token",
	"urn:ietf:params:oauth:token-type:refresh_token",
	"urn:ietf:params:oauth:token-type:id_token",
	"urn:ietf:params:oauth:token-type:jwt",
	"urn:ietf:params:oauth:token-type:saml1",
	"urn:ietf:params:oauth:token-type:saml2",
	"urn:ietf:params:oauth:token-type:id-jag",
	"urn:ietf:params:oauth:token-type:txn_token",
}) == {}

# METADATA
# title: No refresh token
# description: >-
#   A refresh token would outlive every limit of the decision.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
#   description: RFC 8693, section 2.2.1
# custom:
#   code: REFRESH_TOKEN_NOT_ALLOWED
#   error: invalid_request
#   checks: [TYP-01]
#   reason: a refresh token is not issued by exchange
deny contains {
	"code": "REFRESH_TOKEN_NOT_ALLOWED",
	"rule": "token_type",
	"reason": "a refresh token is not issued by exchange",
} if not _no_refresh_token_requested

_no_refresh_token_requested if {
	input.requested_token_type != "urn:ietf:params:oauth:token-type:refresh_token"
}

# METADATA
# title: Token types that may be exchanged
# description: >-
#   Access tokens, JWTs and ID tokens stand for a subject, access tokens and JWTs for an actor; a
#   refresh token never does, and an SVID stands for no subject. Other types are issued only where
#   the client is registered for them.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-3
#   description: RFC 8693, section 3
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: TOKEN_TYPE_NOT_ALLOWED
#   error: invalid_request
#   checks: [TYP-02, TXN-04]
#   reason: a token of this type or kind is not accepted here
deny contains {
	"code": "TOKEN_TYPE_NOT_ALLOWED",
	"rule": "token_type",
	"reason": "a token of this type or kind is not accepted here",
} if not _types_allowed

_types_allowed if {
	_requested_type_allowed
	_subject_type_allowed
	_actor_type_allowed
	input.facts.subject_token.kind_known
	input.facts.subject_token.svid == false
	input.facts.actor_token.kind_known
}

_requested_type_allowed if input.requested_token_type == "urn:ietf:params:oauth:token-type:access_token"

else if input.requested_token_type == "urn:ietf:params:oauth:token-type:jwt"

else if exchange.client.token_types[input.requested_token_type]

_subject_type_allowed if input.subject_token.token_type == "urn:ietf:params:oauth:token-type:access_token"

else if {
	input.subject_token.token_type == "urn:ietf:params:oauth:token-type:id_token"
}

else if {
	input.subject_token.token_type == "urn:ietf:params:oauth:token-type:jwt"
}

_actor_type_allowed if input.facts.actor_token.mentioned == false

else if {
	input.actor_token.token_type == "urn:ietf:params:oauth:token-type:access_token"
}

else if {
	input.actor_token.token_type == "urn:ietf:params:oauth:token-type:jwt"
}

# Without a type it is no valid request at all, which the rule parameters says.
else if {
	input.actor_token.token_type == ""
}
