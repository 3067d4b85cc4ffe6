package actas.lib.chain_test

import data.actas.lib.chain
import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_resulting(request) := answer if {
	answer := chain.resulting with input as request with data.actas.index as base.index
}

_identity(level, index) := answer if {
	answer := chain.identity(level) with data.actas.index as index
}

_known := object.union(base.index, {
	"identities": {"https://as.example.com": {"7f0c": "by-sub"}},
	"client_identities": {"https://as.example.com": {"mail": "by-client"}},
})

test_the_new_actor_stands_before_the_inherited_chain if {
	_resulting(base.request) == [verdict.workload("mail")]
	_resulting(verdict.with_chain([verdict.workload("b"), verdict.workload("a")])) == [
		verdict.workload("mail"),
		verdict.workload("b"),
		verdict.workload("a"),
	]
}

test_the_same_actor_again_adds_no_level if {
	_resulting(verdict.with_chain([verdict.workload("mail"), verdict.workload("a")])) == [
		verdict.workload("mail"),
		verdict.workload("a"),
	]
}

test_without_an_actor_no_chain_results if {
	not _resulting(verdict.without_actor)
}

test_the_level_of_an_actor_names_its_own_client if {
	request := verdict.put(base.request, ["facts", "actor_token", "own_client"], "mail")
	_resulting(request) == [object.union(verdict.workload("mail"), {"client_id": "mail"})]
}

test_a_level_is_the_agent_that_the_registry_knows if {
	level := {"iss": "https://as.example.com", "sub": "7f0c", "client_id": "mail"}
	_identity(level, _known) == {"agent": "by-sub"}
	_identity(object.union(level, {"sub": "other"}), _known) == {"agent": "by-client"}
	_identity({"iss": "https://as.example.com", "sub": "mail"}, _known) == {"agent": "by-client"}
}

test_a_level_is_a_party_where_the_registry_knows_no_agent if {
	level := {"iss": "https://idp.example.com", "sub": "7f0c", "client_id": "mail"}
	_identity(level, _known) == {"iss": "https://idp.example.com", "sub": "7f0c"}
}

_workloads := object.union(base.index, {"identities": {"spiffe://example.org": {"spiffe://example.org/agent/mail": "by-spiffe-id"}}})

test_a_spiffe_id_is_its_agent_whoever_asserts_it if {
	_identity({"iss": "https://as.example.com", "sub": "spiffe://example.org/agent/mail"}, _workloads) == {"agent": "by-spiffe-id"}
	_identity({"iss": "https://as.example.com", "sub": "spiffe://partner.test/agent/mail"}, _workloads) == {
		"iss": "https://as.example.com",
		"sub": "spiffe://partner.test/agent/mail",
	}
}

test_a_name_belongs_to_its_trust_domain_or_to_the_server if {
	chain.named("spiffe://example.org/agent/mail") == verdict.workload("mail") with input as base.request
	chain.named("mail") == {"iss": "https://as.example.com", "sub": "mail"} with input as base.request
}

test_a_malformed_name_belongs_to_no_trust_domain_of_the_registry if {
	chain.named("spiffe:/example.org/agent/mail").iss == "https://as.example.com" with input as base.request
	chain.named("spiffe://example.org").iss == "spiffe://example.org" with input as base.request
}
