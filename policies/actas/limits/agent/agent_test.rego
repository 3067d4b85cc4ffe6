package actas.limits.agent_test

import data.actas.lib.outcome_test as outcome
import data.actas.limits.agent

test_an_actor_that_is_no_registered_agent_is_not_limited if {
	_left([]) == {"granted_scope": {"mail.read"}, "max_lifetime_seconds": 900}
}

test_an_agent_s_own_ceiling_is_left if {
	_left(_agent({"scopes": {"mail.send": true}, "max_lifetime_seconds": 60})) == {"granted_scope": {"mail.send"}, "max_lifetime_seconds": 60}
}

test_an_agent_without_a_ceiling_is_not_limited if {
	_left(_agent({})) == {"granted_scope": {"mail.read"}, "max_lifetime_seconds": 900}
}

test_an_agent_of_no_scope_obtains_none if {
	_left(_agent({"scopes": {}})).granted_scope == set()
}

test_where_nobody_knows_what_is_asked_for_nothing_is_left if {
	agent.granted_scope == set() with data.actas.lib.exchange as {}
}

test_without_a_maximum_nothing_lives if {
	_left([outcome.absent("/settings/max_lifetime_seconds")]).max_lifetime_seconds == 0
}

_agent(entry) := [
	outcome.given("/index/agents", {"mail-agent": entry}),
	outcome.given("/index/identities", {"spiffe://example.org": {"spiffe://example.org/agent/mail": "mail-agent"}}),
]

_left(changes) := left if {
	changed := outcome.after(changes)
	left := _values with input as changed.request
		with data.actas.settings as changed.settings
		with data.actas.index as changed.index
}

_values := {"granted_scope": agent.granted_scope, "max_lifetime_seconds": agent.max_lifetime_seconds}
