package actas.testing_test

import data.actas.decision_test as world
import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict
import data.actas.testing

_tree(settings, index) := {
	"actas": {"settings": settings, "index": index, "activation": {"settings_valid": true}},
	"custom": {"actas": {"settings": {}, "registry": {}}},
}

_answer(whole) := answer if {
	answer := testing.decision with input as whole
		with data.actas.settings as base.settings
		with data.actas.index as base.index
		with data.actas.activation as {"settings_valid": true}
		with data.actas.required as world.required
		with data.actas.custom_required as {"rules": {}, "limits": {}}
		with data.actas.custom_codes as {}
		with data.actas.revision as "r1"
}

test_without_data_the_revision_decides_by_its_own if {
	_answer({"request": base.request}).effect == "ALLOW"
}

test_the_data_of_a_case_replaces_the_settings if {
	strict := object.union(base.settings, {"max_lifetime_seconds": 60})
	_answer({"request": base.request, "data": _tree(strict, base.index)}).limits.max_lifetime_seconds == 60
}

test_the_data_of_a_case_replaces_the_index if {
	strict := verdict.drop(base.index, [["clients", "agent-mail", "targets", "https://mail.example.com/"]])
	_answer({"request": base.request, "data": _tree(base.settings, strict)}).effect == "DENY"
}

test_data_that_are_not_valid_deny if {
	broken := verdict.put(_tree(base.settings, base.index), ["actas", "activation", "settings_valid"], false)
	_answer({"request": base.request, "data": broken}).denials[0].code == "SETTINGS_INVALID"
}

test_half_a_case_is_not_decided if {
	not _answer({"request": base.request, "data": {"actas": {}}})
}
