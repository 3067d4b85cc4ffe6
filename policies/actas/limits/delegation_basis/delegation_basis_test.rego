package actas.limits.delegation_basis_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict
import data.actas.limits.delegation_basis

_mail := "https://mail.example.com/"

_calendar := "https://calendar.example.com/"

_left(request, index) := answer if {
	answer := {
		"scope": delegation_basis.granted_scope,
		"lifetime": delegation_basis.max_lifetime_seconds,
	} with input as request
		with data.actas.index as index
		with data.actas.settings as base.settings
}

_asking := verdict.put(base.request, ["facts", "scope", "tokens"], ["mail.read", "mail.send"])

_unnamed := verdict.drop(_asking, [["facts", "subject_token", "may_act"]])

_consents(given) := {
	"consents": [object.union(
		{
			"verified": true,
			"iss": "https://as.example.com",
			"sub": "alice",
			"client_id": "agent-mail",
			"actor": "spiffe://example.org/agent/mail",
			"authorization_server": "https://as.example.com",
		},
		{"until": consent.until},
	) |
		some consent in given
	],
	"facts": {"consents": [{"scope": consent.scope} | some consent in given]},
}

_granting(grants) := object.union(base.index, {"grants": {"spiffe://example.org/agent/mail": {"alice": [object.union(
	{"iss": "https://as.example.com", "client_id": "", "authorization_server": ""},
	grant,
) |
	some grant in grants
]}}})

_whole := {"mail.read", "mail.send"}

test_a_may_act_takes_nothing_away if {
	_left(_asking, base.index) == {"scope": _whole, "lifetime": 900}
	_left(object.union(_asking, _consents([{"scope": ["mail.read"], "until": 1800000100}])), base.index) == {
		"scope": _whole,
		"lifetime": 900,
	}
}

test_a_may_act_that_is_not_understood_lifts_no_ceiling if {
	entry := object.union(base.request.facts.subject_token.may_act.entries[0], {"understood": false})
	strange := verdict.put(_asking, ["facts", "subject_token", "may_act", "entries"], [entry])
	consented := object.union(strange, _consents([{"scope": ["mail.read"], "until": 1800000100}]))
	_left(consented, base.index) == {"scope": {"mail.read"}, "lifetime": 100}
}

test_a_consent_is_a_ceiling_and_ends if {
	consented := object.union(_unnamed, _consents([{"scope": ["mail.read"], "until": 1800000100}]))
	_left(consented, base.index) == {"scope": {"mail.read"}, "lifetime": 100}
}

test_several_consents_add_up_and_the_first_end_counts if {
	consented := object.union(_unnamed, _consents([
		{"scope": ["mail.read"], "until": 1800000100},
		{"scope": ["mail.send"], "until": 1800000200},
		{"scope": ["mail.delete"], "until": 1799999999},
	]))
	_left(consented, base.index) == {"scope": _whole, "lifetime": 100}
}

test_a_consent_ends_what_has_its_scope_from_it if {
	unscoped := verdict.drop(_asking, [["subject_token", "claims", "scope"], ["facts", "subject_token", "scope"]])
	consented := object.union(unscoped, _consents([{"scope": ["mail.read"], "until": 1800000100}]))
	_left(consented, base.index) == {"scope": _whole, "lifetime": 100}
}

# A consent to nothing that is issued is none that the token rests on.
test_a_consent_to_nothing_that_is_issued_ends_nothing if {
	unscoped := verdict.drop(_asking, [["subject_token", "claims", "scope"], ["facts", "subject_token", "scope"]])
	elsewhere := {"scope": ["calendar.read"], "until": 1800000050}
	unknown := {"scope": [], "until": 1800000060}
	given := {"scope": ["calendar.read", "mail.read"], "until": 1800000100}
	every asking in [_unnamed, unscoped] {
		_left(object.union(asking, _consents([elsewhere, unknown, given])), base.index).lifetime == 100
		_left(object.union(asking, _consents([elsewhere, unknown])), base.index).lifetime == 900
	}
}

test_a_consent_that_is_no_basis_ends_nothing if {
	unscoped := verdict.drop(_asking, [["subject_token", "claims", "scope"], ["facts", "subject_token", "scope"]])
	ended := {"scope": ["mail.send"], "until": 1799999999}
	given := {"scope": ["mail.read"], "until": 1800000100}
	_left(object.union(unscoped, _consents([ended, given])), base.index).lifetime == 100
	_left(object.union(_unnamed, _consents([ended, given])), base.index) == {"scope": {"mail.read"}, "lifetime": 100}
	renewed := {"scope": ["mail.read"], "until": 1799999999}
	_left(object.union(unscoped, _consents([renewed, given])), base.index).lifetime == 100
	_left(object.union(_unnamed, _consents([renewed, given])), base.index) == {"scope": {"mail.read"}, "lifetime": 100}
}

test_a_grant_is_a_ceiling_at_its_own_targets if {
	_left(_unnamed, _granting([{"scopes": {"mail.read": true}, "targets": {_mail: true}}])) == {
		"scope": {"mail.read"},
		"lifetime": 900,
	}
	_left(_unnamed, _granting([
		{"scopes": {"mail.read": true}, "targets": {_mail: true}},
		{"scopes": {"mail.send": true}, "targets": {_calendar: true}},
	])) == {"scope": {"mail.read"}, "lifetime": 900}
	_left(_unnamed, _granting([
		{"scopes": {"mail.read": true}, "targets": {_mail: true}},
		{"scopes": {"mail.send": true}, "targets": {_mail: true, _calendar: true}},
	])) == {"scope": _whole, "lifetime": 900}
}

test_grants_for_several_targets_lend_what_holds_at_all_of_them if {
	both := verdict.put(_unnamed, ["facts", "targets"], [_calendar, _mail])
	_left(both, _granting([
		{"scopes": {"mail.read": true}, "targets": {_mail: true, _calendar: true}},
		{"scopes": {"mail.send": true}, "targets": {_mail: true}},
	])) == {"scope": {"mail.read"}, "lifetime": 900}
}

test_a_grant_for_an_unknown_target_lends_nothing if {
	unknown := verdict.put(_unnamed, ["facts", "targets"], ["https://evil.test/"])
	_left(unknown, _granting([{"scopes": {"mail.read": true}, "targets": {_mail: true}}])) == {"scope": set(), "lifetime": 900}
}

test_a_consent_and_a_grant_add_up if {
	consented := object.union(_unnamed, _consents([{"scope": ["mail.read"], "until": 1800000100}]))
	_left(consented, _granting([{"scopes": {"mail.send": true}, "targets": {_mail: true}}])) == {
		"scope": _whole,
		"lifetime": 100,
	}
}

test_a_code_takes_nothing_away if {
	coded := object.union(_unnamed, {"grant_type": "authorization_code", "code": {
		"sub": "alice",
		"client_id": "agent-mail",
		"requested_actor": "spiffe://example.org/agent/mail",
		"stage": "exchange",
	}})
	_left(coded, _granting([{"scopes": {"mail.read": true}, "targets": {_mail: true}}])) == {"scope": _whole, "lifetime": 900}
	_left(verdict.put(coded, ["code", "sub"], "bob"), _granting([{"scopes": {"mail.read": true}, "targets": {_mail: true}}])) == {
		"scope": {"mail.read"},
		"lifetime": 900,
	}
}

test_without_a_basis_the_rule_decides_and_nothing_is_capped if {
	_left(_unnamed, base.index) == {"scope": _whole, "lifetime": 900}
}

test_without_a_clock_a_consent_is_none if {
	consented := object.union(_unnamed, _consents([{"scope": ["mail.read"], "until": 1800000100}]))
	_left(verdict.drop(consented, [["now"]]), base.index) == {"scope": _whole, "lifetime": 900}
}

test_without_settings_there_is_no_lifetime if {
	answer := delegation_basis.max_lifetime_seconds with input as _asking
		with data.actas.index as base.index
		with data.actas.settings as {}
	answer == 0
}
