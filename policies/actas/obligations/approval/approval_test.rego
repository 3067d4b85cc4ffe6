package actas.obligations.approval_test

import data.actas.lib.approval_test as approvals
import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict
import data.actas.obligations.approval

_offered(request) := answer if {
	answer := approval.obligation with input as request
		with data.actas.index as base.index
		with data.actas.settings as base.settings
}

_nothing := {"type": "", "id": "", "properties": {}}

test_what_a_human_must_approve_is_told_exactly if {
	_offered(approvals.deleting([])) == {
		"type": "approval",
		"id": "approval",
		"properties": {
			"scope": "mail.delete",
			"subject": "alice",
			"actor": "spiffe://example.org/agent/mail",
			"client_id": "agent-mail",
			"target": "https://mail.example.com/",
		},
	}
}

test_several_scopes_are_joined_in_order if {
	index := object.union(base.index, {"targets": {"https://mail.example.com/": {"scopes": {"mail.archive": {"risk": "deletion"}}}}})
	wide := object.union(index, {"clients": {"agent-mail": {"scopes": {"mail.archive": true}}}})
	request := object.union(approvals.deleting([]), {"facts": {
		"scope": {"tokens": ["mail.delete", "mail.archive"]},
		"subject_token": {"scope": ["mail.delete", "mail.archive"]},
	}})
	offered := approval.obligation with input as request
		with data.actas.index as wide
		with data.actas.settings as base.settings
	offered.properties.scope == "mail.archive mail.delete"
}

test_without_a_party_nothing_is_offered if {
	_offered(verdict.drop(approvals.deleting([]), [["facts", "subject_token", "party"]])) == _nothing
	_offered(verdict.without_actor) == _nothing
}
