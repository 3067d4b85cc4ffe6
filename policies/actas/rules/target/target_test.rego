package actas.rules.target_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_mail := "https://mail.example.com/"

_calendar := "https://calendar.example.com/"

_at(targets) := verdict.put(base.request, ["facts", "targets"], targets)

_denied(request) := verdict.denied("target", request)

_in(request, change) := verdict.denied_in("target", request, object.union(base.index, change), base.settings)

_two := object.union(base.settings, {"max_targets": 2})

_with_two(request, change) := verdict.denied_in("target", request, object.union(base.index, change), _two)

test_a_registered_target_passes if _denied(base.request) == set()

test_no_target_denies if {
	_denied(_at([])) == {"TARGET_REQUIRED"}
	_denied(verdict.drop(base.request, [["facts", "targets"]])) == {
		"TARGET_REQUIRED",
		"TOO_MANY_TARGETS",
		"TARGET_NOT_ALLOWED",
	}
}

test_more_targets_than_settings_allow_deny if {
	_denied(_at([_calendar, _mail])) == {"TOO_MANY_TARGETS"}
	_with_two(_at([_calendar, _mail]), {}) == set()
}

test_where_no_setting_speaks_one_target_is_too_many if {
	settings := verdict.drop(base.settings, [["max_targets"]])
	verdict.denied_in("target", base.request, base.index, settings) == {"TOO_MANY_TARGETS"}
}

test_an_unregistered_target_denies if {
	_denied(_at(["https://mail.example.com"])) == {"TARGET_NOT_ALLOWED"}
	_denied(_at(["https://mail.example.com/?x=1"])) == {"TARGET_NOT_ALLOWED"}
}

test_one_good_target_does_not_excuse_a_bad_one if {
	_with_two(_at(["https://evil.test/", _mail]), {}) == {"TARGET_NOT_ALLOWED"}
}

test_a_target_of_other_clients_denies if {
	index := verdict.drop(base.index, [["clients", "agent-mail", "targets", _mail]])
	verdict.denied_in("target", base.request, index, base.settings) == {"TARGET_NOT_ALLOWED"}
}

test_an_alias_stands_for_its_target if {
	alias := {"targets": {"mail-api": object.union(base.index.targets[_mail], {"canonical": _mail})}}
	_in(_at(["mail-api"]), alias) == set()
}

_agent(change) := {
	"identities": {"spiffe://example.org": {"spiffe://example.org/agent/mail": "mail-agent"}},
	"agents": {"mail-agent": object.union({"version": ""}, change)},
}

test_an_agent_reaches_its_own_targets_only if {
	_in(base.request, _agent({"targets": {_mail: true}})) == set()
	_in(base.request, _agent({})) == set()
	_in(base.request, _agent({"targets": {_calendar: true}})) == {"TARGET_NOT_ALLOWED"}
	_in(base.request, _agent({"targets": {}})) == {"TARGET_NOT_ALLOWED"}
}

test_an_agent_reaches_every_one_of_the_targets if {
	_with_two(_at([_calendar, _mail]), _agent({"targets": {_mail: true}})) == {"TARGET_NOT_ALLOWED"}
	_with_two(_at([_calendar, _mail]), _agent({"targets": {_mail: true, _calendar: true}})) == set()
}

_granted(targets) := {"grants": {"spiffe://example.org/agent/mail": {"alice": [{
	"iss": "https://as.example.com",
	"client_id": "",
	"scopes": {"mail.read": true},
	"targets": targets,
	"authorization_server": "",
}]}}}

_by_grant(request) := verdict.drop(request, [["facts", "subject_token", "may_act"]])

test_a_grant_alone_reaches_its_own_targets_only if {
	_in(_by_grant(base.request), _granted({_mail: true})) == set()
	_in(_by_grant(base.request), _granted({_calendar: true})) == {"TARGET_NOT_ALLOWED"}
	_with_two(_by_grant(_at([_calendar, _mail])), _granted({_mail: true})) == {"TARGET_NOT_ALLOWED"}
}

test_a_grant_takes_nothing_from_a_may_act if _in(base.request, _granted({_calendar: true})) == set()

test_a_may_act_that_is_not_understood_does_not_lift_the_grant if {
	strange := verdict.put(
		base.request,
		["facts", "subject_token", "may_act", "entries"],
		[object.union(base.request.facts.subject_token.may_act.entries[0], {"understood": false})],
	)
	_in(strange, _granted({_calendar: true})) == {"TARGET_NOT_ALLOWED"}
}

test_a_grant_takes_nothing_from_a_consent if {
	consented := object.union(_by_grant(base.request), {
		"consents": [{
			"verified": true,
			"iss": "https://as.example.com",
			"sub": "alice",
			"client_id": "agent-mail",
			"actor": "spiffe://example.org/agent/mail",
			"scope": "mail.read",
			"until": 1800001000,
			"authorization_server": "https://as.example.com",
		}],
		"facts": {"consents": [{"scope": ["mail.read"]}]},
	})
	_in(consented, _granted({_calendar: true})) == set()
	expired := verdict.put(consented, ["consents", "0", "until"], 1799999999)
	_in(expired, _granted({_calendar: true})) == {"TARGET_NOT_ALLOWED"}
}

test_a_grant_takes_nothing_from_a_code if {
	coded := object.union(_by_grant(base.request), {
		"grant_type": "authorization_code",
		"code": {
			"sub": "alice",
			"client_id": "agent-mail",
			"requested_actor": "spiffe://example.org/agent/mail",
			"stage": "exchange",
		},
	})
	_in(coded, _granted({_calendar: true})) == set()
	_in(verdict.put(coded, ["code", "sub"], "bob"), _granted({_calendar: true})) == {"TARGET_NOT_ALLOWED"}
}

test_a_target_that_lists_servers_accepts_these_only if {
	_in(base.request, {"targets": {_mail: {"authorization_servers": {"https://as.example.com": true}}}}) == set()
	_in(base.request, {"targets": {_mail: {"authorization_servers": {"https://b.example.com": true}}}}) == {
		"TARGET_AS_MISMATCH",
	}
	_in(base.request, {"targets": {_mail: {"authorization_servers": {}}}}) == {"TARGET_AS_MISMATCH"}
}

test_every_target_accepts_the_server if {
	_with_two(_at([_calendar, _mail]), {"targets": {_calendar: {"authorization_servers": {"https://b.example.com": true}}}}) == {
		"TARGET_AS_MISMATCH",
	}
}

test_a_request_without_a_server_matches_no_list if {
	request := verdict.drop(base.request, [["authorization_server"]])
	_in(request, {"targets": {_mail: {"authorization_servers": {"https://as.example.com": true}}}}) == {
		"TARGET_AS_MISMATCH",
	}
}

test_what_other_targets_accept_does_not_matter if {
	_in(base.request, {"targets": {_calendar: {"authorization_servers": {"https://b.example.com": true}}}}) == set()
}
