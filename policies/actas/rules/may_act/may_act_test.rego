package actas.rules.may_act_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_fact := ["facts", "subject_token", "may_act"]

_entry := base.request.facts.subject_token.may_act.entries[0]

_with(may_act) := verdict.put(base.request, _fact, may_act)

_of(entries) := _with({"well_formed": true, "array": false, "entries": entries})

_array(entries) := _with({"well_formed": true, "array": true, "entries": entries})

_named(change) := _of([object.union(_entry, change)])

_denied(request) := verdict.denied("may_act", request)

_denied_with_arrays(request) := verdict.denied_in(
	"may_act", request, base.index,
	object.union(base.settings, {"may_act_array": true}),
)

_other := object.union(_entry, {"sub": "spiffe://example.org/agent/other"})

_strange := object.union(_entry, {"understood": false})

test_the_actor_that_may_act_passes if _denied(base.request) == set()

test_a_token_without_may_act_passes if _denied(verdict.drop(base.request, [_fact])) == set()

test_a_malformed_may_act_names_nobody if {
	_denied(_with({"well_formed": false, "array": false, "entries": []})) == {"MAY_ACT_MALFORMED", "MAY_ACT_MISMATCH"}
}

test_a_may_act_that_nobody_read_denies if {
	_denied(verdict.drop(base.request, [array.concat(_fact, ["well_formed"])])) == {"MAY_ACT_MALFORMED"}
	_denied(verdict.drop(base.request, [array.concat(_fact, ["array"])])) == {"MAY_ACT_MALFORMED"}
	_denied(verdict.drop(base.request, [array.concat(_fact, ["entries"])])) == {
		"MAY_ACT_MISMATCH",
		"MAY_ACT_UNSUPPORTED_MEMBER",
	}
}

test_an_array_is_malformed_unless_settings_allow_it if {
	_denied(_array([_entry])) == {"MAY_ACT_MALFORMED"}
	_denied_with_arrays(_array([_entry])) == set()
	_denied_with_arrays(_array([_other, _entry])) == set()
}

test_a_malformed_array_denies_although_arrays_are_allowed if {
	_denied_with_arrays(_with({"well_formed": false, "array": true, "entries": []})) == {
		"MAY_ACT_MALFORMED",
		"MAY_ACT_MISMATCH",
	}
}

test_an_absent_setting_allows_no_array if {
	settings := verdict.drop(base.settings, [["may_act_array"]])
	verdict.denied_in("may_act", _array([_entry]), base.index, settings) == {"MAY_ACT_MALFORMED"}
}

test_an_empty_array_names_nobody if _denied_with_arrays(_array([])) == {"MAY_ACT_MISMATCH"}

test_a_member_that_is_not_understood_denies if {
	_denied(_named({"understood": false})) == {"MAY_ACT_UNSUPPORTED_MEMBER"}
}

test_a_member_that_nobody_looked_at_denies if {
	entry := verdict.drop(_entry, [["understood"]])
	_denied(_of([entry])) == {"MAY_ACT_UNSUPPORTED_MEMBER"}
}

test_one_whole_understood_entry_is_enough if _denied_with_arrays(_array([_strange, _entry])) == set()

test_an_understood_entry_for_somebody_else_does_not_excuse_a_strange_one if {
	_denied_with_arrays(_array([_strange, _other])) == {"MAY_ACT_UNSUPPORTED_MEMBER"}
}

test_strange_entries_for_others_deny_twice if {
	_denied_with_arrays(_array([_other, object.union(_other, {"understood": false})])) == {
		"MAY_ACT_MISMATCH",
		"MAY_ACT_UNSUPPORTED_MEMBER",
	}
}

test_another_sub_is_another_party if _denied(_of([_other])) == {"MAY_ACT_MISMATCH"}

test_another_issuer_is_another_party if {
	_denied(_named({"iss": "https://as.example.com"})) == {"MAY_ACT_MISMATCH"}
}

test_an_entry_without_a_party_names_nobody if {
	_denied(_of([verdict.drop(_entry, [["iss"]])])) == {"MAY_ACT_MISMATCH"}
	_denied(_of([verdict.drop(_entry, [["sub"]])])) == {"MAY_ACT_MISMATCH"}
}

test_a_named_client_is_the_authenticated_one if {
	_denied(_named({"any_client": false, "client_id": "agent-mail"})) == set()
	_denied(_named({"any_client": false, "client_id": "chat-ui"})) == {"MAY_ACT_MISMATCH"}
	_denied(_of([verdict.drop(_entry, [["any_client"], ["client_id"]])])) == {"MAY_ACT_MISMATCH"}
}

test_a_may_act_of_an_issuer_not_trusted_for_it_counts_as_absent if {
	index := verdict.drop(base.index, [["issuers", "https://as.example.com", "roles", "may_act"]])
	strange := _with({"well_formed": false, "array": false, "entries": []})
	verdict.denied_in("may_act", strange, index, base.settings) == set()
	verdict.denied_in("may_act", _named({"understood": false}), index, base.settings) == set()
	verdict.denied_in("may_act", _of([_other]), index, base.settings) == set()
}

test_where_nobody_acts_nobody_is_the_wrong_one if _denied(verdict.without_actor) == set()
