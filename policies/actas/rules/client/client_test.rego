package actas.rules.client_test

import data.actas.lib.outcome_test as outcome

test_a_registered_client_that_is_authenticated_passes if {
	_codes([]) == set()
}

test_a_client_that_is_not_authenticated_is_denied if {
	_codes([outcome.given("/request/client/authenticated", false)]) == {"CLIENT_NOT_AUTHENTICATED"}
}

test_a_client_of_which_nothing_is_said_is_denied if {
	_codes([outcome.absent("/request/client/authenticated")]) == {"CLIENT_NOT_AUTHENTICATED"}
}

test_only_true_authenticates_a_client if {
	_codes([outcome.given("/request/client/authenticated", "true")]) == {"CLIENT_NOT_AUTHENTICATED"}
}

test_an_unknown_client_is_denied if {
	_codes([outcome.given("/request/client/client_id", "agent-mailer")]) == {"CLIENT_NOT_ALLOWED"}
}

test_a_request_without_client_id_is_denied if {
	_codes([outcome.absent("/request/client/client_id")]) == {"CLIENT_NOT_ALLOWED"}
}

test_a_client_of_this_authorization_server_passes if {
	_codes([_registered("authorization_server", "https://as.example.com")]) == set()
}

test_a_client_of_another_authorization_server_is_denied if {
	_codes([_registered("authorization_server", "https://other.example.com")]) == {"CLIENT_NOT_ALLOWED"}
}

test_a_client_registered_for_another_grant_is_denied if {
	_codes([_registered("grant_types", {"authorization_code": true})]) == {"CLIENT_NOT_ALLOWED"}
}

test_a_client_registered_for_another_token_type_is_denied if {
	every short in ["access_token", "jwt"] {
		_codes([
			outcome.given("/request/requested_token_type", _urn(short)),
			_registered("token_types", {_urn("id_token"): true}),
		]) == {"CLIENT_NOT_ALLOWED"}
	}
}

test_a_client_registered_for_the_token_type_passes if {
	_codes([
		outcome.given("/request/requested_token_type", _urn("jwt")),
		_registered("token_types", {_urn("jwt"): true}),
	]) == set()
}

# It is denied all the same, by the rule token_type.
test_a_type_that_nobody_is_issued_is_not_this_rule_s_business if {
	_codes([outcome.given("/request/requested_token_type", _urn("saml2"))]) == set()
}

_urn(short) := concat("", ["urn:ietf:params:oauth:token-type:", short])

_registered(name, value) := outcome.given(["index", "clients", "agent-mail", name], value)

_codes(changes) := outcome.codes("client", changes)
