# METADATA
# title: The act claim of the subject token
# description: >-
#   A chain that cannot be read cannot be preserved, judged or revoked.
package actas.rules.act

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_chain_readable
}

# METADATA
# title: Well-formed act
# description: >-
#   act and every act within it is an object whose sub is a string that is not empty, and whose iss,
#   where present, is one too. Other members, such as exp, mean nothing.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.1
#   description: RFC 8693, section 4.1
# custom:
#   code: ACT_MALFORMED
#   error: invalid_request
#   checks: [ACT-01, ACT-05]
#   reason: the act claim of the subject token is malformed
deny contains {
	"code": "ACT_MALFORMED",
	"rule": "act",
	"reason": "the act claim of the subject token is malformed",
} if not _chain_readable

_chain_readable if input.facts.subject_token.chain.well_formed
