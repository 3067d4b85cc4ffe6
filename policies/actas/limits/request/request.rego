# METADATA
# title: What is asked for
# description: >-
#   Nothing beyond the request, or beyond the documented defaults where the request is silent (RFC
#   6749, section 3.3).
package actas.limits.request

import data.actas.lib.exchange

default granted_scope := set()

granted_scope := exchange.requested_scope

default max_lifetime_seconds := 0

max_lifetime_seconds := exchange.requested_lifetime
