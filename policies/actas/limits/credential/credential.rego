# METADATA
# title: What the credentials presented leave
# description: >-
#   A session cookie, an API key, an RPA script or a vendor SDK obtains short-lived tokens only;
#   and where lifetime_caps names actor_exp, what is issued ends with the actor token.
package actas.limits.credential

import data.actas.lib.exchange

default granted_scope := set()

granted_scope := exchange.requested_scope

default max_lifetime_seconds := 0

max_lifetime_seconds := data.actas.settings.max_lifetime_seconds if _caps == set()

else := min(_caps)

_caps contains seconds if {
	input.facts.subject_token.oauth == false
	seconds := data.actas.index.credential_classes[input.subject_token.credential_class].max_lifetime_seconds
}

_caps contains seconds if {
	input.facts.actor_token.oauth == false
	seconds := data.actas.index.credential_classes[input.actor_token.credential_class].max_lifetime_seconds
}

_caps contains _actor_remaining if {
	"actor_exp" in data.actas.settings.lifetime_caps
	input.facts.actor_token.presented
}

# An actor token without a readable end leaves nothing where its end is a cap.
_actor_remaining := seconds if seconds := input.facts.actor_token.exp - input.now

else := 0
