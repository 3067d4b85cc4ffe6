# METADATA
# title: Tokens are verified before they count
# description: >-
#   The decision rests on facts that somebody checked.
package actas.rules.token_verification

import data.actas.lib.ceiling

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_tokens_verified
}

# METADATA
# title: Attested verification
# description: >-
#   The authorization server validated signature and time of both tokens and says so, or this service
#   verified them itself; absence means not verified. A risk class may ask for the latter.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#   description: RFC 8693, section 2.1
# custom:
#   code: TOKEN_NOT_VERIFIED
#   error: invalid_request
#   checks: [TOK-01]
#   reason: a token is not attested as verified
deny contains {
	"code": "TOKEN_NOT_VERIFIED",
	"rule": "token_verification",
	"reason": "a token is not attested as verified",
} if not _tokens_verified

_tokens_verified if {
	data.actas.index.proof_demanded == false
	input.facts.subject_token.attested
	input.facts.actor_token.attested
}

else if {
	input.facts.subject_token.attested
	input.facts.actor_token.attested
	every class in ceiling.risk_classes {
		every name in data.actas.index.risk[class].verified_tokens {
			input.facts[name].proven
		}
	}
}
