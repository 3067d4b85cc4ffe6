package actas.limits.target_test

import data.actas.lib.fixtures_test as base
import data.actas.limits.target

_mail := "https://mail.example.com/"

_calendar := "https://calendar.example.com/"

_at(targets, change) := answer if {
	answer := {"scope": target.granted_scope, "lifetime": target.max_lifetime_seconds} with input.facts.targets as targets
		with data.actas.index as object.union(base.index, change)
}

test_a_target_knows_its_own_scopes_and_maximum if {
	_at([_mail], {"targets": {_mail: {"max_lifetime_seconds": 200}}}) == {
		"scope": {"mail.read", "mail.send", "mail.delete"},
		"lifetime": 200,
	}
}

test_several_targets_leave_what_all_of_them_know if {
	shared := {"targets": {_calendar: {"scopes": {"mail.read": {"risk": ""}}, "max_lifetime_seconds": 100}}}
	_at([_calendar, _mail], shared) == {"scope": {"mail.read"}, "lifetime": 100}
	_at([_calendar, _mail], {}) == {"scope": set(), "lifetime": 900}
}

test_no_target_knows_nothing if _at([], {}) == {"scope": set(), "lifetime": 0}

test_an_unknown_target_knows_nothing if _at(["https://evil.test/"], {}) == {"scope": set(), "lifetime": 0}
