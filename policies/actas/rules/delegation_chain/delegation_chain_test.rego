package actas.rules.delegation_chain_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_chain(names) := verdict.with_chain([verdict.workload(name) | some name in names])

_denied(request) := verdict.denied("delegation_chain", request)

_in(request, change) := verdict.denied_in("delegation_chain", request, object.union(base.index, change), base.settings)

_set(request, change) := verdict.denied_in("delegation_chain", request, base.index, object.union(base.settings, change))

_without_actor(names) := verdict.put(
	verdict.without_actor,
	["facts", "subject_token", "chain", "levels"],
	[verdict.workload(name) | some name in names],
)

test_no_chain_passes if _denied(base.request) == set()

test_a_chain_up_to_the_depth_passes if _denied(_chain(["c", "b", "a"])) == set()

test_a_longer_chain_denies if _denied(_chain(["d", "c", "b", "a"])) == {"DELEGATION_DEPTH_EXCEEDED"}

test_the_same_actor_again_adds_no_level if _denied(_chain(["mail", "c", "b", "a"])) == set()

test_an_inherited_chain_that_is_too_long_denies_the_same_actor_too if {
	_denied(_chain(["mail", "d", "c", "b", "a"])) == {"DELEGATION_DEPTH_EXCEEDED"}
}

test_without_a_depth_no_chain_is_short_enough if {
	settings := verdict.drop(base.settings, [["max_chain_depth"]])
	verdict.denied_in("delegation_chain", base.request, base.index, settings) == {"DELEGATION_DEPTH_EXCEEDED"}
}

test_a_chain_that_nobody_read_denies if {
	request := verdict.drop(base.request, [["facts", "subject_token", "chain", "levels"]])
	_denied(request) == {"DELEGATION_DEPTH_EXCEEDED", "ACT_CHAIN_LOOP"}
}

test_the_depth_is_the_one_of_settings if {
	_set(_chain(["a"]), {"max_chain_depth": 1}) == {"DELEGATION_DEPTH_EXCEEDED"}
	_set(_chain(["a"]), {"max_chain_depth": 2}) == set()
	_set(base.request, {"max_chain_depth": 1}) == set()
}

test_without_an_actor_nothing_is_issued_that_could_be_long_or_a_loop if {
	_denied(_without_actor(["d", "c", "b", "a", "a"])) == set()
}

test_an_actor_that_acted_before_is_a_loop if _denied(_chain(["b", "mail"])) == {"ACT_CHAIN_LOOP"}

test_a_loop_that_was_inherited_denies if _denied(_chain(["b", "a", "b"])) == {"ACT_CHAIN_LOOP"}

test_a_loop_below_the_same_actor_denies if _denied(_chain(["mail", "a", "mail"])) == {"ACT_CHAIN_LOOP"}

test_loops_pass_where_settings_allow_them if _set(_chain(["b", "mail"]), {"chain_loop": "allow"}) == set()

test_where_no_setting_speaks_loops_deny if {
	settings := verdict.drop(base.settings, [["chain_loop"]])
	verdict.denied_in("delegation_chain", _chain(["b", "mail"]), base.index, settings) == {"ACT_CHAIN_LOOP"}
}

_two_identities := {"identities": {"spiffe://example.org": {
	"spiffe://example.org/agent/mail": "mail-agent",
	"spiffe://example.org/agent/old-mail": "mail-agent",
}}}

test_an_agent_under_two_identities_is_a_loop if {
	_in(_chain(["b", "old-mail"]), _two_identities) == {"ACT_CHAIN_LOOP"}
	_in(_chain(["b", "other"]), _two_identities) == set()
}

test_an_agent_is_found_by_the_client_of_a_level if {
	change := object.union(_two_identities, {"client_identities": {"https://as.example.com": {"mail": "mail-agent"}}})
	level := {"iss": "https://as.example.com", "sub": "7f0c", "client_id": "mail"}
	_in(verdict.with_chain([verdict.workload("b"), level]), change) == {"ACT_CHAIN_LOOP"}
	_in(verdict.with_chain([verdict.workload("b"), object.union(level, {"client_id": "other"})]), change) == set()
}

test_an_agent_is_found_by_a_level_that_names_a_client if {
	change := object.union(_two_identities, {"client_identities": {"https://as.example.com": {"mail": "mail-agent"}}})
	level := {"iss": "https://as.example.com", "sub": "mail"}
	_in(verdict.with_chain([verdict.workload("b"), level]), change) == {"ACT_CHAIN_LOOP"}
	_in(verdict.with_chain([verdict.workload("b"), object.union(level, {"iss": "https://idp.example.com"})]), change) == set()
}

_known(permitted) := object.union(_two_identities, {
	"identities": {"spiffe://example.org": {"spiffe://example.org/agent/planner": "planner"}},
	"agents": {"planner": {"may_delegate_to": permitted, "version": ""}, "mail-agent": {"version": ""}},
})

test_an_agent_delegates_to_whom_it_may if {
	_in(_chain(["planner"]), _known({"mail-agent": true})) == set()
	_in(_chain(["planner"]), _known({"spiffe://example.org/agent/mail": true})) == set()
}

test_an_agent_delegates_to_nobody_else if {
	_in(_chain(["planner"]), _known({"calendar-agent": true})) == {"DELEGATION_NOT_PERMITTED"}
	_in(_chain(["planner"]), _known({})) == {"DELEGATION_NOT_PERMITTED"}
}

test_an_agent_without_a_list_delegates_to_anybody if {
	change := verdict.drop(_known({}), [["agents", "planner", "may_delegate_to"]])
	_in(_chain(["planner"]), change) == set()
}

test_only_the_outermost_actor_restricts if _in(_chain(["b", "planner"]), _known({})) == set()

test_an_agent_goes_on_itself_whatever_its_list if {
	itself := verdict.put(_known({}), ["agents", "mail-agent", "may_delegate_to"], {"other": true})
	_in(_chain(["mail"]), itself) == set()
}

test_where_nobody_acts_a_restricted_chain_goes_no_further if {
	_in(_without_actor(["planner"]), _known({})) == {"DELEGATION_NOT_PERMITTED"}
}

test_a_list_that_names_an_identity_means_its_agent_and_every_other_identity_of_it if {
	_in(_chain(["planner"]), _known({"spiffe://example.org/agent/old-mail": true})) == set()
	_in(_chain(["planner"]), _known({"spiffe://example.org/agent/planner": true})) == {"DELEGATION_NOT_PERMITTED"}
}
