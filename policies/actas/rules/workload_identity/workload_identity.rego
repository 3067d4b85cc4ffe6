# METADATA
# title: The SPIFFE identity of the actor
# description: >-
#   Syntax, trust domain and keys of the actor's workload identity.
package actas.rules.workload_identity

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_spiffe_ids_valid
	_workloads_named
	_trust_domain_known
	_bundle_matches
}

# METADATA
# title: SPIFFE ID syntax
# description: >-
#   Lower-case scheme and trust domain, clean path segments, at most 2048 bytes; nothing is folded
#   or repaired.
# related_resources:
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
#   description: spiffe-id, section 2
# custom:
#   code: SPIFFE_ID_INVALID
#   error: invalid_request
#   checks: [SPF-01, SPF-02, SPF-05]
#   reason: a SPIFFE ID is malformed
deny contains {
	"code": "SPIFFE_ID_INVALID",
	"rule": "workload_identity",
	"reason": "a SPIFFE ID is malformed",
} if not _spiffe_ids_valid

_spiffe_ids_valid if {
	input.facts.actor_workload.valid
	_presented_valid
}

_presented_valid if input.facts.actor_token.svid == false

else if input.facts.actor_token.spiffe.valid

# METADATA
# title: A workload has a path
# description: >-
#   An ID without a path names a trust domain, and a trust domain is no actor.
# related_resources:
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
#   description: spiffe-id, section 2.2
# custom:
#   code: SPIFFE_ID_NOT_WORKLOAD
#   error: invalid_request
#   checks: [SPF-03]
#   reason: a SPIFFE ID names a trust domain and no workload
deny contains {
	"code": "SPIFFE_ID_NOT_WORKLOAD",
	"rule": "workload_identity",
	"reason": "a SPIFFE ID names a trust domain and no workload",
} if not _workloads_named

_workloads_named if {
	_declared_workload
	_presented_workload
}

_declared_workload if input.facts.actor_workload.workload == true

# What is no SPIFFE ID at all has its own code.
else if input.facts.actor_workload.valid == false

_presented_workload if input.facts.actor_token.svid == false

else if input.facts.actor_token.spiffe.workload == true

else if input.facts.actor_token.spiffe.valid == false

# METADATA
# title: Trust domains
# description: >-
#   The actor's trust domain is in the registry, compared as a whole.
# related_resources:
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Trust_Domain_and_Bundle.md
#   description: bundle, section 4.1
# custom:
#   code: TRUST_DOMAIN_UNTRUSTED
#   error: invalid_request
#   checks: [FED-01]
#   reason: the trust domain of the actor is not trusted
deny contains {
	"code": "TRUST_DOMAIN_UNTRUSTED",
	"rule": "workload_identity",
	"reason": "the trust domain of the actor is not trusted",
} if not _trust_domain_known

_trust_domain_known if input.facts.actor_token.svid == false

else if data.actas.index.trust_domains[input.facts.actor_token.spiffe.trust_domain]

# METADATA
# title: Keys of the own trust domain
# description: >-
#   The key that verified the SVID comes from the bundle of the ID's own trust domain; bundles are
#   never pooled.
# related_resources:
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Federation.md
#   description: federation, section 4.3
# custom:
#   code: BUNDLE_MISMATCH
#   error: invalid_request
#   checks: [SVI-04, FED-02]
#   reason: the SVID was verified with the keys of another trust domain
deny contains {
	"code": "BUNDLE_MISMATCH",
	"rule": "workload_identity",
	"reason": "the SVID was verified with the keys of another trust domain",
} if not _bundle_matches

_bundle_matches if input.facts.actor_token.svid == false

else if input.actor_token.bundle_trust_domain == input.facts.actor_token.spiffe.trust_domain
