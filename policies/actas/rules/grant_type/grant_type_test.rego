package actas.rules.grant_type_test

import data.actas.lib.outcome_test as outcome

test_the_token_exchange_grant_passes if {
	_codes([]) == set()
}

test_another_grant_is_denied if {
	every grant in ["", "client_credentials", "URN:IETF:PARAMS:OAUTH:GRANT-TYPE:TOKEN-EXCHANGE", "token-exchange"] {
		_codes([outcome.given("/request/grant_type", grant)]) == {"UNSUPPORTED_GRANT_TYPE"}
	}
}

test_a_missing_grant_is_denied if {
	_codes([outcome.absent("/request/grant_type")]) == {"UNSUPPORTED_GRANT_TYPE"}
}

test_the_code_grant_is_denied_while_its_profile_is_off if {
	_codes([_code_grant]) == {"UNSUPPORTED_GRANT_TYPE"}
}

test_the_code_grant_is_denied_when_nothing_is_said_of_profiles if {
	_codes([_code_grant, outcome.absent("/settings/profiles")]) == {"UNSUPPORTED_GRANT_TYPE"}
}

test_the_code_grant_passes_where_its_profile_is_on if {
	_codes([_code_grant, _profile_on]) == set()
}

test_the_profile_admits_no_other_grant if {
	_codes([_profile_on, outcome.given("/request/grant_type", "implicit")]) == {"UNSUPPORTED_GRANT_TYPE"}
}

_code_grant := outcome.given("/request/grant_type", "authorization_code")

_profile_on := outcome.given("/settings/profiles", ["on_behalf_of"])

_codes(changes) := outcome.codes("grant_type", changes)
