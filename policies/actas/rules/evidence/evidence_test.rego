package actas.rules.evidence_test

import data.actas.lib.outcome_test as outcome

test_a_jwt_svid_for_this_authorization_server_passes if {
	_codes([]) == set()
}

test_a_declared_id_without_an_svid_is_denied if {
	_codes([_actor("svid", false), _actor("spiffe_subject", false)]) == {"EVIDENCE_MISSING"}
}

test_an_id_in_a_token_that_is_no_svid_is_denied if {
	_codes([_actor("svid", false), outcome.given("/request/facts/actor_workload/declared", false)]) == {"EVIDENCE_MISSING"}
}

test_an_actor_without_any_spiffe_id_needs_no_svid if {
	_codes([
		_actor("svid", false),
		_actor("spiffe_subject", false),
		outcome.given("/request/facts/actor_workload/declared", false),
	]) == set()
}

test_a_token_of_which_nobody_knows_whether_it_is_an_svid_is_none if {
	_codes([outcome.absent("/request/facts/actor_token/svid")]) == {"EVIDENCE_MISSING"}
}

test_a_name_of_which_nobody_knows_whether_it_is_a_spiffe_id_is_denied if {
	_codes([
		_actor("svid", false),
		outcome.absent("/request/facts/actor_token/spiffe_subject"),
		outcome.given("/request/facts/actor_workload/declared", false),
	]) == {"EVIDENCE_MISSING"}
}

test_a_malformed_svid_is_denied if {
	_codes([_svid("genuine", false)]) == {"EVIDENCE_INVALID"}
}

test_an_svid_that_nobody_looked_at_is_denied if {
	_codes([outcome.absent("/request/facts/svid/genuine")]) == {"EVIDENCE_INVALID"}
}

test_evidence_of_another_identity_is_denied if {
	_codes([_svid("identity_shown", false)]) == {"EVIDENCE_MISMATCH"}
	_codes([outcome.absent("/request/facts/svid/identity_shown")]) == {"EVIDENCE_MISMATCH"}
}

test_a_certificate_whose_key_nobody_saw_is_denied if {
	_codes([_svid("possession_shown", false)]) == {"ACTOR_POP_MISSING"}
	_codes([outcome.absent("/request/facts/svid/possession_shown")]) == {"ACTOR_POP_MISSING"}
}

# Neither the token nor the client is registered as a client of the agent: what counts is the SVID beside them.
test_an_svid_beside_the_token_proves_the_workload_of_the_actor_s_agent if {
	proven := [
		_actor("svid", false),
		_actor("spiffe_subject", false),
		_actor("party", {"iss": _server, "sub": "service-account-1"}),
		outcome.given("/request/facts/actor_workload/proven", true),
		outcome.given("/request/actor_token/claims/sub", "service-account-1"),
	]
	known := {"spiffe://example.org": {_mail: "mail-agent"}, _server: {"service-account-1": "mail-agent"}}
	other := {"spiffe://example.org": {_mail: "chat-agent"}, _server: {"service-account-1": "mail-agent"}}
	_codes(array.concat(proven, [outcome.given("/index/identities", known)])) == set()
	_codes(array.concat(proven, [outcome.given("/index/identities", other)])) == {"EVIDENCE_MISMATCH"}
	_codes(array.concat(proven, [outcome.given("/index/identities", {})])) == {"EVIDENCE_MISMATCH"}
	_codes(array.concat(proven, [
		outcome.given("/index/identities", known),
		outcome.given("/request/facts/actor_workload/proven", false),
	])) == {"EVIDENCE_MISSING"}
}

test_an_svid_of_another_workload_is_denied if {
	every id in ["spiffe://example.org/agent/mailer", "spiffe://example.org/Agent/mail"] {
		_codes([outcome.given("/request/actor_workload/spiffe_id", id)]) == {"EVIDENCE_MISMATCH"}
	}
}

test_a_declared_workload_without_a_name_matches_nobody if {
	_codes([outcome.absent("/request/actor_workload/spiffe_id")]) == {"EVIDENCE_MISMATCH"}
}

test_where_no_workload_is_declared_none_has_to_match if {
	_codes([
		outcome.absent("/request/actor_workload"),
		outcome.given("/request/facts/actor_workload/declared", false),
	]) == set()
}

# A declared workload without a token lacks its evidence; there is nothing to match.
test_where_no_token_is_presented_none_has_to_match if {
	_codes([_no_token]) == {"EVIDENCE_MISSING"}
	_codes([_no_token, outcome.absent("/request/actor_token")]) == {"EVIDENCE_MISSING"}
}

test_an_svid_without_a_subject_proves_nobody if {
	_codes([outcome.absent("/request/actor_token/claims")]) == {"EVIDENCE_MISMATCH"}
}

test_a_client_proves_the_workload_that_is_the_same_agent if {
	_codes(_by_client([])) == set()
	_codes(_by_client([_no_token])) == set()
}

test_a_client_proves_no_workload_of_another_agent if {
	other := outcome.given("/index/identities", {"spiffe://example.org": {_mail: "chat-agent"}})
	_codes(_by_client([other])) == {"EVIDENCE_MISMATCH"}
	_codes(_by_client([other, _no_token])) == {"EVIDENCE_MISMATCH"}
}

test_a_client_proves_no_workload_that_nobody_registered if {
	every nobody in [{}, {"spiffe://example.org": {}}, {_server: {_mail: "mail-agent"}}] {
		unknown := outcome.given("/index/identities", nobody)
		_codes(_by_client([unknown])) == {"EVIDENCE_MISSING"}
		_codes(_by_client([unknown, _no_token])) == {"EVIDENCE_MISSING"}
	}
}

test_a_client_that_is_no_agent_proves_no_workload if {
	every nobody in [{}, {_server: {}}, {"https://idp.example.com": {"agent-mail": "mail-agent"}}] {
		unknown := outcome.given("/index/client_identities", nobody)
		_codes(_by_client([unknown])) == {"EVIDENCE_MISSING"}
		_codes(_by_client([unknown, _no_token])) == {"EVIDENCE_MISSING"}
	}
}

test_a_token_of_a_user_proves_no_workload_of_its_client if {
	_codes(_by_client([outcome.absent("/request/facts/actor_token/own_client")])) == {"EVIDENCE_MISSING"}
}

test_a_client_that_proves_nothing_proves_no_workload if {
	every name in ["authenticated", "confidential"] {
		_codes(_by_client([_no_token, outcome.given(["request", "client", name], false)])) == {"EVIDENCE_MISSING"}
		_codes(_by_client([_no_token, outcome.absent(["request", "client", name])])) == {"EVIDENCE_MISSING"}
	}
}

# The service account's own sub is registered as well, and under another agent.
test_a_token_of_two_agents_proves_neither_s_workload if {
	_codes(_by_client([outcome.given("/index/identities", {
		"spiffe://example.org": {_mail: "mail-agent"},
		_server: {"service-account-1": "chat-agent"},
	})])) == {"EVIDENCE_MISMATCH"}
}

test_a_client_does_not_prove_what_its_token_says_of_itself if {
	_codes(_by_client([_actor("spiffe_subject", true)])) == {"EVIDENCE_MISSING"}
	_codes(_by_client([outcome.absent("/request/facts/actor_token/spiffe_subject")])) == {"EVIDENCE_MISSING"}
}

test_an_svid_is_not_helped_by_a_client_identity if {
	elsewhere := outcome.given("/request/actor_workload/spiffe_id", "spiffe://example.org/agent/other")
	_codes(_by_client([_actor("svid", true), elsewhere])) == {"EVIDENCE_MISMATCH"}
	_codes(_by_client([outcome.absent("/request/facts/actor_token/svid")])) == {"EVIDENCE_MISSING"}
}

test_a_jwt_svid_for_two_audiences_is_denied if {
	_codes([_actor("multiple_audiences", true)]) == {"EVIDENCE_MULTI_AUDIENCE"}
}

test_a_jwt_svid_for_nobody_knows_how_many_audiences_is_denied if {
	_codes([outcome.absent("/request/facts/actor_token/multiple_audiences")]) == {"EVIDENCE_MULTI_AUDIENCE"}
}

test_another_actor_token_may_have_two_audiences if {
	_codes([_actor("multiple_audiences", true), outcome.given("/request/actor_token/kind", "")]) == set()
}

test_an_actor_token_for_another_audience_is_denied if {
	_codes([_actor("aud", ["https://mail.example.com/"])]) == {"ACTOR_TOKEN_AUDIENCE"}
	_codes([_actor("aud", [])]) == {"ACTOR_TOKEN_AUDIENCE"}
}

test_an_actor_token_without_an_audience_is_denied if {
	_codes([outcome.absent("/request/facts/actor_token/aud")]) == {"ACTOR_TOKEN_AUDIENCE"}
}

test_a_credential_that_is_no_jwt_has_no_audience if {
	_codes([_actor("audience_bound", false), _actor("aud", [])]) == set()
}

test_a_credential_of_which_nobody_knows_whether_it_is_a_jwt_is_denied if {
	_codes([outcome.absent("/request/facts/actor_token/audience_bound"), _actor("aud", [])]) == {"ACTOR_TOKEN_AUDIENCE"}
}

test_a_token_that_names_a_key_comes_with_its_proof if {
	_codes([_bound({"jkt": "key-1"}), _proof("key-1")]) == set()
}

test_a_token_that_names_a_key_without_a_proof_is_denied if {
	_codes([_bound({"jkt": "key-1"})]) == {"ACTOR_POP_MISSING"}
	_codes([_bound({})]) == {"ACTOR_POP_MISSING"}
	_codes([_bound({}), outcome.absent("/request/actor_token/pop_jkt")]) == {"ACTOR_POP_MISSING"}
}

test_the_proof_of_another_key_is_denied if {
	_codes([_bound({"jkt": "key-1"}), _proof("key-2")]) == {"ACTOR_POP_MISSING"}
}

# Whoever verified the proof compared it with what the token says; only a thumbprint can be compared here.
test_a_key_that_is_named_otherwise_comes_with_a_proof if {
	_codes([_bound({"known": false}), _proof("key-1")]) == set()
}

test_a_wit_without_a_key_is_denied if {
	_codes([_actor("key_bound", true), _proof("key-1")]) == {"ACTOR_POP_MISSING"}
}

test_a_token_of_which_nobody_knows_whether_it_names_a_key_is_denied if {
	_codes([outcome.absent("/request/facts/actor_token/key_bound")]) == {"ACTOR_POP_MISSING"}
}

_mail := "spiffe://example.org/agent/mail"

_server := "https://as.example.com"

# The agent's OAuth client shows an access token of its own, and the registry knows the agent under both names.
_by_client(changes) := array.concat(
	[
		_actor("svid", false),
		_actor("spiffe_subject", false),
		_actor("issuer", _server),
		_actor("party", {"iss": _server, "sub": "service-account-1"}),
		_actor("own_client", "agent-mail"),
		outcome.given("/request/actor_token/claims/sub", "service-account-1"),
		outcome.given("/index/identities", {"spiffe://example.org": {_mail: "mail-agent"}}),
		outcome.given("/index/client_identities", {_server: {"agent-mail": "mail-agent"}}),
	],
	changes,
)

_no_token := outcome.given("/request/facts/actor_token", {
	"mentioned": false,
	"presented": false,
	"svid": false,
	"svid_well_formed": true,
	"spiffe_subject": false,
	"key_bound": false,
	"audience_bound": false,
	"multiple_audiences": false,
})

_bound(cnf) := outcome.given("/request/facts/actor_token", object.union(
	outcome.after([]).request.facts.actor_token,
	{"key_bound": true, "cnf": cnf},
))

_proof(jkt) := outcome.given("/request/actor_token/pop_jkt", jkt)

_actor(name, value) := outcome.given(["request", "facts", "actor_token", name], value)

_svid(name, value) := outcome.given(["request", "facts", "svid", name], value)

test_a_risk_class_asks_for_a_workload_that_is_verified_here if {
	_sending([]) == {"EVIDENCE_MISSING"}
	_sending([outcome.given("/request/facts/actor_workload/proven", false)]) == {"EVIDENCE_MISSING"}
	_sending([outcome.given("/request/facts/actor_workload/proven", true)]) == set()
	_sending([_actor("proven", true)]) == set()
	_sending([_actor("proven", true), _actor("svid", false)]) == {"EVIDENCE_MISSING"}
	_sending([_asking(false)]) == set()
	_sending([outcome.absent("/index/risk/external_message/verified_workload")]) == {"EVIDENCE_MISSING"}
	_sending([outcome.given("/request/facts/scope/tokens", ["mail.read"])]) == set()
	_codes([_scope_of_risk, _asking(true), outcome.absent("/index/proof_demanded")]) == {"EVIDENCE_MISSING"}
}

_sending(changes) := _codes(array.concat(
	[outcome.given("/index/proof_demanded", true), _scope_of_risk, _asking(true)],
	changes,
))

_asking(value) := outcome.given("/index/risk/external_message/verified_workload", value)

_scope_of_risk := outcome.given("/request/facts/scope/tokens", ["mail.send"])

_codes(changes) := outcome.codes("evidence", changes)
