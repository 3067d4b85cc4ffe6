# METADATA
# title: The decision
# description: >-
#   The only entrypoint: one total object. It allows where every required rule is proven, every limit has a
#   value and no custom rule denies; anything else that OPA answers is an engine error.
package actas.decision

import data.actas.lib.ceiling
import data.actas.lib.exchange

# METADATA
# entrypoint: true
decision := _allow if {
	_denials == set()
	_accounted
}

else := _deny

_allow := {
	"revision": data.actas.revision,
	"effect": "ALLOW",
	"denials": [],
	"error": "",
	"obligations": [],
	"act": _act,
	"notes": sort(_notes),
	"withheld_scope": sort(_withheld_scope),
	"limits": {
		"scope": sort(ceiling.granted_scope),
		"audience": input.facts.targets,
		"max_lifetime_seconds": ceiling.lifetime,
		"authorization_details": data.actas.lib.authorization_details.granted,
		"issued_token_type": input.requested_token_type,
		"token_type": data.actas.lib.confirmation.token_type,
		"cnf": data.actas.lib.confirmation.cnf,
	},
	"actor": _actor,
	"actor_agent": _agent,
	"disabled_rules": data.actas.settings.disabled_rules,
}

_deny := {
	"revision": data.actas.revision,
	"effect": "DENY",
	"denials": _failing,
	"error": _error,
	"obligations": [obligation |
		obligation := data.actas.obligations[_].obligation
		obligation.type == _codes[_failing[0].code].obligation
	],
	"act": null,
	"notes": [],
	"withheld_scope": [],
	"limits": null,
	"actor": _actor,
	"actor_agent": _agent,
	"disabled_rules": data.actas.settings.disabled_rules,
}

_actor := actor if actor := exchange.actor

else := null

# Who is no actor is no agent either, although the client could have been one.
_agent := agent if {
	exchange.actor
	agent := exchange.agent
}

else := ""

_act := act if act := exchange.act

else := null

# Required rules are proven one by one. What a rule denies is only asked where it is not proven.
_proven := {name | data.actas.rules[name].proven}

_unproven := object.keys(data.actas.required.rules) - _proven

# Nothing is proven that nobody listed, or all that is denied is switched off. Neither: no decision at all.
_accounted if count(_proven) == count(data.actas.required.rules)

else if {
	some name in _unproven
	_unproven == {name | some name in _unproven; _raises(name)}
}

_denials contains denial if {
	some name in _unproven
	some raised in data.actas.rules[name].deny
	denial := _well_formed(raised)
	not _switched_off(denial)
}

# METADATA
# description: Custom rules are discovered, so that adding one is adding a folder; they only ever deny.
_denials contains denial if {
	some raised in _custom_denials[_]
	denial := _well_formed(raised)
	not _switched_off(denial)
}

# Each custom rule is looked up once: there may be hundreds.
_custom_denials := {name: denials | denials := data.custom.actas.rules[name].deny}

# What is neither proven nor denies is broken or gone.
_denials contains _missing("rule", name) if {
	some name in _unproven
	not _raises(name)
}

_denials contains _missing("obligation", name) if {
	some _ in _unproven
	some name, _ in data.actas.required.obligations
	not _offers(name)
}

_denials contains _missing("limit or custom rule", "required") if not _complete

_complete if {
	ceiling.named_scopes == data.actas.required.limits
	ceiling.named_lifetimes == data.actas.required.limits
	_custom_complete
}

_custom_complete if data.actas.custom_required == {"rules": {}, "limits": {}}

else if {
	_all_of({name | some name, denials in _custom_denials; is_set(denials)}, data.actas.custom_required.rules)
	_all_of(object.keys(ceiling.custom_scopes), data.actas.custom_required.limits)
	_all_of(object.keys(ceiling.custom_lifetimes), data.actas.custom_required.limits)
}

# Counted and subtracted: WebAssembly sorts both sides of an equation, in a time that grows with the square of them.
_all_of(names, required) if {
	count(names) == count(required)
	object.keys(required) - names == set()
}

_raises(name) if count(data.actas.rules[name].deny) > 0

_offers(name) if data.actas.obligations[name].obligation

_missing(kind, name) := {
	"code": "RULE_MISSING",
	"rule": "decision",
	"reason": sprintf("this revision lacks a value of a %v it needs (%v)", [kind, name]),
}

# A denial of another shape must not get lost on the way: dropping it would allow.
_well_formed(raised) := raised if _denial_shaped(raised)

else := {
	"code": "MALFORMED_DENIAL",
	"rule": "decision",
	"reason": "a rule denied with something that is no denial",
}

_denial_shaped(raised) if {
	object.keys(raised) == {"code", "rule", "reason"}
	is_string(raised.rule)
	is_string(raised.reason)
	_codes[raised.code]
}

_codes := object.union(data.actas.codes, data.actas.custom_codes)

# A locked code is never switched off, whatever the settings of a revision that changed under us say.
_switched_off(denial) if {
	data.actas.index.disabled_rules[denial.code]
	_codes[denial.code].locked == false
}

# Sorted, because only OPA itself goes through a set in order.
_failing := [denial |
	denials := sort(_denials)
	group := min({_codes[d.code].group_index | some d in _denials})
	some order in sort({_codes[d.code].order | some d in _denials})
	some denial in denials
	_codes[denial.code].group_index == group
	_codes[denial.code].order == order
]

# The draft grants answer invalid_grant where RFC 8693, section 2.2.2 says invalid_request.
_error := "invalid_grant" if {
	input.grant_type == "authorization_code"
	not _user_is_asked
	primary := _codes[_failing[0].code]
	primary.error == "invalid_request"
	primary.group in {"token", "binding", "kill", "delegation"}
}

else := _codes[_failing[0].code].error

# At the authorization stage there is no grant yet that could be invalid.
_user_is_asked if input.code.stage == "authorization"

_notes contains "SCOPE_NARROWED" if _withheld_scope != set()

_notes contains "LIFETIME_CAPPED" if ceiling.lifetime < exchange.requested_lifetime

_notes contains "RAR_NARROWED" if data.actas.lib.authorization_details.narrowed

_withheld_scope contains {"scope": scope, "code": code} if {
	some scope in (exchange.requested_scope - ceiling.granted_scope)
	code := [c | some [name, c] in _ceilings; not _leaves(name, scope)][0]
}

_leaves(name, scope) if scope in data.actas.limits[name].granted_scope

# In the order in which authority flows; what only an adopter's limit withholds is the agent's ceiling.
_ceilings := [
	["subject_token", "SUBJECT_CEILING"],
	["delegation_basis", "SUBJECT_CEILING"],
	["client", "CLIENT_CEILING"],
	["agent", "AGENT_CEILING"],
	["target", "TARGET_CEILING"],
	["", "AGENT_CEILING"],
]
