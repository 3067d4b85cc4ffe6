package actas.rules.approval_test

import data.actas.lib.approval_test as approvals
import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_denied(request) := verdict.denied("approval", request)

_on(change) := _denied(approvals.deleting([change]))

test_a_scope_without_risk_needs_no_approval if _denied(base.request) == set()

test_an_approval_of_exactly_this_passes if _on({}) == set()

test_no_approval_denies if {
	_denied(approvals.deleting([])) == {"APPROVAL_REQUIRED"}
	_denied(verdict.drop(approvals.deleting([{}]), [["approvals"]])) == {"APPROVAL_REQUIRED"}
}

test_a_pending_approval_is_none if {
	_on({"status": "pending"}) == {"APPROVAL_REQUIRED"}
	_on({"status": "whatever"}) == {"APPROVAL_REQUIRED"}
}

test_an_unverified_approval_denies if {
	_on({"verified": false}) == {"APPROVAL_UNVERIFIABLE"}
}

test_an_approval_of_something_else_denies if {
	_on({"subject": "bob"}) == {"APPROVAL_MISMATCH"}
	_on({"actor": "spiffe://example.org/agent/other"}) == {"APPROVAL_MISMATCH"}
	_on({"client_id": "chat-ui"}) == {"APPROVAL_MISMATCH"}
	_on({"target": "https://calendar.example.com/"}) == {"APPROVAL_MISMATCH"}
	_on({"scope": "mail.read"}) == {"APPROVAL_MISMATCH"}
}

test_an_approver_who_may_not_approve_denies if {
	_on({"approver": "agent-mail"}) == {"APPROVER_INELIGIBLE"}
	_denied(verdict.drop(approvals.deleting([{}]), [["approvals", "0", "approver"]])) == {"APPROVER_INELIGIBLE"}
}

test_an_approval_that_ended_denies if {
	_on({"approved_until": 1800000000}) == {"APPROVAL_EXPIRED"}
	_on({"status": "expired"}) == {"APPROVAL_EXPIRED"}
	_denied(verdict.drop(approvals.deleting([{}]), [["approvals", "0", "approved_until"]])) == {"APPROVAL_EXPIRED"}
}

test_an_approval_that_was_taken_back_denies if {
	_on({"status": "revoked"}) == {"APPROVAL_REVOKED"}
	_on({"status": "denied"}) == {"APPROVAL_REVOKED"}
}

test_a_good_approval_makes_the_others_harmless if {
	_denied(approvals.deleting([
		{"verified": false},
		{"subject": "bob"},
		{"approver": "agent-mail"},
		{"status": "expired"},
		{"status": "revoked"},
		{},
	])) == set()
}

test_every_defect_is_told_where_no_approval_is_good if {
	_denied(approvals.deleting([
		{"verified": false},
		{"subject": "bob"},
		{"approver": "agent-mail"},
		{"status": "expired"},
		{"status": "revoked"},
	])) == {
		"APPROVAL_UNVERIFIABLE",
		"APPROVAL_MISMATCH",
		"APPROVER_INELIGIBLE",
		"APPROVAL_EXPIRED",
		"APPROVAL_REVOKED",
	}
}

test_an_approval_of_only_a_part_denies if {
	index := object.union(base.index, {"targets": {"https://mail.example.com/": {"scopes": {"mail.send": {"risk": "deletion"}}}}})
	request := verdict.put(approvals.deleting([{}]), ["facts", "scope", "tokens"], ["mail.send", "mail.delete"])
	verdict.denied_in("approval", request, index, base.settings) == {"APPROVAL_REQUIRED"}
}
