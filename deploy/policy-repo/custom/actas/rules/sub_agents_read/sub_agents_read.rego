# METADATA
# title: Sub-agents only read
# description: >-
#   An agent that another agent called cannot send, delete or pay in the user's name.
package custom.actas.rules.sub_agents_read

import data.actas.lib.exchange

# METADATA
# title: Sub-agents only read
# description: >-
#   A token that an agent already acts on is exchanged for scopes that end in .read only.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.1
#   description: RFC 8693, section 4.1
# custom:
#   code: SUB_AGENT_READS_ONLY
#   group: scope
#   error: invalid_scope
#   reason: a sub-agent asked for a scope that is not for reading
deny contains {
	"code": "SUB_AGENT_READS_ONLY",
	"rule": "sub_agents_read",
	"reason": "a sub-agent asked for a scope that is not for reading",
} if not _only_reads

# Nobody acts on this token yet, so the actor is no sub-agent.
_only_reads if input.facts.subject_token.chain.levels == []

_only_reads if {
	every scope in exchange.requested_scope {
		endswith(scope, ".read")
	}
}
