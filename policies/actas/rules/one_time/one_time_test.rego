package actas.rules.one_time_test

import data.actas.lib.outcome_test as outcome
import data.actas.lib.verdict_test as verdict

_server := "https://as.example.com"

test_where_no_token_counts_once_none_is_asked_for if {
	_codes([]) == set()
}

test_an_unused_token_passes if {
	_codes([_once({"subject": true}), _unused({"subject_token": true})]) == set()
	_codes(array.concat(_access_token, [_once({"actor": true}), _unused({"actor_token": true})])) == set()
	_codes(array.concat(_access_token, [_once({"subject": true, "actor": true}), _unused(_both)])) == set()
}

test_a_used_token_is_denied if {
	_codes([_once({"subject": true})]) == {"TOKEN_REPLAYED"}
	_codes([_once({"subject": true}), _unused({})]) == {"TOKEN_REPLAYED"}
	_codes(array.concat(_access_token, [_once({"actor": true}), _unused({})])) == {"TOKEN_REPLAYED"}
}

test_one_unused_token_does_not_stand_for_the_other if {
	every unused in [{"subject_token": true}, {"actor_token": true}] {
		_codes(array.concat(
			_access_token,
			[_once({"subject": true, "actor": true}), _unused(unused)],
		)) == {"TOKEN_REPLAYED"}
	}
}

test_only_true_says_that_a_token_is_unused if {
	every odd in [false, null, "yes", 1] {
		_codes([_once({"subject": true}), _unused({"subject_token": odd})]) == {"TOKEN_REPLAYED"}
	}
}

test_a_token_that_counts_once_in_one_role_counts_again_in_the_other if {
	_codes([_once({"actor": true})]) == set()
	_codes(array.concat(_access_token, [_once({"subject": true}), _unused({"subject_token": true})])) == set()
}

test_tokens_of_other_issuers_count_again if {
	_codes([outcome.given("/index/one_time", {"https://idp.example.com": {"subject": true}})]) == set()
}

test_an_svid_is_shown_as_often_as_it_is_needed if {
	_codes([outcome.given("/index/one_time", {"spiffe://example.org": {"actor": true}})]) == set()
}

test_without_an_actor_token_the_subject_token_alone_counts if {
	_without_actor({"subject_token": true}) == set()
	_without_actor({}) == {"TOKEN_REPLAYED"}
}

test_a_token_of_nobody_is_not_unused if {
	once := _once({"subject": true})
	_codes([once, outcome.absent("/request/facts/subject_token/issuer")]) == {"TOKEN_REPLAYED"}
	_codes(array.concat(
		_access_token,
		[once, _unused({"subject_token": true}), outcome.absent("/request/facts/actor_token/issuer")],
	)) == {"TOKEN_REPLAYED"}
}

test_without_an_index_no_token_is_unused if {
	_codes([outcome.absent("/index/one_time")]) == {"TOKEN_REPLAYED"}
}

_codes(changes) := outcome.codes("one_time", changes)

_both := {"subject_token": true, "actor_token": true}

_once(roles) := outcome.given("/index/one_time", {_server: roles})

_unused(members) := outcome.given("/request/state/unused", members)

# The actor shows an access token of the authorization server in place of an SVID.
_access_token := [
	outcome.given("/request/facts/actor_token/svid", false),
	outcome.given("/request/facts/actor_token/form", "access_token"),
	outcome.given("/request/facts/actor_token/issuer", _server),
]

_without_actor(unused) := verdict.denied_in(
	"one_time",
	verdict.put(verdict.without_actor, ["state", "unused"], unused),
	outcome.after([_once({"subject": true})]).index,
	outcome.after([]).settings,
)
