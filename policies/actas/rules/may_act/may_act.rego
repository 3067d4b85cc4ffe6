# METADATA
# title: The may_act claim
# description: >-
#   Where the subject names who may act, nobody else does. It counts from an issuer trusted to
#   assert it, and never becomes the identity of the actor.
package actas.rules.may_act

import data.actas.lib.basis
import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_well_formed
	_understood
	_actor_named
}

# METADATA
# title: Well-formed may_act
# description: >-
#   may_act is an object with a sub. An array is an extension that settings may allow; a string or
#   null names nobody.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.4
#   description: RFC 8693, section 4.4
# custom:
#   code: MAY_ACT_MALFORMED
#   error: invalid_request
#   checks: [MAY-05]
#   reason: the may_act claim is malformed
deny contains {
	"code": "MAY_ACT_MALFORMED",
	"rule": "may_act",
	"reason": "the may_act claim is malformed",
} if not _well_formed

_well_formed if {
	basis.may_act.well_formed
	basis.may_act.array == false
}

else if {
	basis.may_act.well_formed
	data.actas.settings.may_act_array
}

else if basis.may_act_absent

# METADATA
# title: Understood members
# description: >-
#   A member that constrains and is not understood fails closed; exp, nbf, aud, email, name and
#   sub_profile constrain nothing.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.4
#   description: RFC 8693, section 4.4
# custom:
#   code: MAY_ACT_UNSUPPORTED_MEMBER
#   error: invalid_request
#   checks: [MAY-06, MAY-04]
#   reason: may_act has a member that is not understood
deny contains {
	"code": "MAY_ACT_UNSUPPORTED_MEMBER",
	"rule": "may_act",
	"reason": "may_act has a member that is not understood",
} if not _understood

_understood if basis.may_act_understood

else if basis.may_act_absent

else if {
	every entry in basis.may_act.entries {
		entry.understood
	}
}

# METADATA
# title: The actor is the one named
# description: >-
#   iss and sub name the actor together, and client_id, where present, the authenticated client.
#   Without iss the subject token's issuer is meant, or the trust domain of a SPIFFE ID.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.4
#   description: RFC 8693, section 4.4
# custom:
#   code: MAY_ACT_MISMATCH
#   error: invalid_request
#   checks: [MAY-01, MAY-02, MAY-03]
#   reason: may_act names another party
deny contains {
	"code": "MAY_ACT_MISMATCH",
	"rule": "may_act",
	"reason": "may_act names another party",
} if not _actor_named

_actor_named if basis.may_act_names

else if basis.may_act_absent

# Where nobody acts the rule delegation says what that means.
else if not _actor_acts

_actor_acts if exchange.actor
