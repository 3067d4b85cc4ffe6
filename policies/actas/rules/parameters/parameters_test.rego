package actas.rules.parameters_test

import data.actas.lib.outcome_test as outcome

test_a_complete_request_passes if {
	_codes([]) == set()
}

test_a_missing_parameter_is_denied if {
	_codes([outcome.given("/request/facts/missing_parameters", ["subject_token"])]) == {"MISSING_PARAMETER"}
}

test_a_request_of_which_nobody_knows_what_is_missing_is_denied if {
	_codes([outcome.absent("/request/facts/missing_parameters")]) == {"MISSING_PARAMETER"}
}

test_an_exchange_needs_no_actor_token if {
	_codes([outcome.given("/request/facts/actor_token/presented", false)]) == set()
}

test_a_code_is_exchanged_with_an_actor_token if {
	_codes([_code_grant, outcome.given("/request/code", {"stage": ""})]) == set()
}

test_a_code_without_an_actor_token_is_denied if {
	_codes([_code_grant, outcome.given("/request/facts/actor_token/presented", false)]) == {"MISSING_PARAMETER"}
}

test_a_code_of_which_nobody_knows_whether_an_actor_came_is_denied if {
	_codes([_code_grant, outcome.absent("/request/facts/actor_token/presented")]) == {"MISSING_PARAMETER"}
}

test_the_authorization_stage_comes_before_any_actor_token if {
	_codes([
		_code_grant,
		outcome.given("/request/facts/actor_token/presented", false),
		outcome.given("/request/code", {"stage": "authorization"}),
	]) == set()
}

test_an_actor_token_without_its_type_is_denied if {
	_codes([outcome.given("/request/facts/actor_token/consistent", false)]) == {"ACTOR_TOKEN_TYPE_MISMATCH"}
}

test_an_actor_token_that_nobody_looked_at_is_denied if {
	_codes([outcome.absent("/request/facts/actor_token/consistent")]) == {"ACTOR_TOKEN_TYPE_MISMATCH"}
}

test_a_repeated_parameter_is_denied if {
	_codes([outcome.given("/request/duplicate_parameters", ["scope"])]) == {"DUPLICATE_PARAMETER"}
}

test_a_request_of_which_nobody_knows_what_is_repeated_is_denied if {
	_codes([outcome.absent("/request/duplicate_parameters")]) == {"DUPLICATE_PARAMETER"}
}

test_a_malformed_lifetime_is_denied if {
	_codes([outcome.given("/request/facts/lifetime_well_formed", false)]) == {"LIFETIME_INVALID"}
}

test_a_lifetime_that_nobody_looked_at_is_denied if {
	_codes([outcome.absent("/request/facts/lifetime_well_formed")]) == {"LIFETIME_INVALID"}
}

test_an_unknown_authorization_server_is_denied if {
	_codes([outcome.given("/request/authorization_server", "https://as.example.com/")]) == {"AUTHORIZATION_SERVER_UNKNOWN"}
}

test_a_missing_authorization_server_is_denied if {
	_codes([outcome.absent("/request/authorization_server")]) == {"AUTHORIZATION_SERVER_UNKNOWN"}
}

_code_grant := outcome.given("/request/grant_type", "authorization_code")

_codes(changes) := outcome.codes("parameters", changes)
