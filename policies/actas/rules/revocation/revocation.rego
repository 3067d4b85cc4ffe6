# METADATA
# title: The kill switch
# description: >-
#   Whatever was revoked obtains nothing more. Earlier actors count only here, and only to deny (RFC
#   8693, section 4.1).
package actas.rules.revocation

import data.actas.lib.chain
import data.actas.lib.revocations

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_client_active
	_state_known
	_subject_active
	_actor_active
	_chain_active
	_delegation_active
	_tokens_active
}

# METADATA
# title: Revoked clients
# description: >-
#   The client is not revoked.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: CLIENT_REVOKED
#   error: unauthorized_client
#   checks: [KIL-02]
#   reason: the client is revoked
deny contains {
	"code": "CLIENT_REVOKED",
	"rule": "revocation",
	"reason": "the client is revoked",
} if not _client_active

_client_active if input.state.revocations == []

else if not _client_revoked

_client_revoked if {
	some revocation in revocations.active
	revocation.kind == "client"
	revocation.client_id == input.client.client_id
	revocations.same_server(revocation)
}

# METADATA
# title: Known revocation state
# description: >-
#   Without a fresh revocation state nobody is known not to be revoked. Nor is anybody who acts in a chain that has no
#   name (txn) while a chain is revoked.
# related_resources:
# - ref: https://openid.net/specs/openid-caep-1_0-final.html
#   description: CAEP
# custom:
#   code: REVOCATION_STATE_UNKNOWN
#   error: invalid_request
#   checks: [KIL-05]
#   reason: the revocation state is unknown or stale
deny contains {
	"code": "REVOCATION_STATE_UNKNOWN",
	"rule": "revocation",
	"reason": "the revocation state is unknown or stale",
} if not _state_known

_state_known if {
	input.state.freshness == "fresh"
	input.state.revocations == []
}

else if {
	input.state.freshness == "fresh"
	every revocation in input.state.revocations {
		revocations.readable(revocation)
	}
	not _chain_unresolved
}

_chain_unresolved if revocations.act_without_chain

# METADATA
# title: Revoked subjects and sessions
# description: >-
#   The login behind the token came after every revocation of the subject.
# related_resources:
# - ref: https://openid.net/specs/openid-caep-1_0-final.html
#   description: CAEP
# custom:
#   code: SUBJECT_REVOKED
#   error: invalid_request
#   checks: [KIL-01]
#   reason: the subject is revoked
deny contains {
	"code": "SUBJECT_REVOKED",
	"rule": "revocation",
	"reason": "the subject is revoked",
} if not _subject_active

_subject_active if input.state.revocations == []

else if {
	every revocation in revocations.of_subject {
		revocations.logged_in_after(revocation)
	}
}

# METADATA
# title: Revoked actors
# description: >-
#   The actor is not revoked: not by agent, not by name, not by a prefix of whole path segments.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: ACTOR_REVOKED
#   error: invalid_request
#   checks: [KIL-02]
#   reason: the actor is revoked
deny contains {
	"code": "ACTOR_REVOKED",
	"rule": "revocation",
	"reason": "the actor is revoked",
} if not _actor_active

_actor_active if input.state.revocations == []

else if not _actor_revoked

_actor_revoked if {
	some revocation in revocations.active
	revocations.hits(revocation, chain.actor_level)
}

# Leaving out the actor token does not bring a revoked actor back as its client.
else if {
	input.facts.actor_token.mentioned == false
	some revocation in revocations.active
	revocations.hits(revocation, revocations.client_level)
}

# METADATA
# title: Revoked earlier actors
# description: >-
#   Nobody who acted earlier in the chain is revoked; a switch restores the literal reading of RFC
#   8693.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.1
#   description: RFC 8693, section 4.1
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: CHAIN_MEMBER_REVOKED
#   error: invalid_request
#   checks: [KIL-03]
#   reason: an earlier actor of the chain is revoked
deny contains {
	"code": "CHAIN_MEMBER_REVOKED",
	"rule": "revocation",
	"reason": "an earlier actor of the chain is revoked",
} if not _chain_active

_chain_active if input.state.revocations == []

else if not _chain_revoked

else if data.actas.settings.chain_member_revocation == "off"

_chain_revoked if {
	some revocation in revocations.active
	some level in chain.inbound
	revocations.hits(revocation, level)
}

# What the subject took back from an earlier actor is not handed on by it.
else if {
	some revocation in revocations.of_delegation
	some level in chain.inbound
	revocations.denotes(revocation.actor, level)
}

# METADATA
# title: Revoked delegations
# description: >-
#   The subject has not taken back what this actor may do.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: DELEGATION_REVOKED
#   error: invalid_request
#   checks: [KIL-02]
#   reason: the delegation from the subject to the actor is revoked
deny contains {
	"code": "DELEGATION_REVOKED",
	"rule": "revocation",
	"reason": "the delegation from the subject to the actor is revoked",
} if not _delegation_active

_delegation_active if input.state.revocations == []

else if not _delegation_revoked

_delegation_revoked if {
	some revocation in revocations.of_delegation
	revocations.names_actor(revocation.actor)
}

# METADATA
# title: Revoked tokens
# description: >-
#   Neither token is revoked by its jti or by the chain of decisions that it was issued in (txn), or inactive where the
#   authorization server introspected it.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
#   description: RFC 7662, section 2.2
# custom:
#   code: TOKEN_REVOKED
#   error: invalid_request
#   checks: [KIL-04]
#   reason: a token is revoked
deny contains {
	"code": "TOKEN_REVOKED",
	"rule": "revocation",
	"reason": "a token is revoked",
} if not _tokens_active

_tokens_active if {
	input.state.revocations == []
	input.facts.subject_token.active
	input.facts.actor_token.active
}

else if {
	input.facts.subject_token.active
	input.facts.actor_token.active
	not _token_revoked
}

_token_revoked if {
	some _ in revocations.of_tokens
}
