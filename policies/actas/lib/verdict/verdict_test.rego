# METADATA
# title: What a rule says in a unit test
# description: >-
#   A rule must prove exactly where it denies nothing; a test of the codes is always a test of both.
package actas.lib.verdict_test

import data.actas.lib.fixtures_test as base

# METADATA
# description: The codes that a rule denies the request with, over the base world.
denied(rule, request) := denied_in(rule, request, base.index, base.settings)

denied_in(rule, request, index, settings) := codes if {
	codes := {denial.code | some denial in data.actas.rules[rule].deny} with input as request
		with data.actas.index as index
		with data.actas.settings as settings
	proven := {true | data.actas.rules[rule].proven} with input as request
		with data.actas.index as index
		with data.actas.settings as settings
	_agree(codes, proven)
}

_agree(codes, proven) if {
	codes == set()
	proven == {true}
}

_agree(codes, proven) if {
	codes != set()
	proven == set()
}

# METADATA
# description: A document with one value put at a path of keys, or with several paths gone.
put(document, path, value) := json.patch(document, [{"op": "add", "path": path, "value": value}])

drop(document, paths) := json.remove(document, paths)

# METADATA
# description: The base exchange without an actor, the client being authenticated and confidential.
without_actor := object.union(
	drop(base.request, [["actor_token"], ["actor_workload"], ["facts", "actor_token"], ["facts", "actor_workload"]]),
	{"facts": {
		"actor_token": {
			"mentioned": false,
			"presented": false,
			"consistent": true,
			"kind_known": true,
			"attested": true,
			"claims_well_formed": true,
			"named": true,
			"has_end": true,
			"starts": 0,
			"has_act": false,
			"active": true,
			"oauth": true,
			"form": "absent",
			"signed": false,
			"svid": false,
			"svid_well_formed": true,
			"spiffe_subject": false,
			"key_bound": false,
			"audience_bound": false,
			"multiple_audiences": false,
		},
		"actor_workload": {"declared": false, "valid": true, "workload": true},
	}},
)

# METADATA
# description: The base exchange whose subject token delegates through these parties, the outermost first.
with_chain(levels) := put(base.request, ["facts", "subject_token", "chain", "levels"], levels)

# METADATA
# description: A level of a chain, and the party of an actor. Both are workloads of the own trust domain.
workload(name) := {"iss": "spiffe://example.org", "sub": concat("/", ["spiffe://example.org/agent", name])}
