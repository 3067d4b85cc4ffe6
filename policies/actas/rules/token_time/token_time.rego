# METADATA
# title: Tokens are within their time
# description: >-
#   Leeway accepts a token a little late; it never extends what is issued.
package actas.rules.token_time

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_subject_unexpired
	_actor_unexpired
	_expiry_present
	_already_valid
}

# METADATA
# title: Subject token expiry
# description: >-
#   now is before exp, within the clock skew.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
#   description: RFC 7519, section 4.1.4
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-4
#   description: RFC 9068, section 4
# custom:
#   code: SUBJECT_TOKEN_EXPIRED
#   error: invalid_request
#   checks: [TOK-02, LIF-05]
#   reason: the subject token has expired
deny contains {
	"code": "SUBJECT_TOKEN_EXPIRED",
	"rule": "token_time",
	"reason": "the subject token has expired",
} if not _subject_unexpired

_subject_unexpired if input.facts.subject_token.exp > _earliest_end

# Without a readable exp the token is refused under another code.
else if not _subject_ends

_subject_ends if input.facts.subject_token.exp

# METADATA
# title: Actor token expiry
# description: >-
#   now is before exp, within the clock skew.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
#   description: RFC 7519, section 4.1.4
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-4
#   description: RFC 9068, section 4
# custom:
#   code: ACTOR_TOKEN_EXPIRED
#   error: invalid_request
#   checks: [TOK-02]
#   reason: the actor token has expired
deny contains {
	"code": "ACTOR_TOKEN_EXPIRED",
	"rule": "token_time",
	"reason": "the actor token has expired",
} if not _actor_unexpired

_actor_unexpired if input.facts.actor_token.exp > _earliest_end

else if not _actor_ends

_actor_ends if input.facts.actor_token.exp

# METADATA
# title: Expiry is required
# description: >-
#   A token without exp never ends, so nothing issued on it would have to.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
#   description: RFC 7519, section 4.1.4
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-2.2
#   description: RFC 9068, section 2.2
# custom:
#   code: TOKEN_NO_EXPIRY
#   error: invalid_request
#   checks: [TOK-02]
#   reason: a token has no expiry
deny contains {
	"code": "TOKEN_NO_EXPIRY",
	"rule": "token_time",
	"reason": "a token has no expiry",
} if not _expiry_present

_expiry_present if {
	input.facts.subject_token.has_end
	input.facts.actor_token.has_end
}

# METADATA
# title: Not before, and issued in the past
# description: >-
#   Neither nbf nor iat lies in the future beyond the clock skew.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5
#   description: RFC 7519, section 4.1.5
# - ref: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.6
#   description: RFC 7519, section 4.1.6
# custom:
#   code: TOKEN_NOT_YET_VALID
#   error: invalid_request
#   checks: [TOK-03]
#   reason: a token is not valid yet
deny contains {
	"code": "TOKEN_NOT_YET_VALID",
	"rule": "token_time",
	"reason": "a token is not valid yet",
} if not _already_valid

_already_valid if {
	latest_start := input.now + data.actas.settings.clock_skew_seconds
	input.facts.subject_token.starts <= latest_start
	input.facts.actor_token.starts <= latest_start
}

_earliest_end := input.now - data.actas.settings.clock_skew_seconds
