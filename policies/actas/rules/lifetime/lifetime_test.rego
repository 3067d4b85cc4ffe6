package actas.rules.lifetime_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_left(seconds) := verdict.put(base.request, ["facts", "subject_token", "exp"], 1800000000 + seconds)

_denied(request) := verdict.denied("lifetime", request)

test_what_the_caps_leave_passes_from_the_minimum_on if {
	_denied(base.request) == set()
	_denied(_left(30)) == set()
}

test_less_than_the_minimum_denies if {
	_denied(_left(29)) == {"LIFETIME_TOO_SHORT"}
	_denied(_left(0)) == {"LIFETIME_TOO_SHORT"}
	_denied(_left(-10)) == {"LIFETIME_TOO_SHORT"}
	_denied(verdict.put(base.request, ["requested_lifetime"], 29)) == {"LIFETIME_TOO_SHORT"}
}

test_an_unknown_end_leaves_nothing if {
	_denied(verdict.drop(base.request, [["facts", "subject_token", "exp"]])) == {"LIFETIME_TOO_SHORT"}
	_denied(verdict.drop(base.request, [["now"]])) == {"LIFETIME_TOO_SHORT"}
}

test_without_a_minimum_nothing_is_enough if {
	settings := verdict.drop(base.settings, [["min_lifetime_seconds"]])
	verdict.denied_in("lifetime", base.request, base.index, settings) == {"LIFETIME_TOO_SHORT"}
}
