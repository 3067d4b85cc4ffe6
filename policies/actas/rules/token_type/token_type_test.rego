package actas.rules.token_type_test

import data.actas.lib.outcome_test as outcome

test_access_tokens_and_jwts_pass if {
	_codes([]) == set()
}

test_every_type_of_the_specification_is_known if {
	every short in ["access_token", "refresh_token", "id_token", "jwt", "saml1", "saml2", "id-jag", "txn_token"] {
		_codes([outcome.given("/request/facts/token_types", {_urn(short): true})]) == set()
	}
}

test_an_unknown_type_is_denied if {
	every name in ["urn:ietf:params:oauth:token-type:JWT", "access_token", ""] {
		_codes([outcome.given("/request/facts/token_types", {_urn("jwt"): true, name: true})]) == {"UNSUPPORTED_TOKEN_TYPE"}
	}
}

test_a_refresh_token_is_not_issued if {
	_codes([
		outcome.given("/request/requested_token_type", _urn("refresh_token")),
		outcome.given(["index", "clients", "agent-mail", "token_types", _urn("refresh_token")], true),
	]) == {"REFRESH_TOKEN_NOT_ALLOWED"}
}

test_a_request_without_a_requested_type_is_denied if {
	_codes([outcome.absent("/request/requested_token_type")]) == {"REFRESH_TOKEN_NOT_ALLOWED", "TOKEN_TYPE_NOT_ALLOWED"}
}

# Whether the client may have them is the business of the rule client.
test_access_tokens_and_jwts_are_issued if {
	every short in ["access_token", "jwt"] {
		_codes([
			outcome.given("/request/requested_token_type", _urn(short)),
			outcome.given("/index/clients/agent-mail/token_types", {}),
		]) == set()
	}
}

test_another_type_is_issued_to_a_client_registered_for_it if {
	_codes([
		outcome.given("/request/requested_token_type", _urn("id-jag")),
		outcome.given(["index", "clients", "agent-mail", "token_types", _urn("id-jag")], true),
	]) == set()
}

test_another_type_is_issued_to_nobody_else if {
	_codes([outcome.given("/request/requested_token_type", _urn("id-jag"))]) == {"TOKEN_TYPE_NOT_ALLOWED"}
}

test_a_subject_is_shown_by_an_access_token_a_jwt_or_an_id_token if {
	every short in ["access_token", "jwt", "id_token"] {
		_codes([outcome.given("/request/subject_token/token_type", _urn(short))]) == set()
	}
}

test_a_subject_token_of_another_type_is_denied if {
	every short in ["refresh_token", "saml2", "txn_token", "id-jag"] {
		_codes([outcome.given("/request/subject_token/token_type", _urn(short))]) == {"TOKEN_TYPE_NOT_ALLOWED"}
	}
}

test_a_subject_token_without_a_type_is_denied if {
	_codes([outcome.absent("/request/subject_token/token_type")]) == {"TOKEN_TYPE_NOT_ALLOWED"}
}

test_an_actor_is_shown_by_an_access_token_or_a_jwt if {
	every short in ["access_token", "jwt"] {
		_codes([outcome.given("/request/actor_token/token_type", _urn(short))]) == set()
	}
}

test_an_actor_token_of_another_type_is_denied if {
	every short in ["refresh_token", "id_token", "txn_token"] {
		_codes([outcome.given("/request/actor_token/token_type", _urn(short))]) == {"TOKEN_TYPE_NOT_ALLOWED"}
	}
}

# The rule parameters denies it.
test_an_actor_token_with_an_empty_type_is_not_this_rule_s_business if {
	_codes([outcome.given("/request/actor_token/token_type", "")]) == set()
}

test_an_actor_token_of_unknown_type_is_denied if {
	_codes([outcome.absent("/request/actor_token")]) == {"TOKEN_TYPE_NOT_ALLOWED"}
}

test_without_an_actor_token_no_type_is_asked_of_it if {
	_codes([
		outcome.absent("/request/actor_token"),
		outcome.given("/request/facts/actor_token/mentioned", false),
	]) == set()
}

test_a_token_of_unknown_kind_is_denied if {
	every name in ["subject_token", "actor_token"] {
		path := ["request", "facts", name, "kind_known"]
		_codes([outcome.given(path, false)]) == {"TOKEN_TYPE_NOT_ALLOWED"}
		_codes([outcome.absent(path)]) == {"TOKEN_TYPE_NOT_ALLOWED"}
	}
}

test_an_svid_is_no_subject_token if {
	_codes([outcome.given("/request/facts/subject_token/svid", true)]) == {"TOKEN_TYPE_NOT_ALLOWED"}
	_codes([outcome.absent("/request/facts/subject_token/svid")]) == {"TOKEN_TYPE_NOT_ALLOWED"}
}

_urn(short) := concat("", ["urn:ietf:params:oauth:token-type:", short])

_codes(changes) := outcome.codes("token_type", changes)
