package actas.lib.revocations_test

import data.actas.lib.chain
import data.actas.lib.outcome_test as outcome
import data.actas.lib.revocations

_server := "https://as.example.com"

_mail := "spiffe://example.org/agent/mail"

# One agent with three identities, and another one.
_agents := [
	outcome.given("/index/identities", {
		"spiffe://example.org": {_mail: "mail-agent", "spiffe://example.org/agent/chat": "chat-agent"},
		_server: {"svc-1": "mail-agent", "svc-2": "chat-agent"},
	}),
	outcome.given("/index/client_identities", {_server: {"mail-bot": "mail-agent", "chat-bot": "chat-agent"}}),
	outcome.given("/index/agents", {
		"mail-agent": {"workload_prefixes": {
			"spiffe://example.org": true,
			"spiffe://example.org/agent": true,
			_mail: true,
		}},
		"chat-agent": {},
	}),
]

_workload := {"iss": "spiffe://example.org", "sub": _mail}

_service := {"iss": _server, "sub": "svc-1"}

_robot := {"iss": _server, "sub": "0815", "client_id": "mail-bot"}

_stranger := {"iss": "https://idp.example.com", "sub": "stranger", "client_id": "strange-bot"}

test_an_actor_is_hit_by_any_name_of_its_agent if {
	every level in [_workload, _service, _robot] {
		every name in [_mail, "svc-1", "mail-bot", "mail-agent"] {
			_hits({"kind": "actor", "sub": name}, level)
		}
		every name in ["spiffe://example.org/agent/chat", "svc-2", "chat-bot", "chat-agent", "nobody", ""] {
			not _hits({"kind": "actor", "sub": name}, level)
		}
	}
}

test_a_name_hits_the_party_of_its_own_issuer if {
	_hits({"kind": "actor", "sub": "svc-1", "iss": _server}, _workload)
	not _hits({"kind": "actor", "sub": "svc-1", "iss": "https://idp.example.com"}, _workload)
	_hits({"kind": "actor", "sub": _mail, "iss": "spiffe://example.org"}, _service)
	not _hits({"kind": "actor", "sub": _mail, "iss": _server}, _service)
}

test_a_name_of_another_kind_hits_nobody if {
	every kind in ["subject", "client", "delegation", "jti", "agent", "actor_prefix"] {
		not _hits({"kind": kind, "sub": "svc-1", "id": "svc-1"}, _workload)
	}
}

test_a_party_that_no_agent_is_is_hit_by_its_own_names if {
	_hits({"kind": "actor", "sub": "stranger"}, _stranger)
	_hits({"kind": "actor", "sub": "strange-bot"}, _stranger)
	_hits({"kind": "actor", "sub": "stranger", "iss": "https://idp.example.com"}, _stranger)
	not _hits({"kind": "actor", "sub": "stranger", "iss": _server}, _stranger)
	not _hits({"kind": "actor", "sub": "nobody"}, _stranger)
}

test_an_agent_is_hit_under_each_of_its_identities if {
	every level in [_workload, _service, _robot] {
		_hits({"kind": "agent", "id": "mail-agent"}, level)
		not _hits({"kind": "agent", "id": "chat-agent"}, level)
	}
	not _hits({"kind": "agent", "id": "stranger"}, _stranger)
}

test_an_agent_is_below_the_same_prefixes_under_each_of_its_identities if {
	every level in [_service, _robot] {
		every prefix in ["spiffe://example.org", "spiffe://example.org/agent", "spiffe://example.org/agent/", _mail] {
			_hits({"kind": "actor_prefix", "sub": prefix}, level)
		}
		every prefix in ["spiffe://example.org/agent/mai", "spiffe://partner.test", "mail-agent", ""] {
			not _hits({"kind": "actor_prefix", "sub": prefix}, level)
		}
		not _hits({"kind": "actor", "sub": "spiffe://example.org/agent"}, level)
	}
	not _hits({"kind": "actor_prefix", "sub": "spiffe://example.org/agent"}, {"iss": _server, "sub": "svc-2"})
	not _hits({"kind": "actor_prefix", "sub": "spiffe://example.org/agent"}, _stranger)
}

test_the_actor_is_below_the_prefixes_of_the_workload_that_it_declares if {
	unknown := outcome.absent("/request/facts/actor_token/spiffe")
	declared := outcome.given("/request/facts/actor_workload", {"trust_domain": "example.org", "path_prefixes": ["/agent"]})
	_prefix_hits_actor("spiffe://example.org/agent", [unknown, declared])
	not _prefix_hits_actor("spiffe://example.org/agent", [unknown, outcome.given("/request/facts/actor_workload", {})])
	not _prefix_hits_actor("spiffe://example.org/other", [unknown, declared])
}

test_only_a_chain_is_revoked_by_its_txn if {
	_of_tokens({"kind": "chain", "txn": "t-1"}, [outcome.given("/request/subject_token/claims/txn", "t-1")])
	not _of_tokens({"kind": "other", "txn": "t-1"}, [outcome.given("/request/subject_token/claims/txn", "t-1")])
}

test_claims_of_the_two_tokens_alone_are_looked_at if {
	elsewhere := [
		outcome.given("/request/other", {"claims": {"jti": "j-1", "txn": "t-1"}}),
		outcome.given("/request/facts/other", {"issuer": _server}),
	]
	not _of_tokens({"kind": "jti", "jti": "j-1"}, elsewhere)
	not _of_tokens({"kind": "chain", "txn": "t-1"}, elsewhere)
}

test_a_token_of_the_same_second_does_not_have_the_new_claims_yet if {
	change := {"token": "subject_token", "entry": {"event_timestamp": 1799999990, "claims": {"role": "new"}}}
	_says_so(change, 1799999991)
	not _says_so(change, 1799999990)
}

test_a_name_denotes_any_identity_of_its_agent if {
	every level in [_workload, _service, _robot] {
		every name in [_mail, "svc-1", "mail-bot", "mail-agent"] {
			_denotes(name, level)
		}
		every name in ["spiffe://example.org/agent/chat", "svc-2", "chat-bot", "chat-agent", "nobody", ""] {
			not _denotes(name, level)
		}
	}
}

test_a_name_denotes_whoever_bears_it if {
	_denotes("stranger", _stranger)
	_denotes("strange-bot", _stranger)
	not _denotes("nobody", _stranger)
	not _denotes("strange-bot", object.remove(_stranger, {"client_id"}))
}

test_the_actor_is_named_by_any_of_its_names if {
	every name in [_mail, "svc-1", "mail-bot", "mail-agent"] {
		_names_actor(name, [])
	}
	every name in ["spiffe://example.org/agent/chat", "svc-2", "chat-bot", "chat-agent", "alice", "agent-mail", ""] {
		not _names_actor(name, [])
	}
}

# A token that names somebody but is not presented makes nobody act.
test_a_candidate_that_does_not_act_is_named_all_the_same if {
	idle := outcome.given("/request/facts/actor_token/presented", false)
	_names_actor(_mail, [idle])
	_names_actor("mail-agent", [idle])
	stranger := outcome.given("/request/facts/actor_token/party", {"iss": "https://idp.example.com", "sub": "stranger"})
	unknown := outcome.absent("/request/facts/actor_token/spiffe")
	_names_actor("stranger", [idle, stranger, unknown])
	not _names_actor("nobody", [idle, stranger, unknown])
}

test_without_an_actor_token_the_client_is_named if {
	alone := [
		outcome.given("/request/facts/actor_token", {"mentioned": false, "presented": false}),
		outcome.given("/request/client/client_id", "mail-bot"),
		outcome.given("/request/client/confidential", false),
	]
	every name in ["mail-bot", "mail-agent", _mail, "svc-1"] {
		_names_actor(name, alone)
		not _names_actor(name, array.concat(alone, [outcome.given("/request/facts/actor_token/mentioned", true)]))
		not _names_actor(name, array.concat(alone, [outcome.absent("/request/facts/actor_token/mentioned")]))
	}
	not _names_actor("chat-bot", alone)
	not _names_actor("svc-2", alone)
}

test_the_client_is_a_party_of_the_request_s_server if {
	revocations.client_level == {"iss": _server, "sub": "agent-mail", "client_id": "agent-mail"} with input as outcome.after([]).request
}

_hits(revocation, level) if {
	changed := outcome.after(_agents)
	revocations.hits(revocation, level) with input as changed.request with data.actas.index as changed.index
}

_prefix_hits_actor(prefix, changes) if {
	changed := outcome.after(changes)
	revocations.hits({"kind": "actor_prefix", "sub": prefix}, chain.actor_level) with input as changed.request
		with data.actas.index as changed.index
}

_of_tokens(revocation, changes) if {
	changed := outcome.after(array.concat(changes, [outcome.given("/request/state/revocations", [revocation])]))
	revocation in revocations.of_tokens with input as changed.request
}

_says_so(change, issued_at) if {
	changed := outcome.after([outcome.given("/request/subject_token/claims/iat", issued_at)])
	revocations.says_so(change) with input as changed.request
}

_denotes(name, level) if {
	changed := outcome.after(_agents)
	revocations.denotes(name, level) with input as changed.request with data.actas.index as changed.index
}

_names_actor(name, changes) if {
	changed := outcome.after(array.concat(_agents, changes))
	revocations.names_actor(name) with input as changed.request with data.actas.index as changed.index
}
