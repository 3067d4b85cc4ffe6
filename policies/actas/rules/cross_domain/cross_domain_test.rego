package actas.rules.cross_domain_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_spiffe := ["facts", "actor_token", "spiffe"]

_from(trust_domain, prefixes) := verdict.put(base.request, _spiffe, {
	"valid": true,
	"workload": true,
	"trust_domain": trust_domain,
	"path_prefixes": prefixes,
})

_denied(request) := verdict.denied("cross_domain", request)

test_a_workload_of_the_own_trust_domain_passes if _denied(base.request) == set()

test_what_is_no_workload_has_no_trust_domain if {
	request := verdict.put(verdict.drop(base.request, [_spiffe]), ["facts", "actor_token", "svid"], false)
	_denied(request) == set()
}

test_a_federated_workload_on_a_listed_path_passes if {
	_denied(_from("partner.test", ["/agent", "/agent/shared"])) == set()
	_denied(_from("partner.test", ["/agent", "/agent/shared", "/agent/shared/reader"])) == set()
}

test_a_federated_workload_on_another_path_denies if {
	_denied(_from("partner.test", ["/agent", "/agent/private"])) == {"CROSS_DOMAIN_NOT_ALLOWED"}
	_denied(_from("partner.test", ["/agent", "/agent/shared-not"])) == {"CROSS_DOMAIN_NOT_ALLOWED"}
	_denied(_from("partner.test", [])) == {"CROSS_DOMAIN_NOT_ALLOWED"}
}

test_an_unknown_trust_domain_denies if {
	_denied(_from("stranger.test", ["/agent", "/agent/shared"])) == {"CROSS_DOMAIN_NOT_ALLOWED"}
}

test_a_trust_domain_of_no_known_kind_denies if {
	index := verdict.put(base.index, ["trust_domains", "partner.test", "kind"], "friendly")
	request := _from("partner.test", ["/agent/shared"])
	verdict.denied_in("cross_domain", request, index, base.settings) == {"CROSS_DOMAIN_NOT_ALLOWED"}
}

test_a_workload_that_nobody_named_denies if {
	_denied(verdict.drop(base.request, [_spiffe])) == {"CROSS_DOMAIN_NOT_ALLOWED"}
	unnamed := verdict.drop(base.request, [_spiffe, ["facts", "actor_token", "svid"]])
	_denied(unnamed) == {"CROSS_DOMAIN_NOT_ALLOWED"}
}
