# METADATA
# title: The on-behalf-of draft
# description: >-
#   requested_actor at the authorization stage, the same actor's token at the code exchange. A
#   profile, off by default.
package actas.rules.on_behalf_of

import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_actor_recognised
	_code_matches
}

# METADATA
# title: A recognised actor
# description: >-
#   The requested actor is registered, as an agent or under the client.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-oauth-ai-agents-on-behalf-of-user/
#   description: OBO, section 4.1
# custom:
#   code: ACTOR_UNKNOWN
#   error: invalid_request
#   checks: [OBO-01]
#   reason: the requested actor is not registered
deny contains {
	"code": "ACTOR_UNKNOWN",
	"rule": "on_behalf_of",
	"reason": "the requested actor is not registered",
} if not _actor_recognised

_actor_recognised if input.grant_type == "urn:ietf:params:oauth:grant-type:token-exchange"

else if data.actas.index.agents[input.code.requested_actor]

else if exchange.client.actors[input.code.requested_actor]

# METADATA
# title: The code's own parties
# description: >-
#   The code is redeemed for its user, by its client, with the token of its requested actor.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-oauth-ai-agents-on-behalf-of-user/
#   description: OBO, section 4.2
# custom:
#   code: REQUESTED_ACTOR_MISMATCH
#   error: invalid_request
#   checks: [OBO-02, OBO-03]
#   reason: the code was issued for other parties
deny contains {
	"code": "REQUESTED_ACTOR_MISMATCH",
	"rule": "on_behalf_of",
	"reason": "the code was issued for other parties",
} if not _code_matches

_code_matches if input.grant_type == "urn:ietf:params:oauth:grant-type:token-exchange"

else if {
	input.code.stage == "authorization"
	input.code.client_id == input.client.client_id
}

else if {
	input.code.client_id == input.client.client_id
	input.code.sub == exchange.subject.sub
	exchange.subject.iss == input.authorization_server
	input.code.requested_actor in exchange.names
}
