package actas.rules.changed_claims_test

import data.actas.lib.outcome_test as outcome

_mail := "spiffe://example.org/agent/mail"

test_where_nothing_has_changed_every_token_is_current if {
	_revoked([]) == set()
	_revoked([{"kind": "jti", "jti": "st-1"}]) == set()
}

test_a_token_with_changed_claims_is_denied if {
	every about in [{"jti": "st-1"}, {"sub": "alice"}, {"jti": "st-1", "iss": "https://as.example.com"}] {
		change := object.union({"kind": "claims", "claims": {"role": "reader"}, "event_timestamp": 1800000000}, about)
		_revoked([change]) == {"CLAIMS_CHANGED"}
		_codes([_state([change]), _claim("role", "admin")]) == {"CLAIMS_CHANGED"}
		_codes([_state([change]), _claim("role", "reader")]) == set()
		_codes([_state([change]), _claim("iat", 1800000001)]) == set()
		_codes([_state([object.remove(change, {"event_timestamp"})]), _claim("iat", 1800000001)]) == {"CLAIMS_CHANGED"}
	}
}

test_every_changed_claim_counts if {
	change := {"kind": "claims", "jti": "st-1", "claims": {"role": "reader", "level": 1}, "event_timestamp": 1800000000}
	_codes([_state([change]), _claim("role", "reader")]) == {"CLAIMS_CHANGED"}
	_codes([_state([change]), _claim("role", "reader"), _claim("level", 2)]) == {"CLAIMS_CHANGED"}
	_codes([_state([change]), _claim("role", "reader"), _claim("level", 1)]) == set()
}

test_the_claims_of_another_token_may_change if {
	change := {"kind": "claims", "claims": {"role": "reader"}, "event_timestamp": 1800000000}
	every about in [
		{"jti": "st-2"},
		{"sub": "bob"},
		{"jti": "st-1", "iss": "https://idp.example.com"},
		{"sub": "alice", "iss": "https://idp.example.com"},
		{"jti": "st-1", "sub": "bob"},
		{"jti": "st-2", "sub": "alice"},
	] {
		_revoked([object.union(change, about)]) == set()
	}
}

test_the_claims_of_the_actor_change_too if {
	change := {"kind": "claims", "sub": _mail, "claims": {"role": "reader"}, "event_timestamp": 1800000000}
	_revoked([change]) == {"CLAIMS_CHANGED"}
	_codes([_state([change]), outcome.given("/request/actor_token/claims/role", "reader")]) == set()
}

_claim(name, value) := outcome.given(["request", "subject_token", "claims", name], value)

_state(revocations) := outcome.given("/request/state/revocations", revocations)

_revoked(revocations) := _codes([_state(revocations)])

_codes(changes) := outcome.codes("changed_claims", changes)
