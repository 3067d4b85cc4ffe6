# METADATA
# title: What the targets understand
# description: >-
#   A token is usable at every one of its targets with every one of its scopes (RFC 8693, section
#   2.1.1), so only what all of them know is left.
package actas.limits.target

granted_scope := intersection({scopes |
	some name in input.facts.targets
	scopes := object.keys(data.actas.index.targets[name].scopes)
})

default max_lifetime_seconds := 0

max_lifetime_seconds := min({data.actas.index.targets[name].max_lifetime_seconds | some name in input.facts.targets})
