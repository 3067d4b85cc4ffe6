# METADATA
# title: Claims are what the specifications say they are
# description: >-
#   Unique members, numbers that are numbers, names that name somebody.
package actas.rules.claims

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_claims_well_formed
	_subjects_named
}

# METADATA
# title: Well-formed claims
# description: >-
#   Member names are unique, NumericDates are JSON numbers, aud is a string or an array of strings,
#   and scope is one string.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc7519#section-2
#   description: RFC 7519, section 2
# - ref: https://www.rfc-editor.org/rfc/rfc7519#section-4
#   description: RFC 7519, section 4
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.2
#   description: RFC 8693, section 4.2
# custom:
#   code: MALFORMED_CLAIMS
#   error: invalid_request
#   checks: [TOK-04, TOK-06, SCP-11]
#   reason: the claims of a token are malformed
deny contains {
	"code": "MALFORMED_CLAIMS",
	"rule": "claims",
	"reason": "the claims of a token are malformed",
} if not _claims_well_formed

_claims_well_formed if {
	input.facts.subject_token.claims_well_formed
	input.facts.actor_token.claims_well_formed
}

# METADATA
# title: A usable sub
# description: >-
#   sub is a string that is not empty, in both tokens.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-2.2
#   description: RFC 9068, section 2.2
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.1
#   description: RFC 8693, section 4.1
# custom:
#   code: SUBJECT_MISSING
#   error: invalid_request
#   checks: [TOK-05]
#   reason: a token names no subject
deny contains {
	"code": "SUBJECT_MISSING",
	"rule": "claims",
	"reason": "a token names no subject",
} if not _subjects_named

_subjects_named if {
	input.facts.subject_token.named
	input.facts.actor_token.named
}
