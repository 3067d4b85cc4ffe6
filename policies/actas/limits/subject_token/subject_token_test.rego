package actas.limits.subject_token_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict
import data.actas.limits.subject_token

_scope(request) := answer if {
	answer := subject_token.granted_scope with input as request with data.actas.index as base.index
}

_lifetime(request) := answer if {
	answer := subject_token.max_lifetime_seconds with input as request
}

_claim := ["subject_token", "claims", "scope"]

_fact := ["facts", "subject_token", "scope"]

_consent(scope) := {
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

test_the_scope_of_the_token_is_the_ceiling if {
	_scope(base.request) == {"mail.read", "mail.send", "mail.delete", "calendar.read"}
	_scope(verdict.put(base.request, _fact, [])) == set()
}

test_a_consent_adds_nothing_to_a_scope_claim if {
	_scope(object.union(verdict.put(base.request, _fact, ["mail.read"]), _consent(["mail.send"]))) == {"mail.read"}
}

test_without_a_scope_claim_the_consent_is_the_ceiling if {
	unscoped := verdict.drop(base.request, [_claim, _fact])
	_scope(object.union(unscoped, _consent(["mail.send"]))) == {"mail.send"}
	_scope(unscoped) == set()
}

test_a_consent_that_is_no_basis_lends_nothing if {
	unscoped := verdict.drop(base.request, [_claim, _fact])
	consented := object.union(unscoped, _consent(["mail.send"]))
	beside := object.union(consented, {
		"consents": array.concat(consented.consents, [object.union(consented.consents[0], {"sub": "bob"})]),
		"facts": {"consents": [{"scope": ["mail.send"]}, {"scope": ["mail.delete"]}]},
	})
	_scope(beside) == {"mail.send"}
}

test_a_scope_claim_of_another_type_is_nothing if {
	unread := verdict.drop(base.request, [_fact])
	_scope(object.union(unread, _consent(["mail.send"]))) == set()
	_scope(verdict.put(object.union(unread, _consent(["mail.send"])), _claim, 7)) == set()
}

test_the_lifetime_is_what_is_left_without_leeway if {
	_lifetime(base.request) == 3600
	_lifetime(verdict.put(base.request, ["facts", "subject_token", "exp"], 1799999990)) == -10
}

test_a_token_without_an_end_leaves_nothing if {
	_lifetime(verdict.drop(base.request, [["facts", "subject_token", "exp"]])) == 0
	_lifetime(verdict.drop(base.request, [["now"]])) == 0
}
