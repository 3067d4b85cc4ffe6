# METADATA
# title: Step-up authentication
# description: >-
#   A scope of a risk class needs a strong and recent login of the user. It counts from the subject
#   token only: what the agent says of itself, or asks for, does not.
package actas.rules.step_up

import data.actas.lib.authentication

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_acr_sufficient
	_login_recent
	_login_time_known
	_login_time_possible
}

# METADATA
# title: The authentication context
# description: >-
#   acr is one of the accepted values of every risk class; values are opaque, and none is higher
#   than another.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9470#section-3
#   description: RFC 9470, section 3
# - ref: https://www.rfc-editor.org/rfc/rfc9470#section-5
#   description: RFC 9470, section 5
# custom:
#   code: ACR_INSUFFICIENT
#   error: insufficient_user_authentication
#   checks: [AUT-01, AUT-04, AUT-07]
#   reason: the user's authentication is not of the required class
deny contains {
	"code": "ACR_INSUFFICIENT",
	"rule": "step_up",
	"reason": "the user's authentication is not of the required class",
} if not _acr_sufficient

_acr_sufficient if authentication.undemanded

else if {
	every accepted in authentication.acr_demands {
		accepted[input.subject_token.claims.acr]
	}
}

# METADATA
# title: The age of the login
# description: >-
#   No more than max_age seconds have passed since auth_time; iat says nothing about it, and there
#   is no leeway.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9470#section-3
#   description: RFC 9470, section 3
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-2.2.1
#   description: RFC 9068, section 2.2.1
# custom:
#   code: AUTH_TOO_OLD
#   error: insufficient_user_authentication
#   checks: [AUT-02]
#   reason: the user's login is too long ago
deny contains {
	"code": "AUTH_TOO_OLD",
	"rule": "step_up",
	"reason": "the user's login is too long ago",
} if not _login_recent

_login_recent if authentication.undemanded

else if not _age_demanded

# What is no number cannot be subtracted, so that is asked first.
else if input.facts.subject_token.auth_time != "number"

else if input.now - input.subject_token.claims.auth_time <= authentication.max_age

# METADATA
# title: A known login time
# description: >-
#   Without auth_time no login is proven to be recent.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-2.2.1
#   description: RFC 9068, section 2.2.1
# custom:
#   code: AUTH_TIME_MISSING
#   error: insufficient_user_authentication
#   checks: [AUT-03]
#   reason: the time of the user's login is unknown
deny contains {
	"code": "AUTH_TIME_MISSING",
	"rule": "step_up",
	"reason": "the time of the user's login is unknown",
} if not _login_time_known

_login_time_known if authentication.undemanded

else if not _age_demanded

else if input.facts.subject_token.auth_time in {"malformed", "number"}

# METADATA
# title: A possible login time
# description: >-
#   auth_time is a number and not in the future beyond the clock skew.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-2.2.1
#   description: RFC 9068, section 2.2.1
# custom:
#   code: AUTH_TIME_INVALID
#   error: insufficient_user_authentication
#   checks: [AUT-03, AUT-05]
#   reason: the time of the user's login is not possible
deny contains {
	"code": "AUTH_TIME_INVALID",
	"rule": "step_up",
	"reason": "the time of the user's login is not possible",
} if not _login_time_possible

_login_time_possible if authentication.undemanded

# Where step-up asks for an acr only, no login time is needed; one that cannot be read is still wrong.
else if {
	not _age_demanded
	authentication.acr_demands == {}
}

else if {
	not _age_demanded
	input.facts.subject_token.auth_time == "number"
}

else if input.facts.subject_token.auth_time == "absent"

else if {
	input.facts.subject_token.auth_time == "number"
	input.subject_token.claims.auth_time <= input.now + data.actas.settings.clock_skew_seconds
}

_age_demanded if authentication.max_age
