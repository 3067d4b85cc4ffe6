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
	_bundle_fresh
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

_spiffe_ids_valid if input.facts.svid.ids_valid

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

_workloads_named if input.facts.svid.workloads_named

# METADATA
# title: Trust domains
# description: >-
#   The actor's trust domain is in the registry, compared as a whole, and where its SVIDs are verified here its
#   bundle can be had and has a key.
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

_trust_domain_known if {
	input.facts.svid.bundle_known
	data.actas.index.trust_domains[input.facts.actor_token.spiffe.trust_domain]
}

else if {
	input.facts.svid.bundle_known
	input.facts.actor_token.svid == false
}

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
#   reason: no key of its own trust domain verifies the SVID
deny contains {
	"code": "BUNDLE_MISMATCH",
	"rule": "workload_identity",
	"reason": "no key of its own trust domain verifies the SVID",
} if not _bundle_matches

_bundle_matches if {
	input.facts.svid.own_keys
	input.actor_token.bundle_trust_domain == input.facts.actor_token.spiffe.trust_domain
}

else if {
	input.facts.svid.own_keys
	input.facts.actor_token.svid == false
}

# METADATA
# title: Fresh bundles
# description: >-
#   A bundle in which SVIDs are looked up here is no older than the service's configuration permits:
#   a key that was taken back meanwhile would still be trusted.
# related_resources:
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Trust_Domain_and_Bundle.md
#   description: bundle, sections 4.1.2 and 6.1
# custom:
#   code: BUNDLE_STALE
#   error: invalid_request
#   checks: [FED-04]
#   reason: the bundle of the actor's trust domain is too old
deny contains {
	"code": "BUNDLE_STALE",
	"rule": "workload_identity",
	"reason": "the bundle of the actor's trust domain is too old",
} if not _bundle_fresh

_bundle_fresh if input.facts.svid.bundle_fresh
