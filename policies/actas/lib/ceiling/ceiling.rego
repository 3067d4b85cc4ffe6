# METADATA
# title: What remains of the asked-for authority under every limit
package actas.lib.ceiling

named_scopes := {name: true | data.actas.limits[name].granted_scope}

named_lifetimes := {name: true | data.actas.limits[name].max_lifetime_seconds}

# A limit of another type has no value, and what has no value denies (RULE_MISSING).
custom_scopes[name] := {s | some s in scope} if {
	scope := data.custom.actas.limits[name].granted_scope
	type_name(scope) in {"array", "set"}
}

custom_lifetimes[name] := floor(seconds) if {
	seconds := data.custom.actas.limits[name].max_lifetime_seconds
	is_number(seconds)
}

granted_scope := intersection(_scopes)

lifetime := min(_lifetimes)

_scopes contains data.actas.limits[_].granted_scope

_scopes contains scope if some scope in custom_scopes

_lifetimes contains data.actas.limits[_].max_lifetime_seconds

_lifetimes contains seconds if some seconds in custom_lifetimes

# METADATA
# description: The risk classes of what would be issued; a withheld scope asks nothing of the user.
risk_classes contains class if {
	some target in input.facts.targets
	some scope in granted_scope
	class := data.actas.index.targets[target].scopes[scope].risk
	class != ""
}

# METADATA
# description: The scopes that no approval may be missing for.
scopes_to_approve contains scope if {
	some class in risk_classes
	data.actas.index.risk[class].approval
	some target in input.facts.targets
	some scope in granted_scope
	data.actas.index.targets[target].scopes[scope].risk == class
}
