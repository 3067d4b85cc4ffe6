package actas.lib.ceiling_test

import data.actas.lib.ceiling
import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_limits := {"one": {"granted_scope": {"a", "b"}, "max_lifetime_seconds": 600}, "two": {"granted_scope": {"b", "c"}, "max_lifetime_seconds": 300}}

_left(custom) := answer if {
	answer := {"scope": ceiling.granted_scope, "lifetime": ceiling.lifetime} with data.actas.limits as _limits
		with data.custom.actas.limits as custom
}

test_what_every_limit_grants_is_left if _left({}) == {"scope": {"b"}, "lifetime": 300}

test_a_custom_limit_lowers if {
	_left({"mine": {"granted_scope": set(), "max_lifetime_seconds": 60}}) == {"scope": set(), "lifetime": 60}
	_left({"mine": {"granted_scope": ["b"], "max_lifetime_seconds": 59.9}}) == {"scope": {"b"}, "lifetime": 59}
}

test_a_custom_limit_never_raises if {
	_left({"mine": {"granted_scope": {"a", "b", "z"}, "max_lifetime_seconds": 9000}}) == {"scope": {"b"}, "lifetime": 300}
}

test_a_custom_limit_of_another_type_has_no_value if {
	custom := {
		"text": {"granted_scope": "b", "max_lifetime_seconds": "60"},
		"nothing": {"granted_scope": null, "max_lifetime_seconds": null},
		"an_object": {"granted_scope": {"b": true}, "max_lifetime_seconds": true},
		"good": {"granted_scope": ["b", "b"], "max_lifetime_seconds": 60},
	}
	ceiling.custom_scopes == {"good": {"b"}} with data.custom.actas.limits as custom
	ceiling.custom_lifetimes == {"good": 60} with data.custom.actas.limits as custom
}

test_limits_that_have_a_value_are_named if {
	limits := verdict.drop(_limits, [["one", "granted_scope"], ["two", "max_lifetime_seconds"]])
	ceiling.named_scopes == {"two": true} with data.actas.limits as limits
	ceiling.named_lifetimes == {"one": true} with data.actas.limits as limits
}

_risks(tokens, targets, index) := answer if {
	answer := {"classes": ceiling.risk_classes, "to_approve": ceiling.scopes_to_approve} with data.actas.index as index
		with data.actas.settings as base.settings
		with input as verdict.put(verdict.put(base.request, ["facts", "scope", "tokens"], tokens), ["facts", "targets"], targets)
}

_mail := ["https://mail.example.com/"]

test_risk_classes_are_those_of_what_would_be_issued if {
	_risks(["mail.read"], _mail, base.index) == {"classes": set(), "to_approve": set()}
	_risks(["mail.read", "mail.send"], _mail, base.index) == {"classes": {"external_message"}, "to_approve": set()}
	_risks(["mail.send", "mail.delete"], _mail, base.index) == {
		"classes": {"external_message", "deletion"},
		"to_approve": {"mail.delete"},
	}
}

test_a_withheld_scope_has_no_risk if {
	index := verdict.drop(base.index, [["clients", "agent-mail", "scopes", "mail.delete"]])
	_risks(["mail.read", "mail.delete"], _mail, index) == {"classes": set(), "to_approve": set()}
}

test_one_target_at_which_a_scope_is_risky_is_enough if {
	both := ["https://calendar.example.com/", "https://mail.example.com/"]
	index := object.union(base.index, {"targets": {"https://calendar.example.com/": {"scopes": {"mail.delete": {"risk": ""}}}}})
	_risks(["mail.delete"], both, index) == {"classes": {"deletion"}, "to_approve": {"mail.delete"}}
}

test_a_class_that_approves_brings_its_own_scopes_only if {
	index := object.union(base.index, {"targets": {"https://mail.example.com/": {"scopes": {"mail.purge": {"risk": "purge"}}}}, "risk": {"purge": {"approval": false}}})
	_risks(["mail.send", "mail.delete"], _mail, index).to_approve == {"mail.delete"}
}

test_what_a_scope_means_elsewhere_is_no_risk_here if {
	index := object.union(base.index, {
		"targets": {"https://calendar.example.com/": {"scopes": {"mail.read": {"risk": "deletion"}, "mail.send": {"risk": "deletion"}}}},
		"risk": {"external_message": {"approval": false}},
	})
	_risks(["mail.read"], _mail, index) == {"classes": set(), "to_approve": set()}
	_risks(["mail.send", "mail.delete"], _mail, index).to_approve == {"mail.delete"}
}

# Settings that name a class with nothing make nothing of the scopes that have none.
test_a_scope_without_a_class_is_not_to_be_approved if {
	index := object.union(base.index, {"risk": {"": {"approval": true}}})
	_risks(["mail.read"], _mail, index) == {"classes": set(), "to_approve": set()}
}

test_only_what_is_asked_for_is_to_be_approved if {
	index := object.union(base.index, {"targets": {"https://mail.example.com/": {"scopes": {"mail.purge": {"risk": "deletion"}}}}})
	_risks(["mail.delete"], _mail, index).to_approve == {"mail.delete"}
}
