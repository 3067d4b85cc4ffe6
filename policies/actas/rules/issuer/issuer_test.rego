package actas.rules.issuer_test

import data.actas.lib.outcome_test as outcome

test_trusted_issuers_in_their_roles_pass if {
	_codes([]) == set()
}

test_a_subject_token_of_another_issuer_is_denied if {
	every iss in ["https://as.example.com/", "http://as.example.com", ""] {
		_codes([_subject("issuer", iss)]) == {"UNTRUSTED_ISSUER", "ISSUER_ROLE_MISMATCH"}
	}
}

test_a_subject_token_without_an_issuer_is_denied if {
	_codes([outcome.absent("/request/facts/subject_token/issuer")]) == {"UNTRUSTED_ISSUER", "ISSUER_ROLE_MISMATCH"}
}

test_an_absent_actor_token_has_no_issuer if {
	_codes([_actor("form", "absent"), _actor("svid", false), _actor("issuer", "")]) == set()
}

# Its trust domain is judged by the rule workload_identity.
test_an_svid_has_no_issuer_in_the_registry if {
	_codes([_actor("issuer", "spiffe://elsewhere.test")]) == set()
}

test_an_actor_token_of_a_trusted_issuer_passes if {
	_codes(_actor_of("https://as.example.com")) == set()
}

test_an_actor_token_of_another_issuer_is_denied if {
	_codes(_actor_of("https://as.example.com/")) == {"UNTRUSTED_ISSUER", "ISSUER_ROLE_MISMATCH"}
}

test_an_actor_token_without_an_issuer_is_denied if {
	_codes([
		_actor("form", "declared"),
		_actor("svid", false),
		outcome.absent("/request/facts/actor_token/issuer"),
	]) == {"UNTRUSTED_ISSUER", "ISSUER_ROLE_MISMATCH"}
}

test_an_actor_token_of_unknown_form_is_denied if {
	_codes([
		outcome.absent("/request/facts/actor_token/form"),
		outcome.absent("/request/facts/actor_token/svid"),
	]) == {"UNTRUSTED_ISSUER", "ISSUER_ROLE_MISMATCH"}
}

test_an_issuer_of_actors_only_is_not_trusted_for_subjects if {
	_codes([_roles("https://as.example.com", {"actor": true})]) == {"ISSUER_ROLE_MISMATCH"}
}

test_an_issuer_of_subjects_only_is_not_trusted_for_actors if {
	_codes(_actor_of("https://idp.example.com")) == {"ISSUER_ROLE_MISMATCH"}
}

test_an_issuer_of_subjects_only_is_not_trusted_for_act if {
	_codes([_roles("https://as.example.com", {"subject": true})]) == set()
	_codes([
		_roles("https://as.example.com", {"subject": true}),
		_subject("has_act", true),
	]) == {"ISSUER_ROLE_MISMATCH"}
}

test_an_issuer_trusted_for_act_may_assert_it if {
	_codes([_roles("https://as.example.com", {"subject": true, "act": true}), _subject("has_act", true)]) == set()
}

test_a_token_of_which_nobody_knows_whether_it_has_act_is_denied if {
	_codes([
		_roles("https://as.example.com", {"subject": true}),
		outcome.absent("/request/facts/subject_token/has_act"),
	]) == {"ISSUER_ROLE_MISMATCH"}
}

test_the_registered_tenant_is_the_token_s if {
	_codes([_registered("blue"), _subject("tenant", "blue")]) == set()
	_codes([_registered("blue"), _subject("tenant", "red")]) == {"TENANT_MISMATCH"}
	_codes([_registered("blue")]) == {"TENANT_MISMATCH"}
}

test_a_tenant_that_the_request_names_is_the_registered_one if {
	_codes([_registered("blue"), _subject("tenant", "blue"), _asserted("blue")]) == set()
	_codes([_registered("blue"), _subject("tenant", "blue"), _asserted("red")]) == {"TENANT_MISMATCH"}
	_codes([_registered("blue"), _subject("tenant", "red"), _asserted("red")]) == {"TENANT_MISMATCH"}
}

test_a_client_of_no_registered_tenant_is_of_the_one_that_the_request_names if {
	_codes([_subject("tenant", "red"), _asserted("red")]) == set()
	_codes([_subject("tenant", "red"), _asserted("blue")]) == {"TENANT_MISMATCH"}
	_codes([_subject("tenant", "red")]) == {"TENANT_MISMATCH"}
}

test_a_token_without_a_tenant_is_denied_where_the_request_names_one if {
	_codes([_asserted("red")]) == {"TENANT_MISMATCH"}
}

test_a_token_whose_tenant_nobody_can_read_is_denied if {
	_codes([outcome.absent("/request/facts/subject_token/tenant")]) == {"TENANT_MISMATCH"}
}

test_an_unknown_client_is_of_no_tenant if {
	_codes([outcome.given("/request/client/client_id", "unknown")]) == {"TENANT_MISMATCH"}
}

test_an_actor_token_of_another_tenant_is_denied if {
	every client in [[_registered("blue")], [_asserted("blue")]] {
		ours := array.concat(client, [_subject("tenant", "blue"), _actor("svid", false), _actor("form", "declared"), _actor("issuer", _server)])
		_codes(array.concat(ours, [_actor("tenant", "red")])) == {"TENANT_MISMATCH"}
		_codes(array.concat(ours, [_actor("tenant", "blue")])) == set()
		_codes(array.concat(ours, [_actor("tenant", "")])) == set()
		_codes(array.concat(ours, [outcome.absent("/request/facts/actor_token/tenant")])) == {"TENANT_MISMATCH"}
	}
}

test_an_svid_and_an_absent_token_are_of_no_tenant if {
	_codes([_actor("tenant", "red")]) == set()
	_codes([_actor("tenant", "red"), _actor("svid", false), _actor("form", "absent")]) == set()
	_codes([_actor("tenant", "red"), outcome.absent("/request/facts/actor_token/svid")]) == {
		"UNTRUSTED_ISSUER",
		"ISSUER_ROLE_MISMATCH",
		"TENANT_MISMATCH",
	}
}

_server := "https://as.example.com"

_actor_of(iss) := [_actor("form", "declared"), _actor("svid", false), _actor("issuer", iss)]

_subject(name, value) := outcome.given(["request", "facts", "subject_token", name], value)

_actor(name, value) := outcome.given(["request", "facts", "actor_token", name], value)

_roles(iss, roles) := outcome.given(["index", "issuers", iss, "roles"], roles)

_registered(tenant) := outcome.given("/index/clients/agent-mail/tenant", tenant)

_asserted(tenant) := outcome.given("/request/client/tenant", tenant)

_codes(changes) := outcome.codes("issuer", changes)
