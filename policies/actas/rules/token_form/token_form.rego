# METADATA
# title: A token is what it is declared to be
# description: >-
#   Header type and algorithm fit the declared token type and the issuer.
package actas.rules.token_form

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_types_fit
	_algorithms_allowed
}

# METADATA
# title: The typ header
# description: >-
#   An ID token is no access token. Tokens without a header are accepted from issuers of opaque
#   tokens only, and as a credential class that says what they are.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-4
#   description: RFC 9068, section 4
# - ref: https://www.rfc-editor.org/rfc/rfc8725#section-3.11
#   description: RFC 8725, section 3.11
# custom:
#   code: TOKEN_TYPE_CONFUSION
#   error: invalid_request
#   checks: [TOK-07]
#   reason: a token is not of the type it is declared to be
deny contains {
	"code": "TOKEN_TYPE_CONFUSION",
	"rule": "token_form",
	"reason": "a token is not of the type it is declared to be",
} if not _types_fit

_types_fit if {
	_subject_fits
	_actor_fits
}

_subject_fits if input.facts.subject_token.form == "declared"

else if input.facts.subject_token.form == "bridged"

else if {
	input.facts.subject_token.form == "access_token"
	_subject_issuer.access_token_typ[input.facts.subject_token.typ]
}

else if {
	input.facts.subject_token.form == "opaque"
	_subject_issuer.opaque
}

_actor_fits if input.facts.actor_token.form == "absent"

# An SVID's form is the business of the rule evidence.
else if input.facts.actor_token.form == "svid"

else if input.facts.actor_token.form == "declared"

else if input.facts.actor_token.form == "bridged"

else if {
	input.facts.actor_token.form == "access_token"
	_actor_issuer.access_token_typ[input.facts.actor_token.typ]
}

else if {
	input.facts.actor_token.form == "opaque"
	_actor_issuer.opaque
}

# METADATA
# title: The algorithm
# description: >-
#   alg is on the issuer's list: never none, never a MAC with an issuer whose keys are public.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8725#section-3.1
#   description: RFC 8725, section 3.1
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-4
#   description: RFC 9068, section 4
# custom:
#   code: ALG_NOT_ALLOWED
#   error: invalid_request
#   checks: [TOK-08]
#   reason: a token is signed with an algorithm that is not allowed
deny contains {
	"code": "ALG_NOT_ALLOWED",
	"rule": "token_form",
	"reason": "a token is signed with an algorithm that is not allowed",
} if not _algorithms_allowed

_algorithms_allowed if {
	_subject_algorithm_allowed
	_actor_algorithm_allowed
}

# What has no header is judged by its form.
_subject_algorithm_allowed if input.facts.subject_token.signed == false

else if _subject_issuer.algorithms[input.subject_token.header.alg]

_actor_algorithm_allowed if input.facts.actor_token.signed == false

else if _actor_issuer.algorithms[input.actor_token.header.alg]

_subject_issuer := data.actas.index.issuers[input.facts.subject_token.issuer]

_actor_issuer := data.actas.index.issuers[input.facts.actor_token.issuer]
