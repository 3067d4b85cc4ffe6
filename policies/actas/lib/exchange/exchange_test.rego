package actas.lib.exchange_test

import data.actas.lib.exchange
import data.actas.lib.outcome_test as outcome

_mail := "spiffe://example.org/agent/mail"

_server := "https://as.example.com"

test_the_client_is_its_registry_entry if {
	_asked([]).client.scopes["mail.read"]
	not _asked([outcome.given("/request/client/client_id", "unknown")]).client
}

test_the_subject_is_the_party_of_the_subject_token if {
	_asked([]).subject == {"iss": _server, "sub": "alice"}
}

test_the_actor_is_the_party_of_the_actor_token if {
	_asked([]).candidate == {"iss": "spiffe://example.org", "sub": _mail}
	_asked([]).actor == {"iss": "spiffe://example.org", "sub": _mail}
}

test_an_actor_token_that_is_not_presented_makes_no_actor if {
	not _asked([_actor("presented", false)]).actor
}

test_an_actor_token_that_names_nobody_makes_no_actor if {
	answer := _asked([outcome.absent("/request/facts/actor_token/party")])
	not answer.candidate
	not answer.actor
}

test_a_client_with_a_secret_could_act_itself if {
	_asked(_alone([])).candidate == {"iss": _server, "sub": "agent-mail"}
	_asked(_alone([])).candidate_client == "agent-mail"
}

test_a_client_that_could_act_is_no_actor_without_a_basis if {
	not _asked(_alone([])).actor
}

test_a_client_is_the_actor_where_a_basis_names_it if {
	_asked(_alone([_may_act_names_client])).actor == {"iss": _server, "sub": "agent-mail"}
}

test_a_client_that_proves_nothing_could_not_act if {
	every name in ["authenticated", "confidential"] {
		answer := _asked(_alone([outcome.given(["request", "client", name], false)]))
		not answer.candidate
		not answer.candidate_client
		without := _asked(_alone([outcome.absent(["request", "client", name])]))
		not without.candidate
	}
}

test_a_client_does_not_act_beside_a_declared_workload if {
	not _asked(_alone([outcome.given("/request/facts/actor_workload/declared", true)])).candidate
	not _asked(_alone([outcome.absent("/request/facts/actor_workload")])).candidate
	not _asked(_alone([_declared, _mail_client])).candidate
	not _asked(_alone([_declared, _mail_agent])).candidate
	not _asked(_alone([_declared, _mail_client, _of("chat-agent")])).candidate
}

test_a_client_acts_under_the_spiffe_id_of_the_agent_that_it_is if {
	answer := _asked(_alone([_declared, _mail_client, _mail_agent]))
	answer.candidate == {"iss": _server, "sub": "agent-mail"}
	answer.agent == "mail-agent"
	answer.names == {"mail-agent", "agent-mail"}
}

test_the_declared_workload_is_the_agent_of_its_spiffe_id if {
	_asked([_mail_agent]).workload_agent == "mail-agent"
	not _asked([]).workload_agent
	not _asked([_mail_agent, outcome.absent("/request/facts/actor_workload/party")]).workload_agent
}

test_a_client_is_an_agent_by_its_token_or_by_its_secret if {
	_asked(_bot([_mail_client, _actor("own_client", "agent-mail")])).client_agent == "mail-agent"
	_asked(_alone([_mail_client])).client_agent == "mail-agent"
	not _asked([_mail_client]).client_agent
	not _asked(_bot([_mail_client])).client_agent
	not _asked(array.concat(_asking, [_mail_client])).client_agent
}

test_an_svid_s_client_is_nobody_s_agent if {
	elsewhere := outcome.given("/index/client_identities", {"spiffe://example.org": {"bot": "mail-agent"}})
	not _asked([elsewhere, _actor("own_client", "bot")]).client_agent
	not _asked(_bot([_mail_client, _actor("own_client", "agent-mail"), _actor("svid", true)])).client_agent
}

test_a_client_does_not_act_in_place_of_an_actor_token if {
	changes := [outcome.absent("/request/facts/actor_token/party"), outcome.given(
		"/request/facts/actor_workload/declared",
		false,
	)]
	not _asked(changes).candidate
	not _asked(array.concat(changes, [outcome.absent("/request/facts/actor_token/mentioned")])).candidate
}

test_at_the_authorization_stage_the_actor_is_the_requested_one if {
	answer := _asked(_asking)
	answer.candidate == {"iss": "spiffe://example.org", "sub": _mail}
	answer.actor == answer.candidate
	answer.names == {_mail}
	not answer.candidate_client
}

test_only_the_code_grant_asks if {
	not _asked(array.concat(_asking, [outcome.given(
		"/request/grant_type",
		"urn:ietf:params:oauth:grant-type:token-exchange",
	)])).actor
}

test_only_the_authorization_stage_asks if {
	answer := _asked(array.concat(_asking, [outcome.given("/request/code/stage", "")]))
	not answer.actor
	not _mail in answer.names
}

test_an_actor_token_answers_who_acts if {
	answer := _asked([
		outcome.given("/request/grant_type", "authorization_code"),
		outcome.given("/request/code", {"stage": "authorization", "requested_actor": "somebody"}),
		outcome.given("/request/facts/code", {"party": {"iss": _server, "sub": "somebody"}}),
	])
	answer.actor.sub == _mail
	answer.names == {_mail}
}

test_an_agent_is_known_by_its_party_or_its_client if {
	_asked([_mail_agent]).agent == "mail-agent"
	_asked(_bot([outcome.given("/index/client_identities", {_server: {"bot": "bot-agent"}})])).agent == "bot-agent"
}

test_a_client_elsewhere_is_another_agent if {
	not _asked(_bot([outcome.given("/index/client_identities", {"https://idp.example.com": {"bot": "x"}})])).agent
}

test_leaving_out_the_actor_token_keeps_the_client_s_agent if {
	agents := outcome.given("/index/client_identities", {_server: {"agent-mail": "mail-agent"}})
	public := outcome.given("/request/client/confidential", false)
	_asked(_alone([agents])).limiting_agent == "mail-agent"
	_asked(_alone([agents, public])).limiting_agent == "mail-agent"
	not _asked(_alone([agents, public])).agent
	not _asked([agents]).limiting_agent
	_asked([agents, _mail_agent]).limiting_agent == "mail-agent"
}

test_an_agent_has_its_id_and_its_spiffe_id_as_names if {
	_asked([_mail_agent]).names == {"mail-agent", _mail}
}

test_an_invalid_spiffe_id_is_no_name if {
	_asked([outcome.given("/request/facts/actor_token/spiffe/valid", false)]).names == set()
	_asked([outcome.absent("/request/facts/actor_token/spiffe")]).names == set()
}

test_the_authorization_server_vouches_for_bare_names if {
	_asked(_bot([])).names == {"service-account-1", "bot"}
	_asked(_bot([outcome.given("/request/authorization_server", "https://other.example.com")])).names == set()
}

test_an_actor_that_is_no_client_has_its_bare_name if {
	_asked(_bot([outcome.absent("/request/facts/actor_token/own_client")])).names == {"service-account-1"}
}

test_a_bare_name_that_is_an_agent_s_id_denotes_that_agent_only if {
	registered := outcome.given("/index/agents", {"bot": {}})
	_asked(_bot([registered])).names == {"service-account-1"}
	itself := outcome.given("/index/client_identities", {_server: {"bot": "bot"}})
	_asked(_bot([registered, itself])).names == {"service-account-1", "bot"}
}

test_the_scope_asked_for_is_the_request_s if {
	_asked([outcome.given("/request/facts/scope/tokens", ["mail.send"])]).requested_scope == {"mail.send"}
}

test_the_default_of_every_target_stands_in_for_no_scope if {
	_asked([outcome.given("/request/facts/scope/tokens", [])]).requested_scope == {"mail.read"}
	_asked([
		outcome.given("/request/facts/scope/tokens", []),
		outcome.given("/request/facts/targets", ["https://calendar.example.com/"]),
	]).requested_scope == set()
}

test_the_lifetime_asked_for_is_the_request_s if {
	_asked([]).requested_lifetime == 600
	_asked([outcome.absent("/request/requested_lifetime")]).requested_lifetime == 300
}

test_a_first_actor_is_the_whole_act if {
	_asked([]).act == {"iss": "spiffe://example.org", "sub": _mail}
}

test_a_further_actor_has_the_chain_beneath_it if {
	inbound := {"sub": "first", "extra": ["kept"]}
	_asked([
		outcome.given("/request/subject_token/claims/act", inbound),
		outcome.given("/request/facts/subject_token/chain/levels", [{"iss": _server, "sub": "first"}]),
	]).act == {"iss": "spiffe://example.org", "sub": _mail, "act": inbound}
}

test_the_same_actor_again_adds_no_level if {
	inbound := {"sub": _mail, "act": {"sub": "first"}}
	_asked([
		outcome.given("/request/subject_token/claims/act", inbound),
		outcome.given("/request/facts/subject_token/chain/levels", [
			{"iss": "spiffe://example.org", "sub": _mail},
			{"iss": _server, "sub": "first"},
		]),
	]).act == inbound
}

test_without_an_actor_there_is_no_act if {
	not _asked(_alone([])).act
	not _asked(_alone([outcome.given("/request/subject_token/claims/act", {"sub": "first"})])).act
}

_asking := _alone([
	outcome.given("/request/grant_type", "authorization_code"),
	outcome.given("/request/code", {"stage": "authorization", "requested_actor": _mail}),
	outcome.given("/request/facts/code", {"party": {"iss": "spiffe://example.org", "sub": _mail}}),
])

_alone(changes) := array.concat(
	[
		outcome.given("/request/facts/actor_token", {"mentioned": false, "presented": false}),
		outcome.given("/request/facts/actor_workload", {"declared": false}),
	],
	changes,
)

_bot(changes) := array.concat(
	[
		_actor("svid", false),
		_actor("issuer", _server),
		_actor("party", {"iss": _server, "sub": "service-account-1"}),
		_actor("own_client", "bot"),
		outcome.absent("/request/facts/actor_token/spiffe"),
	],
	changes,
)

_may_act_names_client := outcome.given("/request/facts/subject_token/may_act/entries", [{
	"iss": _server,
	"sub": "agent-mail",
	"any_client": true,
	"understood": true,
}])

_declared := outcome.given("/request/facts/actor_workload", {
	"declared": true,
	"party": {"iss": "spiffe://example.org", "sub": _mail},
})

_mail_client := outcome.given("/index/client_identities", {_server: {"agent-mail": "mail-agent"}})

_of(agent) := outcome.given("/index/identities", {"spiffe://example.org": {_mail: agent}})

_mail_agent := outcome.given("/index/identities", {"spiffe://example.org": {_mail: "mail-agent"}})

_actor(name, value) := outcome.given(["request", "facts", "actor_token", name], value)

# What is undefined is not there.
_asked(changes) := values if {
	changed := outcome.after(changes)
	values := _values with input as changed.request
		with data.actas.settings as changed.settings
		with data.actas.index as changed.index
}

_values["names"] := exchange.names

_values["requested_scope"] := exchange.requested_scope

_values["requested_lifetime"] := exchange.requested_lifetime

_values["client"] := exchange.client

_values["subject"] := exchange.subject

_values["candidate"] := exchange.candidate

_values["actor"] := exchange.actor

_values["candidate_client"] := exchange.candidate_client

_values["agent"] := exchange.agent

_values["workload_agent"] := exchange.workload_agent

_values["client_agent"] := exchange.client_agent

_values["limiting_agent"] := exchange.limiting_agent

_values["act"] := exchange.act
