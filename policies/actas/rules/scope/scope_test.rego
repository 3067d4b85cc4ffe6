package actas.rules.scope_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict
import data.actas.rules.scope

_asking(tokens) := verdict.put(base.request, ["facts", "scope", "tokens"], tokens)

_unscoped(request) := verdict.drop(
	request,
	[["facts", "subject_token", "scope"], ["subject_token", "claims", "scope"]],
)

_consented(scope) := {
	"consents": [{
		"verified": true,
		"iss": "https://as.example.com",
		"sub": "alice",
		"client_id": "agent-mail",
		"actor": "spiffe://example.org/agent/mail",
		"until": 1800001000,
		"authorization_server": "https://as.example.com",
	}],
	"facts": {"consents": [{"scope": scope}]},
}

_denied(request) := verdict.denied("scope", request)

_strictly(request) := verdict.denied_in(
	"scope", request, base.index,
	object.union(base.settings, {"scope_excess": "deny"}),
)

test_a_scope_within_every_ceiling_passes if {
	_denied(base.request) == set()
	_strictly(base.request) == set()
}

test_a_malformed_scope_denies if {
	fact := ["facts", "scope", "well_formed"]
	_denied(verdict.put(base.request, fact, false)) == {"SCOPE_MALFORMED"}
	_denied(verdict.drop(base.request, [fact])) == {"SCOPE_MALFORMED"}
}

test_one_forbidden_scope_denies_all if {
	_denied(_asking(["admin", "mail.read"])) == {"SCOPE_FORBIDDEN"}
	_denied(_asking(["admin"])) == {"SCOPE_FORBIDDEN", "SCOPE_EMPTY"}
	_denied(_asking(["ADMIN", "mail.read"])) == set()
}

test_a_forbidden_default_denies if {
	index := verdict.put(base.index, ["targets", "https://mail.example.com/", "default_scope"], ["admin", "mail.read"])
	verdict.denied_in("scope", _asking([]), index, base.settings) == {"SCOPE_FORBIDDEN"}
}

test_where_nobody_knows_what_is_forbidden_everything_is if {
	index := verdict.drop(base.index, [["forbidden_scopes"]])
	verdict.denied_in("scope", base.request, index, base.settings) == {"SCOPE_FORBIDDEN", "SCOPE_EMPTY"}
}

test_where_nobody_knows_what_is_asked_for_nothing_is if {
	request := verdict.drop(base.request, [["facts", "scope", "tokens"]])
	_denied(request) == set()
	index := verdict.drop(base.index, [["targets", "https://mail.example.com/", "default_scope"]])
	verdict.denied_in("scope", _asking([]), index, base.settings) == {"SCOPE_EMPTY"}
}

test_a_token_without_scope_has_no_ceiling if {
	_denied(_unscoped(base.request)) == {"SCOPE_CEILING_UNKNOWN", "SCOPE_EMPTY"}
}

test_a_scope_claim_of_another_type_is_no_ceiling if {
	request := verdict.drop(base.request, [["facts", "subject_token", "scope"]])
	_denied(request) == {"SCOPE_CEILING_UNKNOWN", "SCOPE_EMPTY"}
}

test_a_consent_is_the_ceiling_of_a_token_without_scope if {
	_denied(object.union(_unscoped(base.request), _consented(["mail.read"]))) == set()
	_denied(object.union(_unscoped(base.request), _consented(["mail.send"]))) == {"SCOPE_EMPTY"}
}

test_excess_is_cut_off_or_refused_as_settings_say if {
	_denied(_asking(["mail.read", "mail.purge"])) == set()
	_strictly(_asking(["mail.read", "mail.purge"])) == {"SCOPE_EXCEEDS_SUBJECT"}
	_strictly(_asking(["mail.purge"])) == {"SCOPE_EXCEEDS_SUBJECT", "SCOPE_EMPTY"}
}

test_where_no_setting_speaks_excess_is_refused if {
	settings := verdict.drop(base.settings, [["scope_excess"]])
	request := _asking(["mail.read", "mail.purge"])
	verdict.denied_in("scope", request, base.index, settings) == {"SCOPE_EXCEEDS_SUBJECT"}
}

test_nothing_left_denies if {
	_denied(_asking(["mail.purge"])) == {"SCOPE_EMPTY"}
	_denied(_asking(["mail.*"])) == {"SCOPE_EMPTY"}
	_denied(_asking(["MAIL.READ"])) == {"SCOPE_EMPTY"}
	_denied(_asking(["calendar.read"])) == {"SCOPE_EMPTY"}
}

test_nothing_asked_for_is_the_default_of_the_target if {
	_denied(_asking([])) == set()
	calendar := verdict.put(_asking([]), ["facts", "targets"], ["https://calendar.example.com/"])
	_denied(calendar) == {"SCOPE_EMPTY"}
}

# A limit that would let everything pass still leaves the ceiling unknown.
test_an_unknown_ceiling_denies_whatever_is_left if {
	denied := {denial.code | some denial in scope.deny} with input as _unscoped(base.request)
		with data.actas.index as base.index
		with data.actas.settings as base.settings
		with data.actas.limits.subject_token.granted_scope as {"mail.read"}
	denied == {"SCOPE_CEILING_UNKNOWN"}
	proven := {true | scope.proven} with input as _unscoped(base.request)
		with data.actas.index as base.index
		with data.actas.settings as base.settings
		with data.actas.limits.subject_token.granted_scope as {"mail.read"}
	proven == set()
}
