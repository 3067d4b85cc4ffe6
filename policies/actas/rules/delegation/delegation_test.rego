package actas.rules.delegation_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_may_act := ["facts", "subject_token", "may_act"]

_denied(request) := verdict.denied("delegation", request)

_undelegated(request) := verdict.put(
	verdict.drop(request, [_may_act]),
	["facts", "subject_token", "delegated"],
	false,
)

_allowing := object.union(base.settings, {"impersonation": "allow"})

_denied_allowing(request) := verdict.denied_in("delegation", request, base.index, _allowing)

_consent := {
	"verified": true,
	"iss": "https://as.example.com",
	"sub": "alice",
	"client_id": "agent-mail",
	"actor": "spiffe://example.org/agent/mail",
	"scope": "mail.read",
	"until": 1800001000,
	"authorization_server": "https://as.example.com",
}

test_an_actor_with_a_basis_passes if _denied(base.request) == set()

test_a_delegated_token_without_an_actor_denies if {
	_denied_allowing(verdict.without_actor) == {"DELEGATION_REQUIRES_ACTOR"}
	_denied(verdict.without_actor) == {"DELEGATION_REQUIRES_ACTOR", "IMPERSONATION_NOT_ALLOWED"}
}

test_a_token_of_which_nobody_knows_whether_it_is_delegated_denies if {
	request := verdict.drop(_undelegated(verdict.without_actor), [["facts", "subject_token", "delegated"]])
	_denied_allowing(request) == {"DELEGATION_REQUIRES_ACTOR"}
}

test_impersonation_is_off if {
	_denied(_undelegated(verdict.without_actor)) == {"IMPERSONATION_NOT_ALLOWED"}
}

test_impersonation_is_off_where_no_setting_speaks if {
	settings := verdict.drop(base.settings, [["impersonation"]])
	request := _undelegated(verdict.without_actor)
	verdict.denied_in("delegation", request, base.index, settings) == {"IMPERSONATION_NOT_ALLOWED"}
}

test_impersonation_passes_where_settings_allow_it if _denied_allowing(_undelegated(verdict.without_actor)) == set()

test_two_valid_tokens_are_no_basis if _denied(verdict.drop(base.request, [_may_act])) == {"NO_DELEGATION_BASIS"}

test_a_may_act_of_an_issuer_not_trusted_for_it_is_no_basis if {
	index := verdict.drop(base.index, [["issuers", "https://as.example.com", "roles", "may_act"]])
	verdict.denied_in("delegation", base.request, index, base.settings) == {"NO_DELEGATION_BASIS"}
}

test_a_consent_is_a_basis if {
	request := object.union(
		verdict.drop(base.request, [_may_act]),
		{"consents": [_consent], "facts": {"consents": [{"scope": ["mail.read"]}]}},
	)
	_denied(request) == set()
}

test_what_a_may_act_says_is_judged_elsewhere if {
	request := verdict.put(base.request, array.concat(_may_act, ["entries"]), [])
	_denied(request) == set()
}

test_a_delegated_actor_token_denies if {
	fact := ["facts", "actor_token", "has_act"]
	_denied(verdict.put(base.request, fact, true)) == {"ACTOR_TOKEN_DELEGATED"}
	_denied(verdict.drop(base.request, [fact])) == {"ACTOR_TOKEN_DELEGATED"}
}

test_the_subject_does_not_act_for_itself if {
	request := verdict.put(base.request, ["facts", "subject_token", "party"], base.request.facts.actor_token.party)
	_denied(request) == {"ACTOR_EQUALS_SUBJECT"}
}

test_an_equal_sub_of_another_issuer_is_somebody_else if {
	party := {"iss": "https://idp.example.com", "sub": "spiffe://example.org/agent/mail"}
	_denied(verdict.put(base.request, ["facts", "subject_token", "party"], party)) == set()
}

test_a_subject_without_a_name_could_be_the_actor if {
	request := verdict.drop(base.request, [["facts", "subject_token", "party"]])
	_denied(request) == {"ACTOR_EQUALS_SUBJECT"}
}
