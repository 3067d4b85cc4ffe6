# METADATA
# title: The presenter is the one that the tokens are meant for
# description: >-
#   No passthrough: what was issued for somebody else is not exchanged by whoever holds it.
package actas.rules.presenter

import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_meant_for_presenter
	_actor_of_client
	_namespaces_apart
}

# METADATA
# title: Presenter binding
# description: >-
#   The subject token names the client, one of its resources, the actor or this authorization server
#   as audience, or was issued to this client.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/
#   description: ID-JAG
# - ref: https://www.rfc-editor.org/rfc/rfc9700#section-2.3
#   description: RFC 9700, section 2.3
# custom:
#   code: SUBJECT_NOT_FOR_PRESENTER
#   error: invalid_request
#   checks: [BND-01, BND-02, MCP-01]
#   reason: the subject token is not meant for the presenter
deny contains {
	"code": "SUBJECT_NOT_FOR_PRESENTER",
	"rule": "presenter",
	"reason": "the subject token is not meant for the presenter",
} if not _meant_for_presenter

_meant_for_presenter if {
	some audience in input.facts.subject_token.aud
	_presenter_audience(audience)
}

else if input.subject_token.claims.client_id == input.client.client_id

else if input.subject_token.claims.azp == input.client.client_id

_presenter_audience(audience) if audience == input.client.client_id

_presenter_audience(audience) if audience == input.authorization_server

_presenter_audience(audience) if exchange.client.resource_ids[audience]

_presenter_audience(audience) if {
	input.facts.actor_token.presented
	audience == exchange.candidate.sub
}

# METADATA
# title: The client's own actors
# description: >-
#   The actor is the authenticated client itself or registered under it, by agent id or by its whole
#   identity.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/
#   description: ID-JAG
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
#   description: spiffe-id, section 2.4
# custom:
#   code: ACTOR_CLIENT_MISMATCH
#   error: invalid_request
#   checks: [BND-04, SPF-04]
#   reason: the actor is not registered for this client
deny contains {
	"code": "ACTOR_CLIENT_MISMATCH",
	"rule": "presenter",
	"reason": "the actor is not registered for this client",
} if not _actor_of_client

_actor_of_client if input.facts.actor_token.presented == false

else if {
	some name in exchange.names
	exchange.client.actors[name]
}

else if {
	exchange.candidate.iss == input.authorization_server
	input.facts.actor_token.own_client == input.client.client_id
}

# METADATA
# title: Clients and users have names of their own
# description: >-
#   A client id that is also a user's sub at the same issuer would let the client pass for that
#   user.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9700#section-4.15
#   description: RFC 9700, section 4.15
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-5
#   description: RFC 9068, section 5
# custom:
#   code: PRINCIPAL_NAMESPACE_CONFUSION
#   error: invalid_request
#   checks: [ACT-15]
#   reason: the client id is also the name of the subject
deny contains {
	"code": "PRINCIPAL_NAMESPACE_CONFUSION",
	"rule": "presenter",
	"reason": "the client id is also the name of the subject",
} if not _namespaces_apart

_namespaces_apart if input.facts.subject_token.party.sub != input.client.client_id

else if input.facts.subject_token.party.iss != input.authorization_server

# The client's own token names the client rightly.
else if input.facts.subject_token.own_client == input.client.client_id
