# METADATA
# title: What the subject token itself carries
# description: >-
#   An exchange never adds to the token that is exchanged: not scope, and not time (its exp,
#   without leeway). A token without a scope claim has the ceiling of the user's consent, and none
#   means nothing.
package actas.limits.subject_token

import data.actas.lib.basis

default granted_scope := set()

granted_scope := {scope | some scope in claimed} if claimed := input.facts.subject_token.scope

else := {scope |
	some i in basis.consents
	some scope in input.facts.consents[i].scope
} if {
	not input.subject_token.claims.scope
}

default max_lifetime_seconds := 0

max_lifetime_seconds := input.facts.subject_token.exp - input.now
