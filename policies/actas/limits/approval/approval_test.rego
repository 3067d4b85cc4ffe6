package actas.limits.approval_test

import data.actas.lib.approval_test as approvals
import data.actas.lib.fixtures_test as base
import data.actas.limits.approval

_left(request) := answer if {
	answer := {
		"scope": approval.granted_scope,
		"lifetime": approval.max_lifetime_seconds,
	} with input as request
		with data.actas.index as base.index
		with data.actas.settings as base.settings
}

test_where_no_approval_is_relied_on_none_ends_the_token if {
	_left(base.request) == {"scope": {"mail.read"}, "lifetime": 900}
	_left(approvals.deleting([])) == {"scope": {"mail.delete"}, "lifetime": 900}
	_left(approvals.deleting([{"subject": "bob"}])) == {"scope": {"mail.delete"}, "lifetime": 900}
}

test_what_is_issued_ends_with_the_approval if {
	_left(approvals.deleting([{}])) == {"scope": {"mail.delete"}, "lifetime": 200}
	_left(approvals.deleting([{"approved_until": 1800009000}])).lifetime == 900
}

test_of_several_approvals_the_first_end_counts if {
	_left(approvals.deleting([{}, {"approved_until": 1800000100}])).lifetime == 100
	_left(approvals.deleting([{}, {"approved_until": 1800000100, "subject": "bob"}])).lifetime == 200
}

test_without_settings_there_is_no_lifetime if {
	approval.max_lifetime_seconds == 0 with input as base.request
		with data.actas.index as base.index
		with data.actas.settings as {}
}
