# METADATA
# title: Lifetime
# description: >-
#   The shortest of all caps; below the minimum a token is useless, and issuing it would only hide
#   why.
package actas.rules.lifetime

import data.actas.lib.ceiling

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_lifetime_left
}

# METADATA
# title: Something to live on
# description: >-
#   What the caps leave is at least min_lifetime_seconds.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
#   description: RFC 8693, section 2.2.1
# custom:
#   code: LIFETIME_TOO_SHORT
#   error: invalid_request
#   checks: [LIF-02, LIF-04, BND-06]
#   reason: too little lifetime is left
deny contains {
	"code": "LIFETIME_TOO_SHORT",
	"rule": "lifetime",
	"reason": "too little lifetime is left",
} if not _lifetime_left

_lifetime_left if ceiling.lifetime >= data.actas.settings.min_lifetime_seconds
