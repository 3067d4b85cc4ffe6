package actas.decision_test

import data.actas.decision
import data.actas.lib.approval_test as approvals
import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

# METADATA
# description: What the shipped revision requires, as activation lists it.
required := {
	"rules": {"act": true, "approval": true, "authorization_details": true, "changed_claims": true, "claims": true, "client": true, "credential_class": true, "cross_domain": true, "delegation": true, "delegation_chain": true, "evidence": true, "grant_type": true, "issuer": true, "lifetime": true, "may_act": true, "on_behalf_of": true, "one_time": true, "parameters": true, "presenter": true, "rate_limit": true, "resource": true, "revocation": true, "scope": true, "sender_constraint": true, "settings": true, "step_up": true, "target": true, "token_form": true, "token_time": true, "token_type": true, "token_verification": true, "workload_identity": true},
	"limits": {"agent": true, "approval": true, "client": true, "credential": true, "delegation_basis": true, "request": true, "settings": true, "subject_token": true, "target": true},
	"obligations": {"approval": true, "step_up": true},
}

# The shipped revision as it is.
_decided(request) := _decided_in(request, base.index, base.settings)

_decided_in(request, index, settings) := answer if {
	answer := decision.decision with input as request
		with data.actas.settings as settings
		with data.actas.index as index
		with data.actas.activation as {"settings_valid": true}
		with data.actas.required as required
		with data.actas.custom_required as {"rules": {}, "limits": {}}
		with data.actas.custom_codes as {}
		with data.actas.revision as "r1"
}

_codes(answer) := [denial.code | some denial in answer.denials]

# A revision of its own making: two rules, two limits, one obligation each, and an adopter's packages.
_denial(code) := {"code": code, "rule": "made", "reason": "because"}

_made := {
	"input": base.request,
	"settings": base.settings,
	"index": base.index,
	"required": {"rules": {"one": true, "two": true}, "limits": {"l": true, "m": true}, "obligations": {"o": true}},
	"rules": {"one": {"proven": true, "deny": set()}, "two": {"proven": true, "deny": set()}},
	"limits": {
		"l": {"granted_scope": {"mail.read"}, "max_lifetime_seconds": 600},
		"m": {"granted_scope": {"mail.read"}, "max_lifetime_seconds": 600},
	},
	"obligations": {"o": {"obligation": {"type": "step-up", "id": "step-up", "properties": {"max_age": 1}}}},
	"custom_required": {"rules": {}, "limits": {}},
	"custom_codes": {},
	"custom_rules": {},
	"custom_limits": {},
}

_of(made) := answer if {
	answer := decision.decision with input as made.input
		with data.actas.settings as made.settings
		with data.actas.index as made.index
		with data.actas.required as made.required
		with data.actas.rules as made.rules
		with data.actas.limits as made.limits
		with data.actas.obligations as made.obligations
		with data.actas.custom_required as made.custom_required
		with data.actas.custom_codes as made.custom_codes
		with data.custom.actas.rules as made.custom_rules
		with data.custom.actas.limits as made.custom_limits
		with data.actas.revision as "r1"
}

_changed(change) := _of(object.union(_made, change))

_without(paths) := _of(verdict.drop(_made, paths))

_denying(denials) := {"rules": {"one": {"proven": false, "deny": denials}}}

_off(codes) := {"index": {"disabled_rules": {code: true | some code in codes}}, "settings": {"disabled_rules": codes}}

_malformed := [{
	"code": "MALFORMED_DENIAL",
	"rule": "decision",
	"reason": "a rule denied with something that is no denial",
}]

_missing(kind, name) := [{
	"code": "RULE_MISSING",
	"rule": "decision",
	"reason": sprintf("this revision lacks a value of a %v it needs (%v)", [kind, name]),
}]

test_the_base_exchange_is_allowed_as_asked if {
	_decided(base.request) == {
		"revision": "r1",
		"effect": "ALLOW",
		"denials": [],
		"error": "",
		"obligations": [],
		"act": verdict.workload("mail"),
		"notes": [],
		"withheld_scope": [],
		"limits": {
			"scope": ["mail.read"],
			"audience": ["https://mail.example.com/"],
			"max_lifetime_seconds": 600,
			"authorization_details": [],
			"issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
			"token_type": "Bearer",
			"cnf": null,
		},
		"actor": verdict.workload("mail"),
		"actor_agent": "",
		"disabled_rules": [],
	}
}

test_a_denied_exchange_says_why_and_issues_nothing if {
	_decided(verdict.put(base.request, ["facts", "targets"], ["https://evil.test/"])) == {
		"revision": "r1",
		"effect": "DENY",
		"denials": [{
			"code": "TARGET_NOT_ALLOWED",
			"rule": "target",
			"reason": "a target is not registered for this client or actor",
		}],
		"error": "invalid_target",
		"obligations": [],
		"act": null,
		"notes": [],
		"withheld_scope": [],
		"limits": null,
		"actor": verdict.workload("mail"),
		"actor_agent": "",
		"disabled_rules": [],
	}
}

test_an_empty_input_is_denied if _decided({}).effect == "DENY"

test_the_agent_of_the_actor_is_named if {
	index := object.union(base.index, {
		"agents": {"mail-agent": {"version": ""}},
		"identities": {"spiffe://example.org": {"spiffe://example.org/agent/mail": "mail-agent"}},
	})
	_decided_in(base.request, index, base.settings).actor_agent == "mail-agent"
}

test_who_does_not_act_is_no_actor_and_no_agent if {
	index := object.union(base.index, {
		"agents": {"mail-agent": {"version": ""}},
		"client_identities": {"https://as.example.com": {"agent-mail": "mail-agent"}},
	})
	answer := _decided_in(verdict.without_actor, index, base.settings)
	answer.actor == null
	answer.actor_agent == ""
}

test_impersonation_has_no_act if {
	request := verdict.drop(
		verdict.put(verdict.without_actor, ["facts", "subject_token", "delegated"], false),
		[["facts", "subject_token", "may_act"], ["subject_token", "claims", "may_act"]],
	)
	answer := _decided_in(request, base.index, object.union(base.settings, {"impersonation": "allow"}))
	answer.effect == "ALLOW"
	answer.act == null
	answer.actor == null
}

test_what_is_less_than_asked_for_is_noted if {
	request := object.union(base.request, {
		"facts": {"scope": {"tokens": ["mail.read", "mail.purge"]}},
		"requested_lifetime": 3600,
	})
	_decided(request).notes == ["LIFETIME_CAPPED", "SCOPE_NARROWED"]
	_decided(verdict.put(base.request, ["requested_lifetime"], 900)).notes == []
	_decided(verdict.put(base.request, ["requested_lifetime"], 901)).notes == ["LIFETIME_CAPPED"]
}

test_details_cut_to_the_target_are_noted if {
	details := [{"type": "mailbox", "locations": ["https://calendar.example.com/", "https://mail.example.com/"], "actions": ["read"]}]
	answer := _decided(object.union(base.request, {
		"authorization_details": details,
		"subject_token": {"claims": {"authorization_details": details}},
		"facts": {
			"authorization_details": {"given": true, "decimals": [{}]},
			"subject_token": {"authorization_details": {"decimals": [{}]}},
		},
	}))
	answer.notes == ["RAR_NARROWED"]
	answer.limits.authorization_details == [{"type": "mailbox", "locations": ["https://mail.example.com/"], "actions": ["read"]}]
}

_withheld(change) := _changed(object.union(
	{
		"input": {"facts": {"scope": {"tokens": ["mail.read", "mail.send"]}}},
		"required": {"limits": {"subject_token": true, "delegation_basis": true, "client": true, "agent": true, "target": true}},
		"limits": {name: {"granted_scope": {"mail.read", "mail.send"}, "max_lifetime_seconds": 600} |
			some name in ["l", "m", "subject_token", "delegation_basis", "client", "agent", "target"]
		},
	},
	{"limits": {name: {"granted_scope": {"mail.read"}} | some name in change}},
)).withheld_scope

_by(code) := [{"scope": "mail.send", "code": code}]

test_a_withheld_scope_names_the_first_ceiling_that_withheld_it if {
	_withheld(["subject_token"]) == _by("SUBJECT_CEILING")
	_withheld(["delegation_basis"]) == _by("SUBJECT_CEILING")
	_withheld(["client"]) == _by("CLIENT_CEILING")
	_withheld(["agent"]) == _by("AGENT_CEILING")
	_withheld(["target"]) == _by("TARGET_CEILING")
	_withheld(["client", "agent", "target"]) == _by("CLIENT_CEILING")
	_withheld(["agent", "target"]) == _by("AGENT_CEILING")
	_withheld(["delegation_basis", "client", "target"]) == _by("SUBJECT_CEILING")
	_withheld(["l"]) == _by("AGENT_CEILING")
	_withheld([]) == []
}

test_the_first_failing_group_is_all_that_is_told if {
	request := object.union(base.request, {"facts": {
		"targets": ["https://evil.test/"],
		"scope": {"well_formed": false, "tokens": ["mail.purge"]},
		"resource": {"whole": false},
	}})
	answer := _decided(request)
	_codes(answer) == ["RESOURCE_HAS_FRAGMENT", "TARGET_NOT_ALLOWED"]
	answer.error == "invalid_target"
}

test_denials_stand_in_the_order_of_the_table if {
	unordered := {_denial("SUBJECT_MISSING"), _denial("ALG_NOT_ALLOWED"), _denial("TOKEN_NOT_VERIFIED"), _denial("SCOPE_EMPTY")}
	_codes(_changed(_denying(unordered))) == ["TOKEN_NOT_VERIFIED", "SUBJECT_MISSING", "ALG_NOT_ALLOWED"]
}

test_one_code_of_two_rules_is_told_twice if {
	twice := {"rules": {
		"one": {"proven": false, "deny": {_denial("SCOPE_EMPTY")}},
		"two": {"proven": false, "deny": {object.union(_denial("SCOPE_EMPTY"), {"rule": "two"})}},
	}}
	_codes(_changed(twice)) == ["SCOPE_EMPTY", "SCOPE_EMPTY"]
}

test_a_step_up_is_offered_where_only_it_is_missing if {
	sending := verdict.put(base.request, ["facts", "scope", "tokens"], ["mail.send"])
	answer := _decided(sending)
	_codes(answer) == ["ACR_INSUFFICIENT"]
	answer.error == "insufficient_user_authentication"
	answer.obligations == [{
		"type": "step-up",
		"id": "step-up",
		"properties": {"acr_values": ["urn:example:acr:mfa"], "max_age": 300},
	}]
	_decided(verdict.put(sending, ["facts", "resource", "whole"], false)).obligations == []
}

test_step_up_comes_before_approval if {
	both := verdict.put(approvals.deleting([]), ["facts", "scope", "tokens"], ["mail.send", "mail.delete"])
	answer := _decided(both)
	_codes(answer) == ["ACR_INSUFFICIENT"]
	[obligation.type | some obligation in answer.obligations] == ["step-up"]
}

test_an_approval_is_offered_although_the_lifetime_is_too_short if {
	answer := _decided(verdict.put(approvals.deleting([]), ["facts", "subject_token", "exp"], 1800000010))
	_codes(answer) == ["APPROVAL_REQUIRED"]
	answer.error == "access_denied"
	[obligation.type | some obligation in answer.obligations] == ["approval"]
}

test_the_obligation_is_the_one_of_the_primary_code if {
	_codes(_decided(approvals.deleting([{"verified": false}]))) == ["APPROVAL_UNVERIFIABLE"]
	_decided(approvals.deleting([{"verified": false}])).obligations == []
}

_coded(stage) := object.union(base.request, {"grant_type": "authorization_code", "code": {
	"sub": "alice",
	"client_id": "agent-mail",
	"requested_actor": "spiffe://example.org/agent/mail",
	"stage": stage,
}})

_error_of(code, request) := _changed(object.union({"input": request}, _denying({_denial(code)}))).error

test_the_code_grant_answers_invalid_grant if {
	every code in ["TOKEN_NOT_VERIFIED", "SUBJECT_NOT_FOR_PRESENTER", "SUBJECT_REVOKED", "NO_DELEGATION_BASIS"] {
		_error_of(code, _coded("exchange")) == "invalid_grant"
		_error_of(code, base.request) == "invalid_request"
		_error_of(code, _coded("authorization")) == "invalid_request"
		_error_of(code, verdict.put(_coded("exchange"), ["grant_type"], base.request.grant_type)) == "invalid_request"
	}
}

test_a_code_grant_without_a_code_is_no_grant if {
	_error_of("REQUESTED_ACTOR_MISMATCH", verdict.drop(_coded("exchange"), [["code"]])) == "invalid_grant"
}

test_other_errors_of_the_code_grant_stay_what_they_are if {
	_error_of("MISSING_PARAMETER", _coded("exchange")) == "invalid_request"
	_error_of("LIFETIME_TOO_SHORT", _coded("exchange")) == "invalid_request"
	_error_of("CLIENT_REVOKED", _coded("exchange")) == "unauthorized_client"
	_error_of("SCOPE_EMPTY", _coded("exchange")) == "invalid_scope"
}

test_the_made_revision_allows if {
	_of(_made).effect == "ALLOW"
	_of(_made).limits.scope == ["mail.read"]
}

test_a_bare_string_denies_as_malformed if {
	_changed(_denying({"CLIENT_NOT_ALLOWED"})).denials == _malformed
	_changed(object.union(_denying({"DUPLICATE_PARAMETER"}), _off(["DUPLICATE_PARAMETER"]))).denials == _malformed
}

test_every_other_shape_denies_as_malformed if {
	every raised in [
		7, true, null, [], ["SCOPE_EMPTY"], {},
		{"code": "SCOPE_EMPTY", "rule": "made"},
		{"code": "SCOPE_EMPTY", "reason": "because"},
		{"rule": "made", "reason": "because"},
		{"code": "SCOPE_EMPTY", "rule": "made", "reason": "because", "extra": 1},
		{"code": "SCOPE_EMPTY", "rule": 7, "reason": "because"},
		{"code": "SCOPE_EMPTY", "rule": "made", "reason": 7},
		{"code": "NO_SUCH_CODE", "rule": "made", "reason": "because"},
		{"code": 7, "rule": "made", "reason": "because"},
	] {
		answer := _changed(_denying({raised}))
		answer.denials == _malformed
		answer.effect == "DENY"
		answer.error == "invalid_request"
	}
}

test_a_malformed_denial_is_not_excused_by_a_good_one if {
	_codes(_changed(_denying({"bare", _denial("SCOPE_EMPTY")}))) == ["MALFORMED_DENIAL"]
}

test_a_rule_without_a_proof_and_without_a_denial_is_missing if {
	_without([["rules", "one"]]).denials == _missing("rule", "one")
	_without([["rules", "one", "proven"]]).denials == _missing("rule", "one")
	_changed(_denying(set())).denials == _missing("rule", "one")
	_without([["rules", "one"], ["rules", "two"]]).denials == array.concat(_missing("rule", "one"), _missing("rule", "two"))
}

test_a_missing_rule_is_not_switched_off if {
	gone := object.union(verdict.drop(_made, [["rules", "one"]]), _off(["RULE_MISSING"]))
	_of(gone).denials == _missing("rule", "one")
}

test_a_missing_rule_is_not_hidden_by_one_that_denies if {
	gone := object.union(verdict.drop(_made, [["rules", "two"]]), _denying({_denial("TOKEN_NOT_VERIFIED")}))
	_of(gone).denials == _missing("rule", "two")
}

test_a_limit_without_a_value_is_missing if {
	every path in [["limits", "l"], ["limits", "l", "granted_scope"], ["limits", "l", "max_lifetime_seconds"]] {
		_without([path]).denials == _missing("limit or custom rule", "required")
	}
}

test_an_obligation_without_a_value_is_missing_where_something_denies if {
	gone := object.union(verdict.drop(_made, [["obligations", "o"]]), _denying({_denial("ACR_INSUFFICIENT")}))
	_of(gone).denials == _missing("obligation", "o")
	_without([["obligations", "o"]]).effect == "ALLOW"
}

test_a_switched_off_code_denies_nothing if {
	off := object.union(_denying({_denial("SCOPE_EXCEEDS_SUBJECT")}), _off(["SCOPE_EXCEEDS_SUBJECT"]))
	_changed(_denying({_denial("SCOPE_EXCEEDS_SUBJECT")})).effect == "DENY"
	_changed(off).effect == "ALLOW"
	_changed(off).disabled_rules == ["SCOPE_EXCEEDS_SUBJECT"]
}

test_only_the_named_code_is_switched_off if {
	two := object.union(
		_denying({_denial("SCOPE_EXCEEDS_SUBJECT"), _denial("SCOPE_FORBIDDEN")}),
		_off(["SCOPE_EXCEEDS_SUBJECT"]),
	)
	_codes(_changed(two)) == ["SCOPE_FORBIDDEN"]
}

test_a_locked_code_is_never_switched_off if {
	every code in ["TOKEN_NOT_VERIFIED", "NO_DELEGATION_BASIS", "SCOPE_EMPTY", "TARGET_NOT_ALLOWED", "MALFORMED_DENIAL"] {
		answer := _changed(object.union(_denying({_denial(code)}), _off([code])))
		answer.effect == "DENY"
		_codes(answer) == [code]
	}
}

test_one_rule_switched_off_does_not_switch_off_another if {
	two := object.union(_off(["SCOPE_EXCEEDS_SUBJECT"]), {"rules": {
		"one": {"proven": false, "deny": {_denial("SCOPE_EXCEEDS_SUBJECT")}},
		"two": {"proven": false, "deny": {_denial("SCOPE_FORBIDDEN")}},
	}})
	_codes(_changed(two)) == ["SCOPE_FORBIDDEN"]
	both := object.union(two, _off(["SCOPE_EXCEEDS_SUBJECT", "SCOPE_FORBIDDEN"]))
	_changed(both).effect == "ALLOW"
	broken := object.union(two, {"rules": {"two": {"proven": false, "deny": set()}}})
	_of(object.union(verdict.drop(_made, [["rules", "two"]]), verdict.drop(broken, [["rules", "two"]]))).effect == "DENY"
}

test_a_rule_that_nobody_requires_proves_nothing if {
	extra := object.union(verdict.drop(_made, [["rules", "one"]]), {"rules": {"three": {"proven": true}}})
	_of(extra).denials == _missing("rule", "one")
}

test_a_revision_with_a_proof_that_nobody_listed_decides_nothing if {
	not _changed({"rules": {"three": {"proven": true}}})
}

test_a_proven_rule_is_not_asked_what_it_denies if {
	both := {"rules": {
		"one": {"proven": false, "deny": {_denial("SCOPE_EMPTY")}},
		"two": {"proven": true, "deny": {_denial("TOKEN_NOT_VERIFIED")}},
	}}
	_codes(_changed(both)) == ["SCOPE_EMPTY"]
}

_custom(change) := _changed(object.union({"custom_required": {"rules": {"mine": true}}}, change))

test_a_custom_deny_that_is_no_set_is_no_value if {
	every deny in ["SCOPE_FORBIDDEN", _denial("SCOPE_FORBIDDEN"), false, ["SCOPE_FORBIDDEN"]] {
		_codes(_custom({"custom_rules": {"mine": {"deny": deny}}}))[0] == "RULE_MISSING"
	}
}

test_a_custom_rule_that_denies_nothing_allows if _custom({"custom_rules": {"mine": {"deny": set()}}}).effect == "ALLOW"

test_a_custom_rule_denies if {
	answer := _custom({"custom_rules": {"mine": {"deny": {_denial("SCOPE_FORBIDDEN")}}}})
	answer.effect == "DENY"
	_codes(answer) == ["SCOPE_FORBIDDEN"]
}

test_a_custom_rule_that_nobody_listed_denies_all_the_same if {
	_codes(_changed({"custom_rules": {"mine": {"deny": {_denial("SCOPE_FORBIDDEN")}}}})) == ["SCOPE_FORBIDDEN"]
}

test_a_custom_rule_denies_with_a_code_of_its_own if {
	codes := {"custom_codes": {"OUTSIDE_HOURS": {
		"group": "scope",
		"group_index": 7,
		"order": 1000,
		"error": "access_denied",
		"obligation": null,
		"locked": false,
	}}}
	rules := {"custom_rules": {"mine": {"deny": {_denial("OUTSIDE_HOURS")}}}}
	_codes(_custom(object.union(codes, rules))) == ["OUTSIDE_HOURS"]
	_custom(object.union(codes, rules)).error == "access_denied"
	_custom(rules).denials == _malformed
}

test_a_custom_rule_is_switched_off_by_its_code if {
	off := object.union(_off(["SCOPE_FORBIDDEN"]), {"custom_rules": {"mine": {"deny": {_denial("SCOPE_FORBIDDEN")}}}})
	_custom(off).effect == "ALLOW"
}

test_a_bare_string_of_a_custom_rule_is_never_dropped if {
	_custom({"custom_rules": {"mine": {"deny": {"SCOPE_FORBIDDEN"}}}}).denials == _malformed
	bare := object.union(_off(["SCOPE_FORBIDDEN"]), {"custom_rules": {"mine": {"deny": {"SCOPE_FORBIDDEN"}}}})
	_custom(bare).denials == _malformed
}

test_a_custom_rule_that_is_gone_denies if {
	_custom({}).denials == _missing("limit or custom rule", "required")
	_custom({"custom_rules": {"mine": {"allow": true}}}).denials == _missing("limit or custom rule", "required")
}

test_a_custom_rule_of_another_name_does_not_stand_in if {
	_custom({"custom_rules": {"other": {"deny": set()}}}).denials == _missing("limit or custom rule", "required")
}

test_a_revision_with_a_custom_rule_beside_those_it_lists_denies if {
	both := {"mine": {"deny": set()}, "other": {"deny": set()}}
	_custom({"custom_rules": both}).denials == _missing("limit or custom rule", "required")
}

test_a_custom_rule_proves_nothing if {
	answer := _custom({
		"rules": {"one": {"proven": false, "deny": {_denial("TOKEN_NOT_VERIFIED")}}},
		"custom_rules": {"one": {"proven": true, "deny": set()}, "mine": {"deny": set()}},
		"custom_required": {"rules": {"one": true}},
	})
	_codes(answer) == ["TOKEN_NOT_VERIFIED"]
}

_limited(limit) := _changed({"custom_required": {"limits": {"mine": true}}, "custom_limits": {"mine": limit}})

test_a_custom_limit_lowers if {
	answer := _limited({"granted_scope": {"mail.read"}, "max_lifetime_seconds": 60})
	answer.limits.max_lifetime_seconds == 60
	answer.notes == ["LIFETIME_CAPPED"]
}

test_a_custom_limit_never_raises if {
	answer := _limited({"granted_scope": {"mail.read", "mail.delete"}, "max_lifetime_seconds": 9000})
	answer.limits.max_lifetime_seconds == 600
	answer.limits.scope == ["mail.read"]
}

test_a_custom_limit_without_a_value_denies if {
	every limit in [
		{},
		{"granted_scope": {"mail.read"}},
		{"max_lifetime_seconds": 60},
		{"granted_scope": "mail.read", "max_lifetime_seconds": 60},
		{"granted_scope": null, "max_lifetime_seconds": 60},
		{"granted_scope": {"mail.read"}, "max_lifetime_seconds": "60"},
		{"granted_scope": {"mail.read"}, "max_lifetime_seconds": null},
	] {
		_limited(limit).denials == _missing("limit or custom rule", "required")
	}
}

test_a_custom_limit_that_is_gone_denies if {
	_changed({"custom_required": {"limits": {"mine": true}}}).denials == _missing("limit or custom rule", "required")
}
