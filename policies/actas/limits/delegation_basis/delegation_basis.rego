# METADATA
# title: What the delegation basis covers
# description: >-
#   A may_act claim leaves the authority as it is; a consent or a grant is a ceiling, and a consent
#   also ends.
package actas.limits.delegation_basis

import data.actas.lib.basis
import data.actas.lib.ceiling
import data.actas.lib.exchange

granted_scope := exchange.requested_scope if basis.may_act_understood

else := exchange.requested_scope if basis.code_bound

else := _recorded if basis.named

else := exchange.requested_scope

default max_lifetime_seconds := 0

max_lifetime_seconds := data.actas.settings.max_lifetime_seconds if _remaining == set()

else := min(_remaining)

_recorded := _consented | _granted

_consented := {scope |
	some i in basis.consents
	some scope in input.facts.consents[i].scope
}

# A grant for one target lends no scope at another.
_granted := intersection({scopes |
	some target in input.facts.targets
	scopes := {scope |
		some grant in basis.grants
		grant.targets[data.actas.index.targets[target].canonical]
		some scope in object.keys(grant.scopes)
	}
})

# Only what is relied on ends the token: consents are, without a may_act claim and without a scope claim.
_remaining contains input.consents[i].until - input.now if {
	some i in basis.consents
	not basis.may_act_understood
	_lends(i)
}

_remaining contains input.consents[i].until - input.now if {
	some i in basis.consents
	not input.subject_token.claims.scope
	_lends(i)
}

# A consent to nothing that would be issued is not relied on.
_lends(i) if {
	some scope in input.facts.consents[i].scope
	scope in ceiling.granted_scope
}
