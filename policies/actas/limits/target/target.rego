# METADATA
# title: What the targets understand
# description: >-
#   A token is usable at every one of its targets with every one of its scopes (RFC 8693, section
#   2.1.1), so only what all of them know is left.
package actas.limits.target

granted_scope := intersection({object.keys(target.scopes) | some target in _targets})

default max_lifetime_seconds := 0

max_lifetime_seconds := min({target.max_lifetime_seconds | some target in _targets})

_targets := [data.actas.index.targets[name] | some name in input.facts.targets]
