package actas.rules.presenter_test

import data.actas.lib.outcome_test as outcome

test_a_token_for_the_client_presented_with_its_own_actor_passes if {
	_codes([]) == set()
}

test_a_token_for_the_client_the_server_or_the_actor_passes if {
	every audience in ["agent-mail", "https://as.example.com", "spiffe://example.org/agent/mail"] {
		_codes([_subject("aud", ["https://elsewhere.example.com/", audience])]) == set()
	}
}

test_a_token_for_somebody_else_is_denied if {
	every audience in ["https://crm.example.com/", "agent-mailer", "spiffe://example.org/agent/mailer"] {
		_codes([_subject("aud", [audience])]) == {"SUBJECT_NOT_FOR_PRESENTER"}
	}
}

test_a_token_without_an_audience_is_denied if {
	_codes([_subject("aud", [])]) == {"SUBJECT_NOT_FOR_PRESENTER"}
	_codes([outcome.absent("/request/facts/subject_token/aud")]) == {"SUBJECT_NOT_FOR_PRESENTER"}
}

test_a_token_for_a_resource_of_the_client_passes if {
	_codes([
		_subject("aud", ["https://crm.example.com/"]),
		outcome.given("/index/clients/agent-mail/resource_ids", {"https://crm.example.com/": true}),
	]) == set()
}

test_a_token_for_the_actor_passes_only_with_the_actor_s_token if {
	_codes([
		_subject("aud", ["spiffe://example.org/agent/mail"]),
		_actor("presented", false),
	]) == {"SUBJECT_NOT_FOR_PRESENTER"}
}

test_a_token_issued_to_the_client_passes if {
	every claim in ["client_id", "azp"] {
		_codes([_subject("aud", []), outcome.given(["request", "subject_token", "claims", claim], "agent-mail")]) == set()
	}
}

test_a_token_issued_to_another_client_is_denied if {
	every claim in ["client_id", "azp"] {
		_codes([_subject("aud", []), outcome.given(["request", "subject_token", "claims", claim], "chat-ui")]) == {"SUBJECT_NOT_FOR_PRESENTER"}
	}
}

test_where_nobody_acts_no_actor_is_registered if {
	_codes([_actor("presented", false), outcome.given("/index/clients/agent-mail/actors", {})]) == set()
}

test_an_actor_that_is_not_registered_for_the_client_is_denied if {
	every name in ["spiffe://example.org/agent/mailer", "spiffe://example.org/agent", "agent-mail"] {
		_codes([outcome.given("/index/clients/agent-mail/actors", {name: true})]) == {"ACTOR_CLIENT_MISMATCH"}
	}
}

test_a_client_without_registered_actors_presents_none if {
	_codes([outcome.absent("/index/clients/agent-mail/actors")]) == {"ACTOR_CLIENT_MISMATCH"}
}

test_an_actor_registered_by_its_agent_id_passes if {
	_codes([
		outcome.given("/index/clients/agent-mail/actors", {"mail-agent": true}),
		outcome.given("/index/identities", {"spiffe://example.org": {"spiffe://example.org/agent/mail": "mail-agent"}}),
	]) == set()
}

test_the_client_itself_is_its_own_actor if {
	_codes(_client_as_actor("https://as.example.com", "agent-mail")) == set()
}

test_another_client_is_not_its_actor if {
	_codes(_client_as_actor("https://as.example.com", "agent-mailer")) == {"ACTOR_CLIENT_MISMATCH"}
}

test_a_client_of_the_same_name_elsewhere_is_not_its_actor if {
	_codes(_client_as_actor("https://idp.example.com", "agent-mail")) == {"ACTOR_CLIENT_MISMATCH"}
}

test_an_actor_without_a_name_is_denied if {
	_codes([outcome.absent("/request/facts/actor_token/party"), outcome.absent("/request/facts/actor_token/spiffe")]) == {"ACTOR_CLIENT_MISMATCH"}
}

test_a_client_that_has_the_subject_s_name_is_denied if {
	_codes([_subject("party/sub", "agent-mail")]) == {"PRINCIPAL_NAMESPACE_CONFUSION"}
}

test_the_same_name_at_another_issuer_is_another_name if {
	_codes([_subject("party/sub", "agent-mail"), _subject("party/iss", "https://idp.example.com")]) == set()
}

test_the_client_s_own_token_names_the_client if {
	_codes([_subject("party/sub", "agent-mail"), _subject("own_client", "agent-mail")]) == set()
	_codes([_subject("party/sub", "agent-mail"), _subject("own_client", "chat-ui")]) == {"PRINCIPAL_NAMESPACE_CONFUSION"}
}

test_a_subject_without_a_name_is_denied if {
	_codes([outcome.absent("/request/facts/subject_token/party")]) == {"PRINCIPAL_NAMESPACE_CONFUSION"}
}

_client_as_actor(iss, client_id) := [
	_actor("party", {"iss": iss, "sub": "service-account-1"}),
	_actor("own_client", client_id),
	outcome.absent("/request/facts/actor_token/spiffe"),
	outcome.given("/index/clients/agent-mail/actors", {}),
]

_subject(name, value) := outcome.given(concat("/", ["/request/facts/subject_token", name]), value)

_actor(name, value) := outcome.given(["request", "facts", "actor_token", name], value)

_codes(changes) := outcome.codes("presenter", changes)
