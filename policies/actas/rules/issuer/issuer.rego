# METADATA
# title: Issuers are trusted for what they assert
# description: >-
#   By exact string, and by role.
package actas.rules.issuer

import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_issuers_trusted
	_roles_match
	_tenants_match
}

# METADATA
# title: Trusted issuers
# description: >-
#   iss is byte for byte a configured issuer; a trailing slash or another scheme is another issuer.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8725#section-3.8
#   description: RFC 8725, section 3.8
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-4
#   description: RFC 9068, section 4
# custom:
#   code: UNTRUSTED_ISSUER
#   error: invalid_request
#   checks: [TOK-09]
#   reason: a token's issuer is not trusted
deny contains {
	"code": "UNTRUSTED_ISSUER",
	"rule": "issuer",
	"reason": "a token's issuer is not trusted",
} if not _issuers_trusted

_issuers_trusted if {
	data.actas.index.issuers[input.facts.subject_token.issuer]
	_actor_issuer_trusted
}

_actor_issuer_trusted if input.facts.actor_token.form == "absent"

# The issuer of an SVID is its trust domain.
else if input.facts.actor_token.svid == true

else if data.actas.index.issuers[input.facts.actor_token.issuer]

# METADATA
# title: Roles of issuers
# description: >-
#   An issuer is trusted for subjects, for actors, or for asserting act, and for nothing else.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: ISSUER_ROLE_MISMATCH
#   error: invalid_request
#   checks: [TOK-10]
#   reason: a token's issuer is not trusted for this role
deny contains {
	"code": "ISSUER_ROLE_MISMATCH",
	"rule": "issuer",
	"reason": "a token's issuer is not trusted for this role",
} if not _roles_match

_roles_match if {
	roles := data.actas.index.issuers[input.facts.subject_token.issuer].roles
	roles.subject
	_act_role
	_actor_role
}

_act_role if input.facts.subject_token.has_act == false

else if data.actas.index.issuers[input.facts.subject_token.issuer].roles.act

_actor_role if input.facts.actor_token.form == "absent"

else if input.facts.actor_token.svid == true

else if data.actas.index.issuers[input.facts.actor_token.issuer].roles.actor

# METADATA
# title: Tenants
# description: >-
#   Where a token, the request or the registration names a tenant, all name the same one: the key of
#   a party is issuer, tenant and sub.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/
#   description: ID-JAG
# custom:
#   code: TENANT_MISMATCH
#   error: invalid_request
#   checks: [TOK-11]
#   reason: the token belongs to another tenant
deny contains {
	"code": "TENANT_MISMATCH",
	"rule": "issuer",
	"reason": "the token belongs to another tenant",
} if not _tenants_match

_tenants_match if {
	exchange.client.tenant == input.facts.subject_token.tenant
	_asserted_tenant_matches
	_actor_tenant_matches
}

# A client registered without a tenant is of the one that the authorization server says.
else if {
	exchange.client.tenant == ""
	input.client.tenant == input.facts.subject_token.tenant
	_actor_tenant_matches
}

_actor_tenant_matches if input.facts.actor_token.form == "absent"

# An SVID's own claims beyond its specification say nothing here, least of all those of another domain.
else if input.facts.actor_token.svid == true

else if input.facts.actor_token.tenant in {"", input.facts.subject_token.tenant}

_asserted_tenant_matches if input.client.tenant == ""

else if input.client.tenant == input.facts.subject_token.tenant
