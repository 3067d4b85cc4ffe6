# METADATA
# title: Claims that have changed
# description: >-
#   What a token says is out of date when its issuer has told of new values since. It is not read with the new ones: the
#   next token has them.
package actas.rules.changed_claims

import data.actas.lib.revocations

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if _claims_current

# METADATA
# title: Changed claims
# description: >-
#   Every token was issued after the last change of its claims, or says what they are since then.
# related_resources:
# - ref: https://openid.net/specs/openid-caep-1_0-final.html#section-3.2
#   description: CAEP, section 3.2
# custom:
#   code: CLAIMS_CHANGED
#   error: invalid_request
#   checks: [KIL-07]
#   reason: a claim of a token has changed since it was issued
deny contains {
	"code": "CLAIMS_CHANGED",
	"rule": "changed_claims",
	"reason": "a claim of a token has changed since it was issued",
} if not _claims_current

_claims_current if input.state.revocations == []

else if {
	every change in revocations.of_claims {
		revocations.says_so(change)
	}
}
