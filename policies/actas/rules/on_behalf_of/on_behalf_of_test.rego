package actas.rules.on_behalf_of_test

import data.actas.lib.outcome_test as outcome

test_a_token_exchange_has_no_code if {
	_codes([]) == set()
}

test_a_code_redeemed_by_its_parties_passes if {
	_codes(_redeemed({})) == set()
}

test_an_unregistered_actor_is_denied if {
	_codes(array.concat(_redeemed({}), [outcome.given("/index/clients/agent-mail/actors", {})])) == {"ACTOR_UNKNOWN"}
}

test_a_registered_agent_is_recognised_by_its_id if {
	_codes(array.concat(_redeemed({"requested_actor": "mail-agent"}), [
		outcome.given("/index/clients/agent-mail/actors", {}),
		outcome.given("/index/agents", {"mail-agent": {}}),
		outcome.given("/index/identities", {"spiffe://example.org": {"spiffe://example.org/agent/mail": "mail-agent"}}),
	])) == set()
}

test_a_code_without_a_requested_actor_is_denied if {
	_codes(array.concat(_redeemed({}), [outcome.absent("/request/code/requested_actor")])) == {"ACTOR_UNKNOWN", "REQUESTED_ACTOR_MISMATCH"}
}

test_a_code_grant_without_its_code_is_denied if {
	_codes([_code_grant]) == {"ACTOR_UNKNOWN", "REQUESTED_ACTOR_MISMATCH"}
}

test_a_request_without_a_grant_type_is_denied if {
	_codes([outcome.absent("/request/grant_type")]) == {"ACTOR_UNKNOWN", "REQUESTED_ACTOR_MISMATCH"}
}

test_a_code_of_another_client_is_denied if {
	_codes(_redeemed({"client_id": "agent-mailer"})) == {"REQUESTED_ACTOR_MISMATCH"}
}

test_a_code_of_another_user_is_denied if {
	_codes(_redeemed({"sub": "bob"})) == {"REQUESTED_ACTOR_MISMATCH"}
}

test_a_user_of_the_same_name_elsewhere_is_another_user if {
	_codes(array.concat(_redeemed({}), [outcome.given(
		"/request/facts/subject_token/party/iss",
		"https://idp.example.com",
	)])) == {"REQUESTED_ACTOR_MISMATCH"}
}

test_a_code_for_another_actor_is_denied if {
	_codes(array.concat(_redeemed({"requested_actor": "spiffe://example.org/agent/other"}), [outcome.given(
		"/index/clients/agent-mail/actors",
		{"spiffe://example.org/agent/other": true},
	)])) == {"REQUESTED_ACTOR_MISMATCH"}
}

test_at_the_authorization_stage_only_the_client_is_known if {
	_codes(_redeemed({"stage": "authorization", "sub": ""})) == set()
}

test_a_code_asked_for_by_another_client_is_denied if {
	_codes(_redeemed({"stage": "authorization", "client_id": "agent-mailer"})) == {"REQUESTED_ACTOR_MISMATCH"}
}

_code_grant := outcome.given("/request/grant_type", "authorization_code")

_redeemed(changed) := [
	_code_grant,
	outcome.given("/request/code", object.union(
		{
			"sub": "alice",
			"client_id": "agent-mail",
			"requested_actor": "spiffe://example.org/agent/mail",
			"stage": "",
		},
		changed,
	)),
]

_codes(changes) := outcome.codes("on_behalf_of", changes)
