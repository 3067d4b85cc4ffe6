package actas.rules.sender_constraint_test

import data.actas.lib.outcome_test as outcome

test_a_bearer_token_passes if {
	_codes([]) == set()
}

test_a_bound_token_with_the_proof_of_its_key_passes if {
	_codes([_bound(_key), _proof("key-1")]) == set()
}

test_a_bound_token_without_a_proof_is_denied if {
	_codes([_bound(_key)]) == {"SENDER_CONSTRAINT_UNPROVEN", "SENDER_CONSTRAINT_DOWNGRADE"}
}

test_a_bound_token_with_the_proof_of_another_key_is_denied if {
	_codes([_bound(_key), _proof("key-2")]) == {"SENDER_CONSTRAINT_UNPROVEN"}
}

test_an_empty_thumbprint_is_proven_by_nobody if {
	_codes([_bound({"known": true, "jkt": ""})]) == {"SENDER_CONSTRAINT_UNPROVEN", "SENDER_CONSTRAINT_DOWNGRADE"}
}

test_an_actor_with_a_proof_of_its_own_rebinds_the_token if {
	_codes([_bound(_key), _proof("key-2"), _actor_proof("key-2")]) == set()
}

test_an_actor_s_proof_is_not_the_client_s if {
	_codes([_bound(_key), _proof("key-3"), _actor_proof("key-2")]) == {"SENDER_CONSTRAINT_UNPROVEN"}
}

test_a_proof_of_the_actor_alone_leaves_a_bearer_token if {
	_codes([_bound(_key), _actor_proof("key-2")]) == {"SENDER_CONSTRAINT_DOWNGRADE"}
}

test_a_certificate_bound_token_needs_the_actor_s_proof if {
	_codes([_bound({"known": true}), _proof("key-2")]) == {"SENDER_CONSTRAINT_UNPROVEN"}
	_codes([_bound({"known": true}), _proof("key-2"), _actor_proof("key-2")]) == set()
}

test_an_unknown_method_is_denied if {
	_codes([_bound({"known": false}), _proof("key-2"), _actor_proof("key-2")]) == {"CNF_UNSUPPORTED"}
}

test_a_method_that_nobody_looked_at_is_denied if {
	_codes([_bound({}), _proof("key-2"), _actor_proof("key-2")]) == {"CNF_UNSUPPORTED"}
}

test_a_token_of_which_nobody_knows_whether_it_is_bound_is_denied if {
	_codes([outcome.absent("/request/facts/subject_token/key_bound")]) == {"CNF_UNSUPPORTED", "SENDER_CONSTRAINT_UNPROVEN", "SENDER_CONSTRAINT_DOWNGRADE"}
}

test_a_client_registered_for_bearer_tokens_cannot_exchange_a_bound_one if {
	_codes([
		_bound(_key),
		_proof("key-1"),
		outcome.given("/index/clients/agent-mail/dpop_bound_access_tokens", false),
	]) == {"SENDER_CONSTRAINT_DOWNGRADE"}
}

_key := {"known": true, "jkt": "key-1"}

_bound(cnf) := outcome.given("/request/facts/subject_token", object.union(
	outcome.after([]).request.facts.subject_token,
	{"key_bound": true, "cnf": cnf},
))

_proof(jkt) := outcome.given("/request/client/proof_jkt", jkt)

_actor_proof(jkt) := outcome.given("/request/actor_token/pop_jkt", jkt)

_codes(changes) := outcome.codes("sender_constraint", changes)
