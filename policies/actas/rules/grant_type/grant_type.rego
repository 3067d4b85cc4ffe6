# METADATA
# title: The grant is one that is decided here
# description: >-
#   Token exchange always, the on-behalf-of draft where its profile is on.
package actas.rules.grant_type

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_grant_type_supported
}

# METADATA
# title: Grant type
# description: >-
#   grant_type is exactly the token exchange URN; other grants only where their profile is enabled.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#   description: RFC 8693, section 2.1
# - ref: https://datatracker.ietf.org/doc/draft-oauth-ai-agents-on-behalf-of-user/
#   description: OBO
# custom:
#   code: UNSUPPORTED_GRANT_TYPE
#   error: unsupported_grant_type
#   checks: [REQ-01]
#   reason: grant_type is not the token exchange grant
deny contains {
	"code": "UNSUPPORTED_GRANT_TYPE",
	"rule": "grant_type",
	"reason": "grant_type is not the token exchange grant",
} if not _grant_type_supported

_grant_type_supported if input.grant_type == "urn:ietf:params:oauth:grant-type:token-exchange"

else if {
	input.grant_type == "authorization_code"
	"on_behalf_of" in data.actas.settings.profiles
}
