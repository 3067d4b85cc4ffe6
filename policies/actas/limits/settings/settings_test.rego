package actas.limits.settings_test

import data.actas.lib.outcome_test as outcome
import data.actas.limits.settings

test_what_the_settings_do_not_forbid_is_left if {
	_left([]) == {"granted_scope": {"mail.read"}, "max_lifetime_seconds": 900}
}

test_a_forbidden_scope_is_not_left if {
	_left([_scope(["mail.read", "admin"])]).granted_scope == {"mail.read"}
}

test_without_a_list_of_forbidden_scopes_nothing_is_left if {
	_left([outcome.absent("/index/forbidden_scopes")]).granted_scope == set()
}

test_a_risk_class_caps_the_lifetime if {
	_left([_scope(["mail.send"]), _cap("external_message", 120)]).max_lifetime_seconds == 120
}

test_the_shortest_of_several_risk_classes_caps_the_lifetime if {
	_left([
		_scope(["mail.send", "mail.delete"]),
		_cap("external_message", 120),
		_cap("deletion", 60),
	]).max_lifetime_seconds == 60
}

test_a_risk_class_that_is_not_issued_caps_nothing if {
	_left([_cap("external_message", 120)]).max_lifetime_seconds == 900
	_left([_scope(["mail.send"]), _cap("external_message", 120), _cap("deletion", 60)]).max_lifetime_seconds == 120
}

test_a_risk_class_without_a_maximum_caps_nothing if {
	_left([_scope(["mail.send"])]).max_lifetime_seconds == 900
}

test_no_risk_class_lengthens_a_lifetime if {
	_left([_scope(["mail.send"]), _cap("external_message", 3600)]).max_lifetime_seconds == 900
}

test_without_a_maximum_nothing_lives if {
	_left([outcome.absent("/settings/max_lifetime_seconds")]).max_lifetime_seconds == 0
	_left([_scope(["mail.send"]), outcome.absent("/settings/max_lifetime_seconds")]).max_lifetime_seconds == 0
}

_scope(tokens) := outcome.given("/request/facts/scope/tokens", tokens)

_cap(class, seconds) := outcome.given(["index", "risk", class, "max_lifetime_seconds"], seconds)

_left(changes) := left if {
	changed := outcome.after(changes)
	left := _values with input as changed.request
		with data.actas.settings as changed.settings
		with data.actas.index as changed.index
}

_values := {"granted_scope": settings.granted_scope, "max_lifetime_seconds": settings.max_lifetime_seconds}
