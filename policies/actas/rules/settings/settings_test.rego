package actas.rules.settings_test

import data.actas.lib.outcome_test as outcome

test_valid_settings_pass if {
	_codes([]) == set()
}

test_settings_that_activation_found_invalid_are_denied if {
	_codes([outcome.given("/activation/settings_valid", false)]) == {"SETTINGS_INVALID"}
}

test_settings_that_activation_never_saw_are_denied if {
	_codes([outcome.absent("/activation/settings_valid")]) == {"SETTINGS_INVALID"}
}

test_a_limit_of_another_type_is_denied if {
	every name in ["max_chain_depth", "max_targets"] {
		_codes([outcome.given(["settings", name], "4")]) == {"SETTINGS_INVALID"}
	}
}

test_a_missing_limit_is_denied if {
	every name in ["max_chain_depth", "max_targets"] {
		_codes([outcome.absent(["settings", name])]) == {"SETTINGS_INVALID"}
	}
}

test_a_scope_of_a_defined_risk_class_passes if {
	_codes(_sending) == set()
}

test_a_scope_of_an_undefined_risk_class_is_denied if {
	_codes(array.concat(_sending, [outcome.absent("/index/risk/external_message")])) == {"SETTINGS_INVALID"}
}

_sending := [outcome.given("/request/facts/scope/tokens", ["mail.send"])]

_codes(changes) := outcome.codes("settings", changes)
