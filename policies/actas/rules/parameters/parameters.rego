# METADATA
# title: The parameters of the request
# description: >-
#   What RFC 8693 requires is there, once.
package actas.rules.parameters

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_required_parameters_present
	_actor_token_typed
	_parameters_unique
	_lifetime_well_formed
	_authorization_server_known
}

# METADATA
# title: Required parameters
# description: >-
#   grant_type, subject_token and subject_token_type are required, and the code exchange of the on-
#   behalf-of draft requires an actor token. An empty parameter counts as omitted.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#   description: RFC 8693, section 2.1
# - ref: https://datatracker.ietf.org/doc/draft-oauth-ai-agents-on-behalf-of-user/
#   description: OBO, section 4.2
# custom:
#   code: MISSING_PARAMETER
#   error: invalid_request
#   checks: [REQ-02, OBO-02]
#   reason: a required parameter is missing
deny contains {
	"code": "MISSING_PARAMETER",
	"rule": "parameters",
	"reason": "a required parameter is missing",
} if not _required_parameters_present

_required_parameters_present if {
	input.facts.missing_parameters == []
	_actor_present_where_required
}

_actor_present_where_required if input.facts.actor_token.presented == true

else if not _code_exchange

else if input.code.stage == "authorization"

_code_exchange if input.grant_type == "authorization_code"

# METADATA
# title: Actor token and its type
# description: >-
#   actor_token_type is present if and only if actor_token is.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#   description: RFC 8693, section 2.1
# custom:
#   code: ACTOR_TOKEN_TYPE_MISMATCH
#   error: invalid_request
#   checks: [REQ-03]
#   reason: actor_token and actor_token_type must come together
deny contains {
	"code": "ACTOR_TOKEN_TYPE_MISMATCH",
	"rule": "parameters",
	"reason": "actor_token and actor_token_type must come together",
} if not _actor_token_typed

_actor_token_typed if input.facts.actor_token.consistent

# METADATA
# title: Repeated parameters
# description: >-
#   Only resource and audience may occur more than once.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
#   description: RFC 6749, section 3.2
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#   description: RFC 8693, section 2.1
# custom:
#   code: DUPLICATE_PARAMETER
#   error: invalid_request
#   checks: [REQ-04]
#   reason: a parameter occurs more than once
deny contains {
	"code": "DUPLICATE_PARAMETER",
	"rule": "parameters",
	"reason": "a parameter occurs more than once",
} if not _parameters_unique

_parameters_unique if input.duplicate_parameters == []

# METADATA
# title: Requested lifetime
# description: >-
#   A requested lifetime is a positive whole number of seconds. RFC 8693 has no such parameter; it
#   is an extension of the caller.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
#   description: RFC 8693, section 2.2.1
# custom:
#   code: LIFETIME_INVALID
#   error: invalid_request
#   checks: [LIF-01]
#   reason: requested_lifetime is not a positive whole number of seconds
deny contains {
	"code": "LIFETIME_INVALID",
	"rule": "parameters",
	"reason": "requested_lifetime is not a positive whole number of seconds",
} if not _lifetime_well_formed

_lifetime_well_formed if input.facts.lifetime_well_formed

# METADATA
# title: Authorization server
# description: >-
#   The authorization server that will issue is in the registry.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#   description: RFC 8693, section 2.1
# custom:
#   code: AUTHORIZATION_SERVER_UNKNOWN
#   error: invalid_request
#   checks: [ENG-05]
#   reason: the authorization server is not in the registry
deny contains {
	"code": "AUTHORIZATION_SERVER_UNKNOWN",
	"rule": "parameters",
	"reason": "the authorization server is not in the registry",
} if not _authorization_server_known

_authorization_server_known if data.actas.index.authorization_servers[input.authorization_server]
