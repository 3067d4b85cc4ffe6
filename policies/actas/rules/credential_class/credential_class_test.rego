package actas.rules.credential_class_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_bridged(request, token, class) := object.union(request, {
	token: {"credential_class": class},
	"facts": {token: {"oauth": false}},
})

_sending := verdict.put(base.request, ["facts", "scope", "tokens"], ["mail.read", "mail.send"])

_denied(request) := verdict.denied("credential_class", request)

_listing(class) := verdict.put(base.index, ["risk", "external_message", "credential_classes", class], true)

_denied_where_listed(request, class) := verdict.denied_in("credential_class", request, _listing(class), base.settings)

test_oauth_tokens_reach_every_scope if {
	_denied(base.request) == set()
	_denied(_sending) == set()
}

test_every_bridged_class_reaches_what_has_no_risk if {
	every class in ["session_cookie", "api_key", "rpa_script", "vendor_sdk"] {
		_denied(_bridged(base.request, "subject_token", class)) == set()
		_denied(_bridged(base.request, "actor_token", class)) == set()
	}
}

test_no_bridged_class_reaches_a_risk_class_that_does_not_list_it if {
	every class in ["session_cookie", "api_key", "rpa_script", "vendor_sdk"] {
		_denied(_bridged(_sending, "subject_token", class)) == {"CREDENTIAL_CLASS_NOT_ALLOWED"}
		_denied(_bridged(_sending, "actor_token", class)) == {"CREDENTIAL_CLASS_NOT_ALLOWED"}
	}
}

test_a_risk_class_lists_the_classes_that_reach_it if {
	_denied_where_listed(_bridged(_sending, "subject_token", "api_key"), "api_key") == set()
	_denied_where_listed(_bridged(_sending, "actor_token", "api_key"), "api_key") == set()
	_denied_where_listed(_bridged(_sending, "subject_token", "api_key"), "vendor_sdk") == {
		"CREDENTIAL_CLASS_NOT_ALLOWED",
	}
}

test_both_credentials_are_of_a_listed_class if {
	both := _bridged(_bridged(_sending, "subject_token", "api_key"), "actor_token", "rpa_script")
	_denied_where_listed(both, "api_key") == {"CREDENTIAL_CLASS_NOT_ALLOWED"}
	_denied_where_listed(both, "rpa_script") == {"CREDENTIAL_CLASS_NOT_ALLOWED"}
}

test_every_risk_class_lists_it if {
	deleting := verdict.put(_sending, ["facts", "scope", "tokens"], ["mail.send", "mail.delete"])
	_denied_where_listed(_bridged(deleting, "subject_token", "api_key"), "api_key") == {"CREDENTIAL_CLASS_NOT_ALLOWED"}
}

test_an_unknown_class_denies if {
	_denied(_bridged(base.request, "subject_token", "carrier_pigeon")) == {"CREDENTIAL_CLASS_NOT_ALLOWED"}
	_denied(_bridged(base.request, "actor_token", "carrier_pigeon")) == {"CREDENTIAL_CLASS_NOT_ALLOWED"}
	_denied_where_listed(_bridged(_sending, "subject_token", "carrier_pigeon"), "carrier_pigeon") == {
		"CREDENTIAL_CLASS_NOT_ALLOWED",
	}
}

test_a_bridged_subject_without_an_actor_passes if {
	_denied(_bridged(verdict.without_actor, "subject_token", "api_key")) == set()
}

test_oauth_may_say_its_name if {
	request := verdict.put(_bridged(base.request, "subject_token", "api_key"), ["actor_token", "credential_class"], "oauth")
	_denied(request) == set()
}

test_a_class_that_nobody_named_denies if {
	unnamed := verdict.drop(
		base.request,
		[["facts", "subject_token", "oauth"], ["subject_token", "credential_class"]],
	)
	_denied(unnamed) == {"CREDENTIAL_CLASS_NOT_ALLOWED"}
	unnamed_actor := verdict.drop(
		base.request,
		[["facts", "actor_token", "oauth"], ["actor_token", "credential_class"]],
	)
	_denied(unnamed_actor) == {"CREDENTIAL_CLASS_NOT_ALLOWED"}
}
