# METADATA
# title: Bridged credentials
# description: >-
#   A session cookie, an API key, an RPA script or a vendor SDK passes through the same checks, and
#   reaches no scope of a risk class that does not list it.
package actas.rules.credential_class

import data.actas.lib.ceiling

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_classes_permitted
}

# METADATA
# title: Known and permitted classes
# description: >-
#   Every credential is an OAuth token or of a class that settings know and every risk class of the
#   issued scopes lists.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-3
#   description: RFC 8693, section 3
# custom:
#   code: CREDENTIAL_CLASS_NOT_ALLOWED
#   error: invalid_scope
#   checks: [ENG-01]
#   reason: this kind of credential may not obtain the requested scope
deny contains {
	"code": "CREDENTIAL_CLASS_NOT_ALLOWED",
	"rule": "credential_class",
	"reason": "this kind of credential may not obtain the requested scope",
} if not _classes_permitted

_classes_permitted if {
	input.facts.subject_token.oauth
	input.facts.actor_token.oauth
}

else if {
	_permitted(input.subject_token)
	_actor_class_permitted
}

_actor_class_permitted if input.facts.actor_token.presented == false

else if _permitted(input.actor_token)

_permitted(token) if token.credential_class in {"", "oauth"}

_permitted(token) if {
	data.actas.index.credential_classes[token.credential_class]
	every class in ceiling.risk_classes {
		data.actas.index.risk[class].credential_classes[token.credential_class]
	}
}
