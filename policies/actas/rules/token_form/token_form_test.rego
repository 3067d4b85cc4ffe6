package actas.rules.token_form_test

import data.actas.lib.outcome_test as outcome

test_an_access_token_and_a_jwt_svid_pass if {
	_codes([]) == set()
}

test_a_form_that_shows_what_it_is_passes if {
	every form in ["declared", "bridged"] {
		_codes([_subject("form", form)]) == set()
		_codes([_actor("form", form)]) == set()
	}
}

test_a_token_of_another_form_is_denied if {
	_codes([_subject("form", "confused")]) == {"TOKEN_TYPE_CONFUSION"}
	_codes([_actor("form", "confused")]) == {"TOKEN_TYPE_CONFUSION"}
}

test_a_token_of_unknown_form_is_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.absent(["request", "facts", name, "form"])]) == {"TOKEN_TYPE_CONFUSION"}
	}
}

# The rule token_type denies an SVID of a subject too, but a form is a form.
test_an_svid_or_no_token_shows_no_subject if {
	every form in ["svid", "absent"] {
		_codes([_subject("form", form)]) == {"TOKEN_TYPE_CONFUSION"}
	}
}

test_an_absent_actor_token_has_no_form if {
	_codes([_actor("form", "absent")]) == set()
}

test_an_access_token_has_a_typ_that_its_issuer_uses if {
	_codes([_subject("typ", "jwt")]) == {"TOKEN_TYPE_CONFUSION"}
	_codes([_subject("typ", "jwt"), _issuer_uses("access_token_typ", {"jwt": true})]) == set()
}

test_an_access_token_without_a_typ_is_denied if {
	_codes([outcome.absent("/request/facts/subject_token/typ")]) == {"TOKEN_TYPE_CONFUSION"}
}

test_an_actor_s_access_token_has_a_typ_that_its_issuer_uses if {
	_codes(array.concat(_actor_access_token, [_actor("typ", "at+jwt")])) == set()
	_codes(array.concat(_actor_access_token, [_actor("typ", "jwt")])) == {"TOKEN_TYPE_CONFUSION"}
}

test_an_actor_token_of_an_unknown_issuer_is_no_access_token if {
	_codes(array.concat(_actor_access_token, [
		_actor("typ", "at+jwt"),
		_actor("issuer", "https://other.example.com"),
	])) == {"TOKEN_TYPE_CONFUSION"}
}

test_an_opaque_token_passes_from_an_issuer_of_opaque_tokens if {
	opaque := _issuer_uses("opaque", true)
	_codes([_subject("form", "opaque"), opaque]) == set()
	_codes([_actor("form", "opaque"), _actor("issuer", "https://as.example.com"), opaque]) == set()
}

test_an_opaque_token_of_another_issuer_is_denied if {
	_codes([_subject("form", "opaque")]) == {"TOKEN_TYPE_CONFUSION"}
	_codes([_actor("form", "opaque"), _actor("issuer", "https://as.example.com")]) == {"TOKEN_TYPE_CONFUSION"}
}

test_an_issuer_of_opaque_tokens_vouches_for_no_other_form if {
	opaque := _issuer_uses("opaque", true)
	_codes([_subject("form", "confused"), opaque]) == {"TOKEN_TYPE_CONFUSION"}
	_codes([_actor("form", "confused"), _actor("issuer", "https://as.example.com"), opaque]) == {"TOKEN_TYPE_CONFUSION"}
}

test_a_typ_alone_shows_no_access_token if {
	_codes([_subject("form", "confused"), _subject("typ", "at+jwt")]) == {"TOKEN_TYPE_CONFUSION"}
	_codes([
		_actor("form", "confused"),
		_actor("issuer", "https://as.example.com"),
		_actor("typ", "at+jwt"),
	]) == {"TOKEN_TYPE_CONFUSION"}
}

test_an_algorithm_that_the_issuer_does_not_use_is_denied if {
	every alg in ["none", "HS256", "rs256"] {
		_codes([outcome.given("/request/subject_token/header/alg", alg)]) == {"ALG_NOT_ALLOWED"}
	}
}

test_a_token_without_an_algorithm_is_denied if {
	_codes([outcome.absent("/request/subject_token/header/alg")]) == {"ALG_NOT_ALLOWED"}
}

test_a_token_of_an_unknown_issuer_has_no_allowed_algorithm if {
	_codes([_subject("form", "declared"), _subject("issuer", "https://other.example.com")]) == {"ALG_NOT_ALLOWED"}
}

test_a_token_that_is_not_signed_has_no_algorithm if {
	_codes([_subject("signed", false), outcome.absent("/request/subject_token/header")]) == set()
}

test_an_actor_s_algorithm_is_one_of_its_issuer if {
	signed := [_actor("signed", true), _actor("issuer", "https://as.example.com")]
	_codes(signed) == set()
	_codes(array.concat(signed, [outcome.given("/request/actor_token/header/alg", "HS256")])) == {"ALG_NOT_ALLOWED"}
}

test_a_token_of_which_nobody_knows_whether_it_is_signed_is_denied if {
	_codes([outcome.absent("/request/facts/actor_token/signed")]) == {"ALG_NOT_ALLOWED"}
}

_actor_access_token := [_actor("form", "access_token"), _actor("issuer", "https://as.example.com")]

_subject(name, value) := outcome.given(["request", "facts", "subject_token", name], value)

_actor(name, value) := outcome.given(["request", "facts", "actor_token", name], value)

_issuer_uses(name, value) := outcome.given(["index", "issuers", "https://as.example.com", name], value)

_codes(changes) := outcome.codes("token_form", changes)
