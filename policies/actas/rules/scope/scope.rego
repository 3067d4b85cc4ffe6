# METADATA
# title: Scope
# description: >-
#   Only ever narrower, and never by guessing.
package actas.rules.scope

import data.actas.lib.basis
import data.actas.lib.ceiling
import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_scope_well_formed
	_scope_permitted
	_ceiling_known
	_scope_within
	_scope_left
}

# METADATA
# title: Scope grammar
# description: >-
#   Printable ASCII without quote and backslash, tokens joined by one space each.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
#   description: RFC 6749, section 3.3
# custom:
#   code: SCOPE_MALFORMED
#   error: invalid_scope
#   checks: [SCP-01]
#   reason: the requested scope is malformed
deny contains {
	"code": "SCOPE_MALFORMED",
	"rule": "scope",
	"reason": "the requested scope is malformed",
} if not _scope_well_formed

_scope_well_formed if input.facts.scope.well_formed

# METADATA
# title: Forbidden scopes
# description: >-
#   A scope that no exchange may issue refuses the whole request, so that the attempt is seen.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
#   description: RFC 6749, section 3.3
# custom:
#   code: SCOPE_FORBIDDEN
#   error: invalid_scope
#   checks: [SCP-09]
#   reason: a requested scope is never issued by exchange
deny contains {
	"code": "SCOPE_FORBIDDEN",
	"rule": "scope",
	"reason": "a requested scope is never issued by exchange",
} if not _scope_permitted

_scope_permitted if data.actas.limits.settings.granted_scope == exchange.requested_scope

# METADATA
# title: A known ceiling
# description: >-
#   A subject token without a scope claim is not unconstrained: the user's consent is its ceiling,
#   and without one there is none.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.2
#   description: RFC 8693, section 4.2
# custom:
#   code: SCOPE_CEILING_UNKNOWN
#   error: invalid_scope
#   checks: [SCP-07]
#   reason: the scope of the subject token is unknown
deny contains {
	"code": "SCOPE_CEILING_UNKNOWN",
	"rule": "scope",
	"reason": "the scope of the subject token is unknown",
} if not _ceiling_known

_ceiling_known if input.facts.subject_token.scope

else if count(basis.consents) > 0

# METADATA
# title: Strict mode
# description: >-
#   Where scope_excess is deny, asking for more than the ceilings leave refuses the request.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
#   description: RFC 8693, section 2.2.1
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3
#   description: RFC 9068, section 2.2.3
# custom:
#   code: SCOPE_EXCEEDS_SUBJECT
#   error: invalid_scope
#   checks: [SCP-03, SCP-04, SCP-10]
#   reason: the requested scope exceeds what may be issued
deny contains {
	"code": "SCOPE_EXCEEDS_SUBJECT",
	"rule": "scope",
	"reason": "the requested scope exceeds what may be issued",
} if not _scope_within

_scope_within if data.actas.settings.scope_excess == "narrow"

else if exchange.requested_scope - ceiling.granted_scope == set()

# METADATA
# title: Something is left
# description: >-
#   Nothing left is a refusal, and never a reason to fall back to a default.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
#   description: RFC 6749, section 3.3
# custom:
#   code: SCOPE_EMPTY
#   error: invalid_scope
#   checks: [SCP-02, SCP-05, SCP-06]
#   reason: no requested scope may be issued
deny contains {
	"code": "SCOPE_EMPTY",
	"rule": "scope",
	"reason": "no requested scope may be issued",
} if not _scope_left

_scope_left if ceiling.granted_scope[_]
