package actas.limits.request_test

import data.actas.lib.outcome_test as outcome
import data.actas.limits.request

test_what_is_asked_for_is_left if {
	_left([]) == {"granted_scope": {"mail.read"}, "max_lifetime_seconds": 600}
}

test_the_defaults_are_left_where_the_request_is_silent if {
	_left([
		outcome.given("/request/facts/scope/tokens", []),
		outcome.absent("/request/requested_lifetime"),
	]) == {"granted_scope": {"mail.read"}, "max_lifetime_seconds": 300}
}

test_where_nobody_knows_what_is_asked_for_nothing_is_left if {
	request.granted_scope == set() with data.actas.lib.exchange as {}
	request.max_lifetime_seconds == 0 with data.actas.lib.exchange as {}
}

_left(changes) := left if {
	changed := outcome.after(changes)
	left := _values with input as changed.request
		with data.actas.settings as changed.settings
		with data.actas.index as changed.index
}

_values := {"granted_scope": request.granted_scope, "max_lifetime_seconds": request.max_lifetime_seconds}
