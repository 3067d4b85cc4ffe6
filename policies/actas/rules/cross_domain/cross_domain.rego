# METADATA
# title: Actors of federated trust domains
# description: >-
#   A federated trust domain authenticates its workloads; what they may do needs a grant of its own.
package actas.rules.cross_domain

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_domain_allowed
}

# METADATA
# title: Federated paths
# description: >-
#   A workload of a federated trust domain is on a path that the registry lists, on a segment
#   border.
# related_resources:
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
#   description: spiffe-id, section 4.1
# custom:
#   code: CROSS_DOMAIN_NOT_ALLOWED
#   error: invalid_request
#   checks: [FED-03]
#   reason: the actor's trust domain is not allowed here
deny contains {
	"code": "CROSS_DOMAIN_NOT_ALLOWED",
	"rule": "cross_domain",
	"reason": "the actor's trust domain is not allowed here",
} if not _domain_allowed

_domain_allowed if _trust_domain.kind == "own"

else if input.facts.actor_token.svid == false

else if {
	_trust_domain.kind == "federated"
	some path in input.facts.actor_token.spiffe.path_prefixes
	_trust_domain.paths[path]
}

_trust_domain := data.actas.index.trust_domains[input.facts.actor_token.spiffe.trust_domain]
