package custom.actas.rules.sub_agents_read_test

import data.custom.actas.rules.sub_agents_read

test_a_first_agent_may_send if {
	count(sub_agents_read.deny) == 0 with input as _exchange([], ["mail.send"])
}

test_a_sub_agent_may_read if {
	count(sub_agents_read.deny) == 0 with input as _exchange([_mail_agent], ["mail.read"])
}

test_a_sub_agent_may_not_send if {
	{denial.code | some denial in sub_agents_read.deny} == {"SUB_AGENT_READS_ONLY"} with input as _exchange(
		[_mail_agent],
		["mail.read", "mail.send"],
	)
}

test_an_unknown_chain_may_not_send if {
	{denial.code | some denial in sub_agents_read.deny} == {"SUB_AGENT_READS_ONLY"} with input as _without_chain
}

_mail_agent := {"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent/mail"}

_exchange(levels, scope) := {"facts": {
	"scope": {"tokens": scope},
	"subject_token": {"chain": {"levels": levels}},
}}

_without_chain := {"facts": {"scope": {"tokens": ["mail.send"]}}}
