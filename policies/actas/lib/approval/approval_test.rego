package actas.lib.approval_test

import data.actas.lib.approval
import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_mail := "https://mail.example.com/"

_calendar := "https://calendar.example.com/"

# METADATA
# description: Alice approved that the mail agent deletes mail.
given := {
	"id": "apr-1",
	"verified": true,
	"status": "approved",
	"subject": "alice",
	"actor": "spiffe://example.org/agent/mail",
	"client_id": "agent-mail",
	"target": _mail,
	"scope": "mail.delete",
	"approver": "manager",
	"approved_until": 1800000200,
}

facts := {
	"scope": ["mail.delete"],
	"names_details": false,
	"approver": {"iss": "https://as.example.com", "sub": "manager"},
}

# METADATA
# description: The base exchange, deleting mail on approvals that differ from the given one by these changes.
deleting(changes) := object.union(base.request, {
	"approvals": [object.union(given, change) | some change in changes],
	"facts": {
		"scope": {"tokens": ["mail.delete"]},
		"approvals": [_facts(change) | some change in changes],
	},
})

_facts(change) := object.union(facts, {
	"scope": split(object.get(change, "scope", "mail.delete"), " "),
	"names_details": object.get(change, "authorization_details", "none") != "none",
	"approver": {"iss": "https://as.example.com", "sub": object.get(change, "approver", "manager")},
})

_sorted(request, index) := answer if {
	answer := {
		"relied_on": approval.relied_on,
		"unverified": approval.unverified,
		"mismatched": approval.mismatched,
		"ineligible": approval.ineligible,
		"ended": approval.ended,
		"taken_back": approval.taken_back,
		"covered": {true | approval.covered},
	} with input as request
		with data.actas.index as index
		with data.actas.settings as base.settings
}

_as(request, index) := {kind | some kind, members in _sorted(request, index); members != set()}

_one(change) := _as(deleting([change]), base.index)

_in(change, index) := _as(deleting([change]), index)

_without(name) := _as(verdict.drop(deleting([{}]), [["approvals", "0", name]]), base.index)

_good := {"relied_on", "covered"}

test_a_matching_approval_is_relied_on if {
	_one({}) == _good
	_sorted(deleting([{}]), base.index).relied_on == {0}
}

test_where_nothing_needs_one_approvals_are_not_looked_at if {
	_as(verdict.put(deleting([{}]), ["facts", "scope", "tokens"], ["mail.read"]), base.index) == {"covered"}
	_as(verdict.put(deleting([{"verified": false}]), ["facts", "scope", "tokens"], ["mail.read"]), base.index) == {
		"covered",
	}
}

test_an_unverified_approval_is_none if {
	_one({"verified": false}) == {"unverified"}
	_without("verified") == set()
}

test_an_approval_of_another_subject_is_for_something_else if {
	_one({"subject": "bob"}) == {"mismatched"}
	_without("subject") == {"mismatched"}
}

test_an_approval_names_subjects_of_this_server_or_by_spiffe_id if {
	request := verdict.put(deleting([{}]), ["facts", "subject_token", "party", "iss"], "https://idp.example.com")
	index := object.union(base.index, {"issuers": {"https://idp.example.com": {"roles": {"may_act": true}}}})
	_as(request, index) == {"mismatched"}
	workload := object.union(deleting([{"subject": "spiffe://example.org/job"}]), {"facts": {"subject_token": {
		"party": {"iss": "spiffe://example.org", "sub": "spiffe://example.org/job"},
		"spiffe": {"trust_domain": "example.org"},
	}}})
	_as(workload, index) == _good
	_as(verdict.put(workload, ["facts", "subject_token", "spiffe", "trust_domain"], "partner.test"), index) == {"mismatched"}
}

test_an_approval_of_another_actor_is_for_something_else if {
	_one({"actor": "spiffe://example.org/agent/mailer"}) == {"mismatched"}
	_without("actor") == {"mismatched"}
}

test_an_approval_of_another_client_is_for_something_else if {
	_one({"client_id": "chat-ui"}) == {"mismatched"}
	_without("client_id") == {"mismatched"}
}

test_an_approval_of_another_target_is_for_something_else if {
	_one({"target": _calendar}) == {"mismatched"}
	_one({"target": "https://mail.example.com"}) == {"mismatched"}
	_without("target") == {"mismatched"}
}

test_an_approval_names_a_target_by_its_alias if {
	index := object.union(base.index, {"targets": {"mail-api": base.index.targets[_mail]}})
	_in({"target": "mail-api"}, index) == _good
}

test_an_approval_of_another_scope_is_for_something_else if {
	_one({"scope": "mail.read"}) == {"mismatched"}
	_one({"scope": "mail.read mail.delete"}) == _good
	request := verdict.drop(deleting([{}]), [["facts", "approvals", "0", "scope"]])
	_as(request, base.index) == {"mismatched"}
}

test_an_approval_of_details_is_for_exactly_these if {
	details := [{"type": "mailbox", "actions": ["purge"]}]
	bound := deleting([{"authorization_details": details}])
	_as(verdict.put(bound, ["authorization_details"], details), base.index) == _good
	_as(verdict.put(bound, ["authorization_details"], [{"type": "mailbox"}]), base.index) == {"mismatched"}
	_as(bound, base.index) == {"mismatched"}
}

test_an_approval_of_details_that_nobody_can_read_is_for_nothing if {
	unreadable := verdict.drop(
		deleting([{"authorization_details": []}]),
		[["approvals", "0", "authorization_details"]],
	)
	_as(unreadable, base.index) == {"mismatched"}
	unknown := verdict.drop(deleting([{}]), [["facts", "approvals", "0", "names_details"]])
	_as(unknown, base.index) == {"mismatched"}
}

test_nobody_who_acts_approves if {
	_one({"approver": "spiffe://example.org/agent/mail"}) == {"ineligible"}
	_one({"approver": "agent-mail"}) == {"ineligible"}
	_one({"approver": ""}) == {"ineligible"}
	_without("approver") == {"ineligible"}
}

test_nobody_who_acted_approves if {
	request := verdict.put(
		deleting([{"approver": "planner"}]),
		["facts", "subject_token", "chain", "levels"],
		[{"iss": "https://as.example.com", "sub": "planner"}],
	)
	_as(request, base.index) == {"ineligible"}
	_as(verdict.put(request, ["facts", "subject_token", "chain", "levels", "0", "sub"], "writer"), base.index) == _good
	elsewhere := verdict.put(request, ["facts", "subject_token", "chain", "levels", "0", "iss"], "https://idp.example.com")
	_as(elsewhere, base.index) == {"ineligible"}
}

_agents := object.union(base.index, {
	"agents": {"mail-agent": {"version": ""}, "planner-agent": {"version": ""}},
	"identities": {
		"spiffe://example.org": {
			"spiffe://example.org/agent/mail": "mail-agent",
			"spiffe://example.org/agent/planner": "planner-agent",
		},
		"https://as.example.com": {"mail-service": "mail-agent", "planner-service": "planner-agent"},
	},
})

_planned(change) := verdict.put(
	deleting([change]),
	["facts", "subject_token", "chain", "levels"],
	[verdict.workload("planner")],
)

test_no_agent_approves_itself_under_another_name if {
	_in({"approver": "mail-agent"}, _agents) == {"ineligible"}
	_in({"approver": "mail-service"}, _agents) == {"ineligible"}
	_in({"approver": "planner-service"}, _agents) == _good
	_as(_planned({"approver": "planner-agent"}), _agents) == {"ineligible"}
	_as(_planned({"approver": "planner-service"}), _agents) == {"ineligible"}
	_as(_planned({"approver": "manager"}), _agents) == _good
}

test_a_client_lists_who_approves if {
	listing := verdict.put(base.index, ["clients", "agent-mail", "approvers"], {"manager": true})
	_in({}, listing) == _good
	_in({"approver": "colleague"}, listing) == {"ineligible"}
	nobody := verdict.put(base.index, ["clients", "agent-mail", "approvers"], {})
	_in({}, nobody) == {"ineligible"}
}

test_an_approval_ends if {
	_one({"approved_until": 1800000000}) == {"ended"}
	_one({"approved_until": 1800000001}) == _good
	_one({"status": "expired"}) == {"ended"}
	_without("approved_until") == {"ended"}
}

test_an_approval_that_was_not_given_is_none if {
	every status in ["denied", "revoked", "cancelled", "superseded"] {
		_one({"status": status}) == {"taken_back"}
	}
	_one({"status": "pending"}) == set()
	_one({"status": "Approved"}) == set()
	_without("status") == set()
}

test_what_is_for_something_else_has_no_other_defect if {
	_one({"subject": "bob", "status": "revoked"}) == {"mismatched"}
	_one({"subject": "bob", "approver": "agent-mail"}) == {"mismatched"}
	_one({"subject": "bob", "approved_until": 1800000000}) == {"mismatched"}
}

test_an_ineligible_approver_is_so_of_what_ended_too if {
	_one({"approver": "agent-mail", "approved_until": 1800000000}) == {"ineligible", "ended"}
	_one({"approver": "agent-mail", "status": "revoked"}) == {"ineligible", "taken_back"}
}

_risky := object.union(base.index, {"targets": {_mail: {"scopes": {"mail.send": {"risk": "deletion"}}}}})

test_every_scope_has_an_approval if {
	both := verdict.put(deleting([{}]), ["facts", "scope", "tokens"], ["mail.send", "mail.delete"])
	_as(both, _risky) == {"relied_on"}
	two := verdict.put(deleting([{}, {"scope": "mail.send"}]), ["facts", "scope", "tokens"], ["mail.send", "mail.delete"])
	_as(two, _risky) == _good
	one := verdict.put(deleting([{"scope": "mail.send mail.delete"}]), ["facts", "scope", "tokens"], ["mail.send", "mail.delete"])
	_as(one, _risky) == _good
}

test_every_target_has_an_approval if {
	index := object.union(base.index, {"targets": {_calendar: {"scopes": {"mail.delete": {"risk": "deletion"}}}}})
	both := verdict.put(deleting([{}]), ["facts", "targets"], [_calendar, _mail])
	_as(both, index) == {"relied_on"}
	two := verdict.put(deleting([{}, {"target": _calendar}]), ["facts", "targets"], [_calendar, _mail])
	_as(two, index) == _good
}
