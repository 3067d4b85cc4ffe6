package actas.rules.claims_test

import data.actas.lib.outcome_test as outcome

test_well_formed_claims_that_name_a_subject_pass if {
	_codes([]) == set()
}

test_malformed_claims_are_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.given(["request", "facts", name, "claims_well_formed"], false)]) == {"MALFORMED_CLAIMS"}
	}
}

test_claims_that_nobody_looked_at_are_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.absent(["request", "facts", name, "claims_well_formed"])]) == {"MALFORMED_CLAIMS"}
	}
}

test_a_token_that_names_no_subject_is_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.given(["request", "facts", name, "named"], false)]) == {"SUBJECT_MISSING"}
	}
}

test_a_token_of_unknown_subject_is_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.absent(["request", "facts", name, "named"])]) == {"SUBJECT_MISSING"}
	}
}

_codes(changes) := outcome.codes("claims", changes)
