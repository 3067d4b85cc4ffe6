package actas.rules.workload_identity_test

import data.actas.lib.outcome_test as outcome

test_a_workload_of_the_own_trust_domain_passes if {
	_codes([]) == set()
}

test_a_malformed_id_is_denied if {
	_codes([_svid("ids_valid", false)]) == {"SPIFFE_ID_INVALID"}
	_codes([outcome.absent("/request/facts/svid/ids_valid")]) == {"SPIFFE_ID_INVALID"}
}

test_an_svid_without_a_valid_id_is_of_no_trust_domain if {
	_codes([_svid("ids_valid", false), _actor("spiffe", {"valid": false, "workload": false})]) == {"SPIFFE_ID_INVALID", "TRUST_DOMAIN_UNTRUSTED", "BUNDLE_MISMATCH"}
	_codes([outcome.absent("/request/facts/actor_token/spiffe")]) == {"TRUST_DOMAIN_UNTRUSTED", "BUNDLE_MISMATCH"}
}

test_a_trust_domain_is_no_workload if {
	_codes([_svid("workloads_named", false)]) == {"SPIFFE_ID_NOT_WORKLOAD"}
	_codes([outcome.absent("/request/facts/svid/workloads_named")]) == {"SPIFFE_ID_NOT_WORKLOAD"}
}

test_a_trust_domain_without_a_bundle_is_denied if {
	_codes([_svid("bundle_known", false)]) == {"TRUST_DOMAIN_UNTRUSTED"}
	_codes([outcome.absent("/request/facts/svid/bundle_known")]) == {"TRUST_DOMAIN_UNTRUSTED"}
}

test_an_svid_that_no_key_of_its_own_trust_domain_verifies_is_denied if {
	_codes([_svid("own_keys", false)]) == {"BUNDLE_MISMATCH"}
	_codes([outcome.absent("/request/facts/svid/own_keys")]) == {"BUNDLE_MISMATCH"}
}

test_a_stale_bundle_proves_nothing if {
	_codes([_svid("bundle_fresh", false)]) == {"BUNDLE_STALE"}
	_codes([outcome.absent("/request/facts/svid/bundle_fresh")]) == {"BUNDLE_STALE"}
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

test_evidence_beside_what_is_no_svid_is_judged_alike if {
	no_svid := [_actor("svid", false), outcome.absent("/request/facts/actor_token/spiffe")]
	_codes(no_svid) == set()
	_codes(array.concat(no_svid, [_svid("bundle_known", false)])) == {"TRUST_DOMAIN_UNTRUSTED"}
	_codes(array.concat(no_svid, [_svid("own_keys", false)])) == {"BUNDLE_MISMATCH"}
}

test_a_token_of_which_nobody_knows_whether_it_is_an_svid_is_judged_as_one if {
	_codes([outcome.absent("/request/facts/actor_token")]) == {"TRUST_DOMAIN_UNTRUSTED", "BUNDLE_MISMATCH"}
}

_svid(name, value) := outcome.given(["request", "facts", "svid", name], value)

_actor(name, value) := outcome.given(concat("/", ["/request/facts/actor_token", name]), value)

_codes(changes) := outcome.codes("workload_identity", changes)
