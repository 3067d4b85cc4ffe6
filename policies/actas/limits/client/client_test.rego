package actas.limits.client_test

import data.actas.lib.outcome_test as outcome
import data.actas.limits.client

test_the_client_s_scopes_are_left if {
	_left([]) == {
		"granted_scope": {"mail.read", "mail.send", "mail.delete", "calendar.read"},
		"max_lifetime_seconds": 900,
	}
}

test_an_unknown_client_leaves_no_scope if {
	_left([outcome.given("/request/client/client_id", "unknown")]).granted_scope == set()
}

test_without_a_maximum_nothing_lives if {
	_left([outcome.absent("/settings/max_lifetime_seconds")]).max_lifetime_seconds == 0
}

_left(changes) := left if {
	changed := outcome.after(changes)
	left := _values with input as changed.request
		with data.actas.settings as changed.settings
		with data.actas.index as changed.index
}

_values := {"granted_scope": client.granted_scope, "max_lifetime_seconds": client.max_lifetime_seconds}
