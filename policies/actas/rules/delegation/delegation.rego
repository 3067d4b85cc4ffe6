# METADATA
# title: Delegation, impersonation, or neither
# description: >-
#   Who acts says so, and something links subject and actor.
package actas.rules.delegation

import data.actas.lib.basis
import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_actor_present
	_not_impersonating
	_basis_present
	_actor_undelegated
	_parties_differ
}

# METADATA
# title: A delegated token stays delegated
# description: >-
#   A subject token with act or may_act is not exchanged without an actor; leaving out the actor
#   token on purpose must not turn delegation into impersonation.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.4
#   description: RFC 8693, section 4.4
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: DELEGATION_REQUIRES_ACTOR
#   error: invalid_request
#   checks: [ACT-12, MAY-07]
#   reason: a delegated token cannot be exchanged without an actor
deny contains {
	"code": "DELEGATION_REQUIRES_ACTOR",
	"rule": "delegation",
	"reason": "a delegated token cannot be exchanged without an actor",
} if not _actor_present

_actor_present if exchange.actor

else if input.facts.subject_token.delegated == false

# METADATA
# title: Impersonation
# description: >-
#   Without an actor the issued token would hide who acts. It is off unless settings allow it.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-1.1
#   description: RFC 8693, section 1.1
# custom:
#   code: IMPERSONATION_NOT_ALLOWED
#   error: invalid_request
#   checks: [ACT-11, ACT-14]
#   reason: impersonation is not allowed
deny contains {
	"code": "IMPERSONATION_NOT_ALLOWED",
	"rule": "delegation",
	"reason": "impersonation is not allowed",
} if not _not_impersonating

_not_impersonating if exchange.actor

else if data.actas.settings.impersonation == "allow"

# METADATA
# title: A basis of the delegation
# description: >-
#   Two valid tokens prove no delegation: a trusted may_act, a recorded consent or a grant links
#   this subject to this actor at this client.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.4
#   description: RFC 8693, section 4.4
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: NO_DELEGATION_BASIS
#   error: invalid_request
#   checks: [BND-05, MAY-08, MCP-02]
#   reason: nothing links the actor to the subject
deny contains {
	"code": "NO_DELEGATION_BASIS",
	"rule": "delegation",
	"reason": "nothing links the actor to the subject",
} if not _basis_present

# What may_act says is judged by the rule of that name.
_basis_present if basis.may_act

else if basis.named

else if not _actor_acts

_actor_acts if exchange.actor

# METADATA
# title: The actor speaks for itself
# description: >-
#   An actor token that carries act is itself the result of a delegation.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: ACTOR_TOKEN_DELEGATED
#   error: invalid_request
#   checks: [ACT-10]
#   reason: the actor token is itself delegated
deny contains {
	"code": "ACTOR_TOKEN_DELEGATED",
	"rule": "delegation",
	"reason": "the actor token is itself delegated",
} if not _actor_undelegated

_actor_undelegated if input.facts.actor_token.has_act == false

# METADATA
# title: Two parties
# description: >-
#   Acting for oneself is no delegation. Parties are compared by issuer and sub, so an equal sub of
#   another issuer is somebody else.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-1.1
#   description: RFC 8693, section 1.1
# custom:
#   code: ACTOR_EQUALS_SUBJECT
#   error: invalid_request
#   checks: [ACT-09, ACT-16]
#   reason: the actor is the subject
deny contains {
	"code": "ACTOR_EQUALS_SUBJECT",
	"rule": "delegation",
	"reason": "the actor is the subject",
} if not _parties_differ

_parties_differ if exchange.actor != exchange.subject

else if not _actor_acts
