# METADATA
# title: The key that the issued token is bound to
# description: >-
#   Always the key that the presenter proved in this very request, never the one of the subject token.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9449#section-6
#   description: RFC 9449, section 6
package actas.lib.confirmation

import data.actas.lib.exchange

# A client registered for bearer tokens gets a bearer token although it proved a key.
cnf := null if input.client.proof_jkt == ""

else := {"jkt": input.client.proof_jkt} if exchange.client.dpop_bound_access_tokens

else := null

# RFC 8693, section 2.2.1: N_A for whatever is no access token.
token_type := "Bearer" if {
	input.requested_token_type == "urn:ietf:params:oauth:token-type:access_token"
	cnf == null
}

else := "DPoP" if {
	input.requested_token_type == "urn:ietf:params:oauth:token-type:access_token"
}

else := "N_A"
