package actas.rules.revocation_test

import data.actas.lib.outcome_test as outcome

_mail := "spiffe://example.org/agent/mail"

test_where_nothing_is_revoked_everybody_passes if {
	_codes([]) == set()
}

test_who_is_not_revoked_passes if {
	_revoked([{"kind": "client", "client_id": "another"}]) == set()
}

test_a_revoked_client_is_denied if {
	_revoked([{"kind": "client", "client_id": "agent-mail"}]) == {"CLIENT_REVOKED"}
}

test_a_client_is_revoked_at_one_authorization_server if {
	_revoked([_client_at("https://as.example.com")]) == {"CLIENT_REVOKED"}
	_revoked([_client_at("https://other.example.com")]) == set()
}

test_a_stale_state_is_denied if {
	_codes([_stale]) == {"REVOCATION_STATE_UNKNOWN"}
	_codes([_stale, _state([{"kind": "client", "client_id": "another"}])]) == {"REVOCATION_STATE_UNKNOWN"}
}

test_a_state_of_unknown_age_is_denied if {
	_codes([outcome.absent("/request/state/freshness")]) == {"REVOCATION_STATE_UNKNOWN"}
}

test_without_a_state_nobody_is_known_not_to_be_revoked if {
	"REVOCATION_STATE_UNKNOWN" in _codes([outcome.absent("/request/state")])
	"REVOCATION_STATE_UNKNOWN" in _codes([outcome.absent("/request/state/revocations")])
}

test_an_entry_that_nobody_can_read_is_denied if {
	every entry in [
		{"kind": "unheard_of", "sub": "x"},
		{"sub": "x"},
		{"kind": "subject"},
		{"kind": "agent", "id": 1},
		{"kind": "actor", "sub": null},
		{"kind": "actor_prefix"},
		{"kind": "client"},
		{"kind": "delegation", "sub": "x"},
		{"kind": "delegation", "actor": "x"},
		{"kind": "jti"},
		{"kind": "jti", "jti": "x", "until": "soon"},
		{"kind": "jti", "jti": "x", "event_timestamp": "then"},
		{"kind": "jti", "jti": "x", "iss": 1},
		{"kind": "client", "client_id": "x", "authorization_server": 1},
	] {
		_revoked([entry]) == {"REVOCATION_STATE_UNKNOWN"}
	}
}

test_one_unreadable_entry_among_others_is_denied if {
	_revoked([{"kind": "client", "client_id": "another"}, {"kind": "subject"}]) == {"REVOCATION_STATE_UNKNOWN"}
}

test_every_kind_of_entry_can_be_read if {
	_revoked([
		{"kind": "subject", "sub": "x", "until": 1800000001, "event_timestamp": 1800000000},
		{"kind": "agent", "id": "x"},
		{"kind": "actor", "sub": "x", "iss": "y"},
		{"kind": "actor_prefix", "sub": "x"},
		{"kind": "client", "client_id": "x", "authorization_server": "y"},
		{"kind": "delegation", "sub": "x", "actor": "y"},
		{"kind": "jti", "jti": "x"},
	]) == set()
}

test_a_revocation_ends if {
	_revoked([{"kind": "client", "client_id": "agent-mail", "until": 1800000001}]) == {"CLIENT_REVOKED"}
	_revoked([{"kind": "client", "client_id": "agent-mail", "until": 1800000000}]) == set()
}

test_a_login_before_the_revocation_of_its_subject_is_denied if {
	_revoked([_alice_at(1799999901)]) == {"SUBJECT_REVOKED"}
}

test_a_login_at_the_revocation_of_its_subject_is_denied if {
	_revoked([_alice_at(1799999900)]) == {"SUBJECT_REVOKED"}
}

test_a_login_after_the_revocation_of_its_subject_passes if {
	_revoked([_alice_at(1799999899)]) == set()
}

test_every_revocation_of_the_subject_counts if {
	_revoked([_alice_at(1799999899), _alice_at(1799999950)]) == {"SUBJECT_REVOKED"}
}

test_a_revocation_without_a_time_has_no_login_after_it if {
	_revoked([{"kind": "subject", "sub": "alice"}]) == {"SUBJECT_REVOKED"}
}

test_a_renewed_token_of_an_old_login_is_denied if {
	_codes([_state([_alice_at(1799999950)]), _claim("iat", 1799999990)]) == {"SUBJECT_REVOKED"}
}

test_iat_stands_in_for_a_missing_auth_time if {
	without := [outcome.given("/request/facts/subject_token/auth_time", "absent"), _claim("iat", 1799999960)]
	_codes(array.concat(without, [_state([_alice_at(1799999959)])])) == set()
	_codes(array.concat(without, [_state([_alice_at(1799999960)])])) == {"SUBJECT_REVOKED"}
}

test_a_login_time_that_is_none_comes_after_nothing if {
	_codes([
		_state([_alice_at(1799999800)]),
		outcome.given("/request/facts/subject_token/auth_time", "malformed"),
	]) == {"SUBJECT_REVOKED"}
	_codes([_state([_alice_at(1799999800)]), outcome.absent("/request/facts/subject_token/auth_time")]) == {"SUBJECT_REVOKED"}
}

# Any string is more than any number.
test_a_malformed_login_time_is_not_compared if {
	_codes([
		_state([_alice_at(1800000000)]),
		outcome.given("/request/facts/subject_token/auth_time", "malformed"),
		_claim("auth_time", "2027"),
		_claim("iat", "2027"),
	]) == {"SUBJECT_REVOKED"}
}

test_a_token_that_says_nothing_of_its_login_is_denied if {
	_codes([
		_state([_alice_at(1799999800)]),
		outcome.given("/request/facts/subject_token/auth_time", "absent"),
		outcome.absent("/request/subject_token/claims/iat"),
	]) == {"SUBJECT_REVOKED"}
}

test_a_subject_is_revoked_at_its_issuer if {
	_revoked([object.union(_alice_at(1800000000), {"iss": "https://as.example.com"})]) == {"SUBJECT_REVOKED"}
	_revoked([object.union(_alice_at(1800000000), {"iss": "https://idp.example.com"})]) == set()
}

test_a_subject_that_is_a_revoked_agent_is_denied if {
	_codes([
		_state([{"kind": "agent", "id": "alice-agent"}]),
		outcome.given("/index/identities", {"https://as.example.com": {"alice": "alice-agent"}}),
	]) == {"SUBJECT_REVOKED"}
}

test_no_login_undoes_the_revocation_of_an_agent if {
	agent := outcome.given("/index/identities", {"https://as.example.com": {"alice": "alice-agent"}})
	before := _state([{"kind": "agent", "id": "alice-agent", "event_timestamp": 1700000000}])
	_codes([agent, before]) == {"SUBJECT_REVOKED"}
	_codes([agent, before, outcome.given("/request/facts/subject_token/auth_time", "absent")]) == {"SUBJECT_REVOKED"}
}

# The client counts as the actor only where no other actor is named.
test_a_revoked_agent_s_client_may_pass_on_what_another_actor_does if {
	_codes([
		_state([{"kind": "agent", "id": "client-agent"}]),
		outcome.given("/index/client_identities", {"https://as.example.com": {"agent-mail": "client-agent"}}),
	]) == set()
}

test_a_revoked_actor_is_denied if {
	_revoked([{"kind": "actor", "sub": _mail}]) == {"ACTOR_REVOKED"}
	_revoked([{"kind": "actor", "sub": "spiffe://example.org/agent/mailer"}]) == set()
}

test_an_actor_is_revoked_at_its_issuer if {
	_revoked([{"kind": "actor", "sub": _mail, "iss": "spiffe://example.org"}]) == {"ACTOR_REVOKED"}
	_revoked([{"kind": "actor", "sub": _mail, "iss": "https://as.example.com"}]) == set()
}

test_an_actor_is_revoked_by_its_client_id if {
	changes := [
		_actor("party", {"iss": "https://as.example.com", "sub": "service-account-1"}),
		_actor("own_client", "bot"),
	]
	_codes(array.concat(changes, [_state([{"kind": "actor", "sub": "bot"}])])) == {"ACTOR_REVOKED"}
	_codes(array.concat(changes, [_state([{"kind": "actor", "sub": "service-account-1"}])])) == {"ACTOR_REVOKED"}
	_codes(array.concat(changes, [_state([{"kind": "actor", "sub": "other"}])])) == set()
}

test_a_revoked_agent_is_denied_under_each_of_its_identities if {
	_codes([_state([{"kind": "agent", "id": "mail-agent"}]), _mail_agent]) == {"ACTOR_REVOKED"}
	_codes([_state([{"kind": "agent", "id": "other-agent"}]), _mail_agent]) == set()
}

test_an_actor_may_be_revoked_by_its_agent_id if {
	_codes([_state([{"kind": "actor", "sub": "mail-agent"}]), _mail_agent]) == {"ACTOR_REVOKED"}
}

test_a_revoked_agent_does_not_come_back_as_its_client if {
	revoked := _state([{"kind": "agent", "id": "mail-agent"}])
	client_of_agent := outcome.given(
		"/index/client_identities",
		{"https://as.example.com": {"agent-mail": "mail-agent"}},
	)
	without_actor := [
		outcome.absent("/request/actor_token"),
		outcome.given("/request/facts/actor_token", {"mentioned": false, "presented": false, "active": true}),
	]
	_codes(array.concat(without_actor, [revoked, client_of_agent])) == {"ACTOR_REVOKED"}
	_codes(array.concat(without_actor, [_state([{"kind": "agent", "id": "other"}]), client_of_agent])) == set()
	_codes(array.concat(without_actor, [_state([{"kind": "client", "client_id": "mail-agent"}]), client_of_agent])) == set()
}

test_an_actor_is_revoked_by_whole_path_segments if {
	every prefix in ["spiffe://example.org", "spiffe://example.org/agent", _mail] {
		_revoked([{"kind": "actor_prefix", "sub": prefix}]) == {"ACTOR_REVOKED"}
	}
	every prefix in ["spiffe://example.org/age", "spiffe://example.or", "spiffe://partner.test/agent", "/agent"] {
		_revoked([{"kind": "actor_prefix", "sub": prefix}]) == set()
	}
}

# The name of one kind is no name of another.
test_an_entry_of_another_kind_revokes_nobody if {
	everybody := outcome.given("/index/identities", {
		"https://as.example.com": {"alice": "alice-agent", "second": "second-agent"},
		"spiffe://example.org": {_mail: "mail-agent"},
	})
	names := {"client_id": "agent-mail", "actor": _mail, "event_timestamp": 1800000000}
	every sub, id in {
		"alice": "alice-agent",
		"second": "second-agent",
		_mail: "mail-agent",
		"mail-agent": "second-agent",
		"spiffe://example.org/agent": "other",
	} {
		entry := object.union(names, {"kind": "jti", "jti": "st-2", "sub": sub, "id": id})
		_codes([everybody, _chain, _state([entry])]) == set()
	}
	_revoked([{"kind": "client", "client_id": "other", "jti": "st-1"}]) == set()
}

test_a_revoked_earlier_actor_is_denied if {
	_chained([{"kind": "actor", "sub": "spiffe://example.org/agent/first"}]) == {"CHAIN_MEMBER_REVOKED"}
	_chained([{"kind": "actor", "sub": "second"}]) == {"CHAIN_MEMBER_REVOKED"}
	_chained([{"kind": "actor", "sub": "bot-2"}]) == {"CHAIN_MEMBER_REVOKED"}
	_chained([{"kind": "actor", "sub": "third"}]) == set()
}

test_an_earlier_actor_is_revoked_by_whole_path_segments if {
	_chained([{"kind": "actor_prefix", "sub": "spiffe://example.org/agent/first"}]) == {"CHAIN_MEMBER_REVOKED"}
	_chained([{"kind": "actor_prefix", "sub": "spiffe://example.org/agent/fir"}]) == set()
}

test_an_earlier_actor_is_revoked_by_its_agent_id if {
	agents := outcome.given("/index/identities", {"https://as.example.com": {"second": "second-agent"}})
	revoked := _state([{"kind": "agent", "id": "second-agent"}])
	_codes([_chain, agents, revoked]) == {"CHAIN_MEMBER_REVOKED"}
}

test_the_current_actor_does_not_lend_its_id_to_a_malformed_level if {
	_codes([
		_state([{"kind": "actor_prefix", "sub": _mail}]),
		outcome.given("/request/facts/subject_token/chain/levels", [{
			"iss": "https://as.example.com",
			"sub": "spiffe:broken",
			"spiffe": {"valid": false, "workload": false},
		}]),
	]) == {"ACTOR_REVOKED"}
}

test_the_literal_reading_of_the_rfc_ignores_earlier_actors if {
	_codes([
		_chain,
		_state([{"kind": "actor", "sub": "second"}]),
		outcome.given("/settings/chain_member_revocation", "off"),
	]) == set()
}

test_without_the_switch_earlier_actors_count if {
	_codes([
		_chain,
		_state([{"kind": "actor", "sub": "second"}]),
		outcome.absent("/settings/chain_member_revocation"),
	]) == {"CHAIN_MEMBER_REVOKED"}
}

test_a_revoked_delegation_is_denied if {
	_revoked([{"kind": "delegation", "sub": "alice", "actor": _mail}]) == {"DELEGATION_REVOKED"}
}

test_the_delegation_of_another_subject_or_actor_is_another_delegation if {
	_revoked([{"kind": "delegation", "sub": "bob", "actor": _mail}]) == set()
	_revoked([{"kind": "delegation", "sub": "alice", "actor": "spiffe://example.org/agent/other"}]) == set()
}

test_a_delegation_is_revoked_at_the_subject_s_issuer if {
	entry := {"kind": "delegation", "sub": "alice", "actor": _mail}
	_revoked([object.union(entry, {"iss": "https://as.example.com"})]) == {"DELEGATION_REVOKED"}
	_revoked([object.union(entry, {"iss": "https://idp.example.com"})]) == set()
}

test_a_delegation_to_an_agent_is_revoked_under_each_of_its_identities if {
	_codes([_state([{"kind": "delegation", "sub": "alice", "actor": "mail-agent"}]), _mail_agent]) == {"DELEGATION_REVOKED"}
}

test_a_delegation_to_a_name_is_revoked_whoever_vouches_for_it if {
	_codes([
		_state([{"kind": "delegation", "sub": "alice", "actor": "bot"}]),
		_actor("party", {"iss": "https://idp.example.com", "sub": "bot"}),
		outcome.absent("/request/facts/actor_token/spiffe"),
	]) == {"DELEGATION_REVOKED"}
}

# What a user took back from an earlier actor, that actor does not hand on.
test_a_delegation_to_an_earlier_actor_is_revoked if {
	every name in ["second", "bot-2", "spiffe://example.org/agent/first"] {
		_chained([{"kind": "delegation", "sub": "alice", "actor": name}]) == {"CHAIN_MEMBER_REVOKED"}
	}
	_chained([{"kind": "delegation", "sub": "alice", "actor": "third"}]) == set()
	_chained([{"kind": "delegation", "sub": "bob", "actor": "second"}]) == set()
	_chained([{"kind": "delegation", "sub": "alice", "actor": "second", "iss": "https://idp.example.com"}]) == set()
	_chained([{"kind": "delegation", "sub": "alice", "actor": "second", "until": 1800000000}]) == set()
}

test_the_delegation_of_a_client_without_an_actor_is_revoked if {
	alone := [
		outcome.absent("/request/actor_token"),
		outcome.given("/request/facts/actor_token", {"mentioned": false, "presented": false, "active": true}),
		_state([{"kind": "delegation", "sub": "alice", "actor": "agent-mail"}]),
	]
	_codes(alone) == {"DELEGATION_REVOKED"}
}

test_a_revoked_token_is_denied if {
	_revoked([{"kind": "jti", "jti": "st-1"}]) == {"TOKEN_REVOKED"}
	_codes([
		_state([{"kind": "jti", "jti": "at-1"}]),
		outcome.given("/request/actor_token/claims/jti", "at-1"),
	]) == {"TOKEN_REVOKED"}
	_revoked([{"kind": "jti", "jti": "st-2"}]) == set()
}

test_a_token_is_revoked_at_its_issuer if {
	_revoked([{"kind": "jti", "jti": "st-1", "iss": "https://as.example.com"}]) == {"TOKEN_REVOKED"}
	_revoked([{"kind": "jti", "jti": "st-1", "iss": "https://idp.example.com"}]) == set()
}

test_a_token_without_a_jti_is_not_revoked_by_one if {
	_codes([
		_state([{"kind": "jti", "jti": "st-1"}]),
		outcome.absent("/request/subject_token/claims/jti"),
	]) == set()
}

test_an_inactive_token_is_denied if {
	every name in ["subject_token", "actor_token"] {
		path := ["request", "facts", name, "active"]
		_codes([outcome.given(path, false)]) == {"TOKEN_REVOKED"}
		_codes([outcome.absent(path)]) == {"TOKEN_REVOKED"}
	}
}

# A chain is what was issued on one decision; its tokens carry that decision's id as txn.
test_every_token_of_a_revoked_chain_is_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([_state([_chain_of("root-1")]), outcome.given(["request", name, "claims", "txn"], "root-1")]) == {"TOKEN_REVOKED"}
	}
	_codes([_chain, _state([_chain_of("root-1")]), _claim("txn", "root-1")]) == {"TOKEN_REVOKED"}
	_codes([_chain, _state([_chain_of("root-1")]), _claim("txn", "root-2")]) == set()
	_revoked([_chain_of("root-1")]) == set()
}

test_while_a_chain_is_revoked_an_act_names_its_chain if {
	acted := [_chain, outcome.given("/request/facts/subject_token/has_act", true)]
	revoked := array.concat(acted, [_state([_chain_of("root-1")])])
	_codes(revoked) == {"REVOCATION_STATE_UNKNOWN"}
	every txn in ["", null, 1, ["root-2"]] {
		_codes(array.concat(revoked, [_claim("txn", txn)])) == {"REVOCATION_STATE_UNKNOWN"}
	}
	_codes(array.concat(revoked, [_claim("txn", "root-2")])) == set()
	_codes(acted) == set()
	_codes(array.concat(acted, [_state([object.union(_chain_of("root-1"), {"until": 1800000000})])])) == set()
	_codes(array.concat(acted, [_state([{"kind": "jti", "jti": "other"}])])) == set()
}

test_without_chain_member_revocation_a_revoked_chain_is_denied_all_the_same if {
	_codes([
		_state([_chain_of("root-1")]),
		_claim("txn", "root-1"),
		outcome.given("/settings/chain_member_revocation", "off"),
	]) == {"TOKEN_REVOKED"}
}

test_a_revoked_session_is_denied_until_the_next_login if {
	session := {"kind": "session", "sid": "s-1", "event_timestamp": 1800000000}
	_codes([_state([session]), _claim("sid", "s-1")]) == {"SUBJECT_REVOKED"}
	_codes([_state([session]), _claim("sid", "s-2")]) == set()
	_revoked([session]) == set()
	_codes([_state([object.union(session, {"iss": "https://as.example.com"})]), _claim("sid", "s-1")]) == {"SUBJECT_REVOKED"}
	_codes([_state([object.union(session, {"iss": "https://idp.example.com"})]), _claim("sid", "s-1")]) == set()
	_codes([_state([object.union(session, {"event_timestamp": 1})]), _claim("sid", "s-1")]) == set()
}

# What one side does not say is a wildcard, what both say must be the same.
test_one_session_of_a_subject_is_revoked if {
	session := object.union(_alice_at(1800000000), {"sid": "s-1"})
	_codes([_state([session]), _claim("sid", "s-1")]) == {"SUBJECT_REVOKED"}
	_codes([_state([session]), _claim("sid", "s-2")]) == set()
	_revoked([session]) == {"SUBJECT_REVOKED"}
	_codes([_state([object.union(session, {"sub": "bob"})]), _claim("sid", "s-1")]) == set()
}

test_a_change_that_cannot_be_read_may_be_about_anybody if {
	change := {"kind": "claims", "jti": "st-2", "claims": {"role": "reader"}}
	_revoked([change]) == set()
	every broken in [
		object.remove(change, {"jti"}),
		object.union(change, {"jti": 1}),
		object.union(change, {"claims": []}),
		object.remove(change, {"claims"}),
	] {
		"REVOCATION_STATE_UNKNOWN" in _revoked([broken])
	}
	"REVOCATION_STATE_UNKNOWN" in _revoked([{"kind": "chain"}])
	"REVOCATION_STATE_UNKNOWN" in _revoked([{"kind": "session", "sid": 1}])
	"REVOCATION_STATE_UNKNOWN" in _revoked([{"kind": "subject", "sub": "bob", "sid": 1}])
}

_chain_of(txn) := {"kind": "chain", "txn": txn}

_alice_at(time) := {"kind": "subject", "sub": "alice", "event_timestamp": time}

_client_at(server) := {"kind": "client", "client_id": "agent-mail", "authorization_server": server}

_stale := outcome.given("/request/state/freshness", "stale")

_mail_agent := outcome.given("/index/identities", {"spiffe://example.org": {_mail: "mail-agent"}})

_chain := outcome.given("/request/facts/subject_token/chain/levels", [
	{"iss": "https://as.example.com", "sub": "second", "client_id": "bot-2"},
	{
		"iss": "spiffe://example.org",
		"sub": "spiffe://example.org/agent/first",
		"spiffe": {
			"valid": true,
			"workload": true,
			"trust_domain": "example.org",
			"path_prefixes": ["/agent", "/agent/first"],
		},
	},
])

_claim(name, value) := outcome.given(["request", "subject_token", "claims", name], value)

_actor(name, value) := outcome.given(["request", "facts", "actor_token", name], value)

_state(revocations) := outcome.given("/request/state/revocations", revocations)

_revoked(revocations) := _codes([_state(revocations)])

_chained(revocations) := _codes([_chain, _state(revocations)])

_codes(changes) := outcome.codes("revocation", changes)
