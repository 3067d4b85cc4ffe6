# METADATA
# title: Keys that tokens are bound to
# description: >-
#   Bound in, proven; bound in, bound out.
package actas.rules.sender_constraint

import data.actas.lib.confirmation

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_confirmation_known
	_key_proven
	_stays_bound
}

# METADATA
# title: Known confirmation methods
# description: >-
#   A confirmation method that is not understood would not be enforced.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc7800#section-3.1
#   description: RFC 7800, section 3.1
# - ref: https://www.rfc-editor.org/rfc/rfc9449#section-6
#   description: RFC 9449, section 6
# - ref: https://www.rfc-editor.org/rfc/rfc8705#section-3.1
#   description: RFC 8705, section 3.1
# custom:
#   code: CNF_UNSUPPORTED
#   error: invalid_request
#   checks: [CNF-04]
#   reason: the subject token is bound by a method that is not supported
deny contains {
	"code": "CNF_UNSUPPORTED",
	"rule": "sender_constraint",
	"reason": "the subject token is bound by a method that is not supported",
} if not _confirmation_known

_confirmation_known if input.facts.subject_token.key_bound == false

else if input.facts.subject_token.cnf.known

# METADATA
# title: Proof of the bound key
# description: >-
#   The presenter proves the key of the subject token, or the actor's credential comes with a proof
#   of its own and the new token is bound to that.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9449#section-7
#   description: RFC 9449, section 7
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: SENDER_CONSTRAINT_UNPROVEN
#   error: invalid_request
#   checks: [CNF-01, WIM-01]
#   reason: the key of the subject token is not proven
deny contains {
	"code": "SENDER_CONSTRAINT_UNPROVEN",
	"rule": "sender_constraint",
	"reason": "the key of the subject token is not proven",
} if not _key_proven

_key_proven if input.facts.subject_token.key_bound == false

else if {
	input.client.proof_jkt != ""
	input.facts.subject_token.cnf.jkt == input.client.proof_jkt
}

else if {
	input.actor_token.pop_jkt != ""
	input.client.proof_jkt in {"", input.actor_token.pop_jkt}
}

# METADATA
# title: Bound in, bound out
# description: >-
#   What was bound to a key is not exchanged for a bearer token.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9700#section-2.2.1
#   description: RFC 9700, section 2.2.1
# custom:
#   code: SENDER_CONSTRAINT_DOWNGRADE
#   error: invalid_request
#   checks: [CNF-03, CNF-02]
#   reason: a bound token would be exchanged for a bearer token
deny contains {
	"code": "SENDER_CONSTRAINT_DOWNGRADE",
	"rule": "sender_constraint",
	"reason": "a bound token would be exchanged for a bearer token",
} if not _stays_bound

_stays_bound if input.facts.subject_token.key_bound == false

else if confirmation.cnf != null
