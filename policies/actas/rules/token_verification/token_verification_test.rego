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

_codes(changes) := outcome.codes("token_verification", changes)
