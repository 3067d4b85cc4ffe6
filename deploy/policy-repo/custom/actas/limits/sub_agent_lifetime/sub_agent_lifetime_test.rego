package custom.actas.limits.sub_agent_lifetime_test

import data.custom.actas.limits.sub_agent_lifetime

test_a_first_agent_keeps_the_general_maximum if {
	sub_agent_lifetime.max_lifetime_seconds == 600 with input as _exchange([])
		with data.actas.settings.max_lifetime_seconds as 600
}

test_a_sub_agent_gets_two_minutes if {
	sub_agent_lifetime.max_lifetime_seconds == 120 with input as _exchange([{
		"iss": "spiffe://example.org",
		"sub": "spiffe://example.org/agent/mail",
	}])
}

test_an_unknown_chain_gets_two_minutes if {
	sub_agent_lifetime.max_lifetime_seconds == 120 with input as {"facts": {}}
}

test_the_scope_is_left_as_it_is if {
	sub_agent_lifetime.granted_scope == {"mail.read"} with input as _exchange([])
}

_exchange(levels) := {"facts": {
	"scope": {"tokens": ["mail.read"]},
	"subject_token": {"chain": {"levels": levels}},
}}
