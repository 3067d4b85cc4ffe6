# METADATA
# title: The grammar of resources
# description: >-
#   A resource is an absolute URI without surprises. Facts state the grammar; nothing is normalised.
package actas.rules.resource

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_resources_absolute
	_resources_whole
	_resources_safe
}

# METADATA
# title: Absolute URIs
# description: >-
#   resource is an absolute URI; URNs qualify.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#   description: RFC 8693, section 2.1
# - ref: https://www.rfc-editor.org/rfc/rfc8707#section-2
#   description: RFC 8707, section 2
# - ref: https://www.rfc-editor.org/rfc/rfc3986#section-4.3
#   description: RFC 3986, section 4.3
# custom:
#   code: RESOURCE_NOT_ABSOLUTE
#   error: invalid_target
#   checks: [TGT-01]
#   reason: a resource is not an absolute URI
deny contains {
	"code": "RESOURCE_NOT_ABSOLUTE",
	"rule": "resource",
	"reason": "a resource is not an absolute URI",
} if not _resources_absolute

_resources_absolute if input.facts.resource.absolute

# METADATA
# title: No fragment
# description: >-
#   resource has no fragment, not even an empty one.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
#   description: RFC 8693, section 2.1
# - ref: https://www.rfc-editor.org/rfc/rfc8707#section-2
#   description: RFC 8707, section 2
# custom:
#   code: RESOURCE_HAS_FRAGMENT
#   error: invalid_target
#   checks: [TGT-02]
#   reason: a resource has a fragment
deny contains {
	"code": "RESOURCE_HAS_FRAGMENT",
	"rule": "resource",
	"reason": "a resource has a fragment",
} if not _resources_whole

_resources_whole if input.facts.resource.whole

# METADATA
# title: Safe URIs
# description: >-
#   No user information, dot segments, backslashes, blanks, control or non-ASCII characters, and no
#   scheme but https and urn.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8707#section-2
#   description: RFC 8707, section 2
# - ref: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1
#   description: RFC 3986, section 3.2.1
# custom:
#   code: RESOURCE_UNSAFE
#   error: invalid_target
#   checks: [TGT-09]
#   reason: a resource is not a safe URI
deny contains {
	"code": "RESOURCE_UNSAFE",
	"rule": "resource",
	"reason": "a resource is not a safe URI",
} if not _resources_safe

_resources_safe if {
	input.facts.resource.safe
	input.facts.resource.secure
}

else if {
	input.facts.resource.safe
	input.facts.resource.secure_or_loopback
	data.actas.settings.allow_loopback_http
}
