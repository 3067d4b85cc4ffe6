# METADATA
# title: Rich authorization requests
# description: >-
#   Known types with known fields, compared as their type says, never beyond what the subject token
#   was granted.
package actas.rules.authorization_details

import data.actas.lib.authorization_details

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_details_valid
	_comparable
	_within_grant
}

# METADATA
# title: Valid details
# description: >-
#   An array of objects of known types, with known fields, allowed values and nothing required
#   missing; and something of it is for the target.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9396#section-2
#   description: RFC 9396, section 2
# - ref: https://www.rfc-editor.org/rfc/rfc9396#section-5
#   description: RFC 9396, section 5
# custom:
#   code: RAR_INVALID
#   error: invalid_authorization_details
#   checks: [RAR-01]
#   reason: authorization_details are invalid
deny contains {
	"code": "RAR_INVALID",
	"rule": "authorization_details",
	"reason": "authorization_details are invalid",
} if not _details_valid

_details_valid if input.facts.authorization_details.given == false

else if {
	input.facts.authorization_details.well_formed
	every entry in input.authorization_details {
		type := authorization_details.types[entry.type]
		object.keys(entry) - object.keys(type.fields) == set()
		object.keys(type.required) - object.keys(entry) == set()
		every name, value in entry {
			_value_allowed(type, name, value)
		}
	}
	_amounts_plain
	authorization_details.granted != []
}

# A type lists the values of a field, or leaves them open.
_value_allowed(type, name, _) if object.keys(type.values) & {name} == set()

_value_allowed(type, name, value) if {
	is_string(value)
	type.values[name][value]
}

_value_allowed(type, name, value) if {
	is_array(value)
	every member in value {
		type.values[name][member]
	}
}

# What is compared as an amount is a plain decimal.
_amounts_plain if {
	every i, entry in input.authorization_details {
		every name, _ in authorization_details.types[entry.type].max {
			input.facts.authorization_details.decimals[i][name]
		}
	}
}

# METADATA
# title: A comparator per type
# description: >-
#   Only a type's own comparison can tell whether a request is within a grant.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9396#section-6.1
#   description: RFC 9396, section 6.1
# custom:
#   code: RAR_NO_COMPARATOR
#   error: invalid_authorization_details
#   checks: [RAR-03]
#   reason: a type of authorization_details cannot be compared
deny contains {
	"code": "RAR_NO_COMPARATOR",
	"rule": "authorization_details",
	"reason": "a type of authorization_details cannot be compared",
} if not _comparable

_comparable if input.facts.authorization_details.given == false

else if {
	every entry in input.authorization_details {
		authorization_details.types[entry.type].compare in {"subset", "max"}
	}
}

# METADATA
# title: Within the grant
# description: >-
#   Every requested entry is within one entry that the subject token was granted.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9396#section-6
#   description: RFC 9396, section 6
# - ref: https://www.rfc-editor.org/rfc/rfc9396#section-3.1
#   description: RFC 9396, section 3.1
# custom:
#   code: RAR_EXCEEDS_GRANT
#   error: invalid_authorization_details
#   checks: [RAR-02, RAR-04, RAR-05]
#   reason: authorization_details exceed what was granted
deny contains {
	"code": "RAR_EXCEEDS_GRANT",
	"rule": "authorization_details",
	"reason": "authorization_details exceed what was granted",
} if not _within_grant

_within_grant if input.facts.authorization_details.given == false

else if {
	every i, _ in input.authorization_details {
		authorization_details.within(i)
	}
}
