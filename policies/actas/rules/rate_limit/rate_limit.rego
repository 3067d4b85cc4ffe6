# METADATA
# title: Rate limits
# description: >-
#   An agent that runs wild, or somebody who has got hold of one, obtains no more than so many tokens in
#   a while. The service counts, this compares.
package actas.rules.rate_limit

import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_within_limits
}

# METADATA
# title: Exchanges per agent and per subject
# description: >-
#   Fewer exchanges than the limit were allowed to the agent, and for the subject. An actor that is no
#   registered agent is counted with its client. A count that is not known is over every limit.
# related_resources:
# - ref: https://openid.net/specs/authorization-api-1_0.html
#   description: AuthZEN, section 11
# custom:
#   code: RATE_LIMITED
#   error: invalid_request
#   checks: [AZN-13]
#   reason: too many exchanges in too short a time
deny contains {
	"code": "RATE_LIMITED",
	"rule": "rate_limit",
	"reason": "too many exchanges in too short a time",
} if not _within_limits

_within_limits if data.actas.index.rate_limits == {}

else if {
	data.actas.index.rate_limits
	_agent_within
	_subject_within
}

_agent_within if not _agent_limited

else if {
	is_number(_agent_count)
	_agent_count < _agent_limit.exchanges
}

_agent_limited if _agent_limit

_agent_limit := limit if limit := data.actas.index.rate_limits.agents[exchange.limiting_agent]

else := data.actas.index.rate_limits.per_agent

_agent_count := allowed if allowed := input.state.rates.agents[exchange.limiting_agent]

else := input.state.rates.client if not _agent_named

_agent_named if exchange.limiting_agent

_subject_within if not _subject_limited

else if {
	is_number(input.state.rates.subject)
	input.state.rates.subject < data.actas.index.rate_limits.per_subject.exchanges
}

_subject_limited if data.actas.index.rate_limits.per_subject
