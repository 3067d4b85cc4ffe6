# METADATA
# title: What the approvals relied on leave
# description: >-
#   What is issued on an approval ends with the approval.
package actas.limits.approval

import data.actas.lib.exchange

import data.actas.lib.approval

granted_scope := exchange.requested_scope

default max_lifetime_seconds := 0

max_lifetime_seconds := data.actas.settings.max_lifetime_seconds if approval.relied_on == set()

else := min({seconds |
	some i in approval.relied_on
	seconds := input.approvals[i].approved_until - input.now
} | {data.actas.settings.max_lifetime_seconds})
