# METADATA
# title: Rich authorization requests
# description: >-
#   Each type says how it is compared (RFC 9396, section 6.1); locations are cut to the targets, since a
#   token says nothing to a resource that is not its audience.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9396#section-9.1
#   description: RFC 9396, section 9.1
package actas.lib.authorization_details

types := data.actas.index.authorization_details

requested := input.authorization_details

granting := input.subject_token.claims.authorization_details

# METADATA
# description: What may be issued, in the order of the request.
granted := [] if input.facts.authorization_details.given == false

else := [detail |
	some entry in requested
	detail := _at_targets(entry)
]

narrowed if {
	input.facts.authorization_details.given
	granted != requested
}

_at_targets(entry) := entry if object.keys(entry) & {"locations"} == set()

_at_targets(entry) := object.union(entry, {"locations": kept}) if {
	kept := [location | some location in entry.locations; location in input.facts.targets]
	kept != []
}

# METADATA
# description: Whether one requested entry stays within one granted entry of its type.
within(i) if {
	_grant_readable
	some j, grant in granting
	grant.type == requested[i].type
	_narrower(types[grant.type].compare, i, j)
}

# There are no decimals of what is no array of details.
_grant_readable if {
	is_array(granting)
	count(input.facts.subject_token.authorization_details.decimals) == count(granting)
}

# Every listed array within the granted one, every other member equal. A member that the request leaves out
# is no restriction, and so not narrower.
_narrower("subset", i, j) if {
	object.keys(granting[j]) == object.keys(requested[i])
	every name, wanted in requested[i] {
		_member_within(wanted, granting[j][name])
	}
}

_narrower("max", i, j) if {
	object.keys(granting[j]) == object.keys(requested[i])
	limits := types[requested[i].type].max
	every name, wanted in requested[i] {
		_amount_within(limits, name, i, j, wanted)
	}
}

_member_within(wanted, given) if wanted == given

_member_within(wanted, given) if {
	is_array(wanted)
	is_array(given)
	wanted != []
	{w | some w in wanted} - {g | some g in given} == set()
}

_amount_within(limits, name, _, j, wanted) if {
	object.keys(limits) & {name} == set()
	wanted == granting[j][name]
}

# Keys of decimals sort by amount; there is none where the text is no plain decimal.
_amount_within(limits, name, i, j, _) if {
	amount := input.facts.authorization_details.decimals[i][name]
	amount <= limits[name]
	amount <= input.facts.subject_token.authorization_details.decimals[j][name]
}
