# METADATA
# title: The client that calls the token endpoint
# description: >-
#   Authenticated, and registered for what it asks.
package actas.rules.client

import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_client_authenticated
	_client_registered
}

# METADATA
# title: Client authentication
# description: >-
#   Without client authentication any thief could launder a stolen token through the authorization
#   server.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#   description: RFC 8693, section 2.1
# - ref: https://www.rfc-editor.org/rfc/rfc9700#section-2.5
#   description: RFC 9700, section 2.5
# custom:
#   code: CLIENT_NOT_AUTHENTICATED
#   error: invalid_client
#   checks: [REQ-05]
#   reason: the client is not authenticated
deny contains {
	"code": "CLIENT_NOT_AUTHENTICATED",
	"rule": "client",
	"reason": "the client is not authenticated",
} if not _client_authenticated

_client_authenticated if input.client.authenticated == true

# METADATA
# title: Client registration
# description: >-
#   The client is registered at this authorization server, for this grant and for this type of
#   token.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
#   description: RFC 6749, section 5.2
# custom:
#   code: CLIENT_NOT_ALLOWED
#   error: unauthorized_client
#   checks: [REQ-06]
#   reason: the client is not registered for this request
deny contains {
	"code": "CLIENT_NOT_ALLOWED",
	"rule": "client",
	"reason": "the client is not registered for this request",
} if not _client_registered

_client_registered if {
	exchange.client.authorization_server in {"", input.authorization_server}
	exchange.client.grant_types[input.grant_type]
	_token_type_registered
}

# A type that nobody is issued is the business of the rule token_type.
_token_type_registered if exchange.client.token_types[input.requested_token_type]

else if not _issuable

_issuable if {
	input.requested_token_type in {
		"urn:ietf:params:oauth:token-type:access_token",
		"urn:ietf:params:oauth:token-type:jwt",
	}
}
