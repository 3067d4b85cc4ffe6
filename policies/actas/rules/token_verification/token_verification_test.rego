package actas.rules.token_verification_test

import data.actas.lib.outcome_test as outcome

test_attested_tokens_pass if {
	_codes([]) == set()
}

test_a_token_that_is_not_attested_is_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.given(["request", "facts", name, "attested"], false)]) == {"TOKEN_NOT_VERIFIED"}
	}
}

test_a_token_of_which_nothing_is_said_is_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.absent(["request", "facts", name, "attested"])]) == {"TOKEN_NOT_VERIFIED"}
	}
}

test_a_risk_class_asks_for_tokens_that_are_verified_here if {
	every name in ["subject_token", "actor_token"] {
		_sending([name], []) == {"TOKEN_NOT_VERIFIED"}
		_sending([name], [_proven(name, false)]) == {"TOKEN_NOT_VERIFIED"}
		_sending([name], [_proven(name, true)]) == set()
		_sending([name], [_proven(name, true), outcome.given(["request", "facts", name, "attested"], false)]) == {"TOKEN_NOT_VERIFIED"}
		_sending([], []) == set()
	}
	_sending(["subject_token", "actor_token"], [_proven("subject_token", true)]) == {"TOKEN_NOT_VERIFIED"}
	_sending(["subject_token", "actor_token"], [_proven("subject_token", true), _proven("actor_token", true)]) == set()
}

test_what_is_of_no_risk_class_asks_for_nothing if {
	_codes([_demanded, _risk(["subject_token"])]) == set()
}

test_a_risk_class_of_which_nobody_knows_what_it_asks_for_is_denied if {
	_codes([_demanded, _scope, outcome.absent("/index/risk/external_message/verified_tokens")]) == {"TOKEN_NOT_VERIFIED"}
	_codes([_scope, outcome.absent("/index/proof_demanded"), _risk(["actor_token"])]) == {"TOKEN_NOT_VERIFIED"}
}

_sending(names, changes) := _codes(array.concat([_demanded, _scope, _risk(names)], changes))

_demanded := outcome.given("/index/proof_demanded", true)

_scope := outcome.given("/request/facts/scope/tokens", ["mail.send"])

_risk(names) := outcome.given("/index/risk/external_message/verified_tokens", names)

_proven(name, value) := outcome.given(["request", "facts", name, "proven"], value)

_codes(changes) := outcome.codes("token_verification", changes)
