# METADATA
# title: What the settings allow
# description: >-
#   Forbidden scopes are never left. No token outlives max_lifetime_seconds, nor the maximum of any
#   risk class of what would be issued.
package actas.limits.settings

import data.actas.lib.exchange

import data.actas.lib.ceiling

default granted_scope := set()

granted_scope := exchange.requested_scope - object.keys(data.actas.index.forbidden_scopes)

default max_lifetime_seconds := 0

max_lifetime_seconds := data.actas.settings.max_lifetime_seconds if ceiling.risk_classes == set()

else := min({seconds |
	some class in ceiling.risk_classes
	seconds := data.actas.index.risk[class].max_lifetime_seconds
} | {data.actas.settings.max_lifetime_seconds})
