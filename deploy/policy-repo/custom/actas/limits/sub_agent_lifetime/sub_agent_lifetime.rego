# METADATA
# title: Tokens of sub-agents live for two minutes
# description: >-
#   The further a token travels, the sooner it ends. The scope is left as it is: a limit always says both.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.1
#   description: RFC 8693, section 4.1
package custom.actas.limits.sub_agent_lifetime

import data.actas.lib.exchange

granted_scope := exchange.requested_scope

# Without a readable chain the shorter lifetime holds.
default max_lifetime_seconds := 120

max_lifetime_seconds := data.actas.settings.max_lifetime_seconds if {
	input.facts.subject_token.chain.levels == []
}
