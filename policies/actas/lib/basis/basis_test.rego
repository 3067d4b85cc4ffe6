package actas.lib.basis_test

import data.actas.lib.basis
import data.actas.lib.outcome_test as outcome

_mail := "spiffe://example.org/agent/mail"

_server := "https://as.example.com"

_consent := {
	"verified": true,
	"iss": _server,
	"sub": "alice",
	"client_id": "agent-mail",
	"actor": _mail,
	"scope": "mail.read",
	"authorization_server": "",
	"until": 1800000001,
}

_grant := {
	"iss": _server,
	"client_id": "",
	"scopes": {"mail.read": true},
	"targets": {"https://mail.example.com/": true},
	"authorization_server": "",
}

test_a_may_act_that_names_the_actor_is_a_basis if {
	_named([])
	not _may_act_absent([])
	_may_act_names([])
}

test_without_any_basis_nobody_is_named if {
	not _named([_without_may_act])
	_may_act_absent([_without_may_act])
	not _may_act_names([_without_may_act])
}

test_a_may_act_of_an_issuer_without_that_role_counts_as_absent if {
	untrusted := outcome.given("/index/issuers/https:~1~1as.example.com/roles", {"subject": true})
	not _named([untrusted])
	_may_act_absent([untrusted])
	not _may_act_names([untrusted])
}

test_a_may_act_that_names_another_is_no_basis if {
	every entry in [
		{"sub": "spiffe://example.org/agent/mailer"},
		{"iss": "spiffe://partner.test"},
		{"any_client": false, "client_id": "chat-ui"},
	] {
		not _named([_entries([object.union(_entry, entry)])])
		not _may_act_names([_entries([object.union(_entry, entry)])])
	}
}

test_a_may_act_may_name_the_client if {
	_named([_entries([object.union(_entry, {"any_client": false, "client_id": "agent-mail"})])])
	_may_act_names([_entries([object.union(_entry, {"any_client": false, "client_id": "agent-mail"})])])
}

test_a_may_act_that_is_not_understood_names_and_is_no_basis if {
	strange := _entries([object.union(_entry, {"understood": false})])
	not _named([strange])
	_may_act_names([strange])
}

# Members of different entries are never mixed.
test_a_single_entry_must_name_the_actor if {
	mixed := _entries([
		object.union(_entry, {"sub": "spiffe://example.org/agent/mailer"}),
		object.union(_entry, {"iss": "spiffe://partner.test"}),
		object.union(_entry, {"understood": false}),
	])
	not _named([mixed])
}

test_a_consent_to_this_actor_is_a_basis if {
	_named([_without_may_act, _consents([_consent])])
	_matching([_consents([_consent])]) == {0}
}

test_a_consent_that_does_not_match_is_no_basis if {
	every difference in [
		{"verified": false},
		{"sub": "bob"},
		{"iss": "https://idp.example.com"},
		{"client_id": "agent-mailer"},
		{"actor": "spiffe://example.org/agent/mailer"},
		{"until": 1800000000},
		{"authorization_server": "https://other.example.com"},
	] {
		changes := [_without_may_act, _consents([object.union(_consent, difference)])]
		_matching(changes) == set()
		not _named(changes)
	}
}

test_a_consent_without_one_of_its_members_is_no_basis if {
	every member, _ in _consent {
		_matching([_consents([object.remove(_consent, {member})])]) == {0 | member == "scope"}
	}
}

test_only_matching_consents_count if {
	_matching([_consents([object.union(_consent, {"sub": "bob"}), _consent])]) == {1}
}

test_a_consent_that_names_this_server_counts_among_several if {
	_matching([_several, _consents([object.union(_consent, {"authorization_server": _server})])]) == {0}
	_matching([_several, _consents([_consent])]) == set()
}

test_an_unnamed_server_is_the_only_one if {
	other := outcome.given("/index/single_authorization_server", "https://other.example.com")
	_matching([other, _consents([_consent])]) == set()
}

test_a_grant_to_this_actor_is_a_basis if {
	_named([_without_may_act, _grants(_mail, "alice", [_grant])])
	_granted([_grants(_mail, "alice", [_grant])]) == {_grant}
}

test_a_grant_may_be_for_every_subject_of_an_issuer if {
	_granted([_grants(_mail, "*", [_grant])]) == {_grant}
	_granted([_grants(_mail, "*", [object.union(_grant, {"iss": "https://idp.example.com"})])]) == set()
}

test_a_grant_to_another_or_for_another_is_none if {
	_granted([_grants("spiffe://example.org/agent/mailer", "alice", [_grant])]) == set()
	_granted([_grants(_mail, "bob", [_grant])]) == set()
	not _named([_without_may_act, _grants(_mail, "bob", [_grant])])
}

test_a_grant_may_be_for_one_client if {
	_granted([_grants(_mail, "alice", [object.union(_grant, {"client_id": "agent-mail"})])]) != set()
	_granted([_grants(_mail, "alice", [object.union(_grant, {"client_id": "agent-mailer"})])]) == set()
}

test_a_grant_is_for_one_authorization_server if {
	named := object.union(_grant, {"authorization_server": _server})
	_granted([_several, _grants(_mail, "alice", [named])]) == {named}
	_granted([_several, _grants(_mail, "alice", [_grant])]) == set()
	_granted([_grants(_mail, "alice", [object.union(_grant, {"authorization_server": "https://other"})])]) == set()
}

test_a_code_for_this_actor_is_a_basis if {
	_named([_without_may_act, _code_grant, _code({})])
}

test_a_code_for_others_is_no_basis if {
	every difference in [{"client_id": "agent-mailer"}, {"requested_actor": "spiffe://example.org/a"}, {"sub": "bob"}] {
		not _named([_without_may_act, _code_grant, _code(difference)])
	}
}

test_a_code_is_a_basis_of_its_grant_only if {
	not _named([_without_may_act, _code({})])
}

test_at_the_authorization_stage_the_user_is_still_to_be_asked if {
	_named([_without_may_act, _code_grant, _code({"stage": "authorization", "sub": ""})])
}

_entry := outcome.after([]).request.facts.subject_token.may_act.entries[0]

_entries(entries) := outcome.given("/request/facts/subject_token/may_act/entries", entries)

_without_may_act := outcome.absent("/request/facts/subject_token/may_act")

_consents(consents) := outcome.given("/request/consents", consents)

_grants(actor, who, grants) := outcome.given("/index/grants", {actor: {who: grants}})

_several := outcome.given("/index/single_authorization_server", "")

_code_grant := outcome.given("/request/grant_type", "authorization_code")

_code(difference) := outcome.given("/request/code", object.union(
	{"sub": "alice", "client_id": "agent-mail", "requested_actor": _mail, "stage": ""},
	difference,
))

_named(changes) if {
	changed := outcome.after(changes)
	basis.named with input as changed.request with data.actas.index as changed.index
}

_may_act_absent(changes) if {
	changed := outcome.after(changes)
	basis.may_act_absent with input as changed.request with data.actas.index as changed.index
}

_may_act_names(changes) if {
	changed := outcome.after(changes)
	basis.may_act_names with input as changed.request with data.actas.index as changed.index
}

_matching(changes) := found if {
	changed := outcome.after(changes)
	found := basis.consents with input as changed.request with data.actas.index as changed.index
}

_granted(changes) := found if {
	changed := outcome.after(changes)
	found := basis.grants with input as changed.request with data.actas.index as changed.index
}
