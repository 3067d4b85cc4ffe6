# METADATA
# title: What the client is registered for
# description: >-
#   The scopes of the client's registry entry.
package actas.limits.client

import data.actas.lib.exchange

default granted_scope := set()

granted_scope := object.keys(exchange.client.scopes)

default max_lifetime_seconds := 0

max_lifetime_seconds := data.actas.settings.max_lifetime_seconds
