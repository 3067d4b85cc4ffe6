# METADATA
# title: What the agent is registered for
# description: >-
#   The scopes and the maximum of the agent's registry entry; an actor that is no registered agent
#   has the ceiling of its client.
package actas.limits.agent

import data.actas.lib.exchange

default granted_scope := set()

granted_scope := scopes if scopes := object.keys(_agent.scopes)

else := exchange.requested_scope if not _agent.scopes

default max_lifetime_seconds := 0

max_lifetime_seconds := seconds if seconds := _agent.max_lifetime_seconds

else := data.actas.settings.max_lifetime_seconds

_agent := data.actas.index.agents[exchange.limiting_agent]
