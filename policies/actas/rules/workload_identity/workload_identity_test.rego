package actas.rules.workload_identity_test

import data.actas.lib.outcome_test as outcome

test_a_workload_of_the_own_trust_domain_passes if {
	_codes([]) == set()
}

test_a_malformed_declared_id_is_denied if {
	_codes([_declared("valid", false), _declared("workload", false)]) == {"SPIFFE_ID_INVALID"}
}

test_a_declared_id_that_nobody_looked_at_is_denied if {
	_codes([outcome.absent("/request/facts/actor_workload")]) == {"SPIFFE_ID_INVALID", "SPIFFE_ID_NOT_WORKLOAD"}
}

test_a_malformed_id_in_the_svid_is_denied if {
	_codes([_actor("spiffe", {"valid": false, "workload": false})]) == {"SPIFFE_ID_INVALID", "TRUST_DOMAIN_UNTRUSTED", "BUNDLE_MISMATCH"}
}

test_an_svid_whose_id_nobody_looked_at_is_denied if {
	_codes([outcome.absent("/request/facts/actor_token/spiffe")]) == {"SPIFFE_ID_INVALID", "SPIFFE_ID_NOT_WORKLOAD", "TRUST_DOMAIN_UNTRUSTED", "BUNDLE_MISMATCH"}
}

test_a_declared_trust_domain_is_no_workload if {
	_codes([_declared("workload", false)]) == {"SPIFFE_ID_NOT_WORKLOAD"}
}

test_a_trust_domain_in_the_svid_is_no_workload if {
	_codes([_actor("spiffe/workload", false)]) == {"SPIFFE_ID_NOT_WORKLOAD"}
}

test_a_declared_id_of_which_nobody_knows_whether_it_has_a_path_is_denied if {
	_codes([outcome.absent("/request/facts/actor_workload/workload")]) == {"SPIFFE_ID_NOT_WORKLOAD"}
	_codes([outcome.absent("/request/facts/actor_token/spiffe/workload")]) == {"SPIFFE_ID_NOT_WORKLOAD"}
}

test_a_workload_of_a_federated_trust_domain_is_known if {
	_codes([
		_actor("spiffe/trust_domain", "partner.test"),
		outcome.given("/request/actor_token/bundle_trust_domain", "partner.test"),
	]) == set()
}

test_a_workload_of_an_unknown_trust_domain_is_denied if {
	_codes([
		_actor("spiffe/trust_domain", "sub.example.org"),
		outcome.given("/request/actor_token/bundle_trust_domain", "sub.example.org"),
	]) == {"TRUST_DOMAIN_UNTRUSTED"}
}

test_keys_of_another_trust_domain_prove_nothing if {
	_codes([outcome.given("/request/actor_token/bundle_trust_domain", "partner.test")]) == {"BUNDLE_MISMATCH"}
}

test_keys_of_nobody_knows_whom_prove_nothing if {
	_codes([outcome.absent("/request/actor_token/bundle_trust_domain")]) == {"BUNDLE_MISMATCH"}
}

test_what_is_no_svid_has_no_spiffe_id if {
	_codes([
		_actor("svid", false),
		outcome.absent("/request/facts/actor_token/spiffe"),
		outcome.absent("/request/actor_token"),
	]) == set()
}

test_a_token_of_which_nobody_knows_whether_it_is_an_svid_is_judged_as_one if {
	_codes([outcome.absent("/request/facts/actor_token")]) == {"SPIFFE_ID_INVALID", "SPIFFE_ID_NOT_WORKLOAD", "TRUST_DOMAIN_UNTRUSTED", "BUNDLE_MISMATCH"}
}

_declared(name, value) := outcome.given(["request", "facts", "actor_workload", name], value)

_actor(name, value) := outcome.given(concat("/", ["/request/facts/actor_token", name]), value)

_codes(changes) := outcome.codes("workload_identity", changes)
