package actas.limits.credential_test

import data.actas.lib.outcome_test as outcome
import data.actas.limits.credential

test_oauth_tokens_are_not_limited if {
	_left([]) == {"granted_scope": {"mail.read"}, "max_lifetime_seconds": 900}
}

test_a_bridged_credential_obtains_short_lived_tokens if {
	every name in ["subject_token", "actor_token"] {
		_lifetime(_bridged(name, "api_key")) == 300
	}
}

# What is said to be an OAuth token is judged as one, whether its class is spelled out or not.
test_oauth_is_no_bridged_class if {
	every name in ["subject_token", "actor_token"] {
		_lifetime([
			outcome.given(["request", name, "credential_class"], "oauth"),
			outcome.given("/index/credential_classes/oauth", {"max_lifetime_seconds": 60}),
		]) == 900
	}
}

test_the_shorter_of_two_bridged_credentials_counts if {
	_lifetime(array.concat(
		array.concat(_bridged("subject_token", "api_key"), _bridged("actor_token", "rpa_script")),
		[outcome.given("/index/credential_classes/rpa_script/max_lifetime_seconds", 60)],
	)) == 60
}

# Nothing is left of it anyway: the rule credential_class denies it.
test_an_unknown_class_has_no_maximum_of_its_own if {
	_lifetime(_bridged("subject_token", "crystal_ball")) == 900
}

test_an_actor_token_s_end_is_no_cap_unless_the_settings_say_so if {
	_lifetime([outcome.given("/request/facts/actor_token/exp", 1800000100)]) == 900
}

test_an_actor_token_s_end_is_a_cap_where_the_settings_say_so if {
	_lifetime([_actor_exp, outcome.given("/request/facts/actor_token/exp", 1800000100)]) == 100
}

test_without_an_actor_token_there_is_no_end_of_it if {
	_lifetime([_actor_exp, outcome.given("/request/facts/actor_token/presented", false)]) == 900
}

test_an_actor_token_without_an_end_leaves_nothing_where_it_is_a_cap if {
	_lifetime([_actor_exp, outcome.absent("/request/facts/actor_token/exp")]) == 0
}

test_without_a_maximum_nothing_lives if {
	_lifetime([outcome.absent("/settings/max_lifetime_seconds")]) == 0
}

test_where_nobody_knows_what_is_asked_for_nothing_is_left if {
	credential.granted_scope == set() with data.actas.lib.exchange as {}
}

_actor_exp := outcome.given("/settings/lifetime_caps", ["actor_exp"])

_bridged(name, class) := [
	outcome.given(["request", "facts", name, "oauth"], false),
	outcome.given(["request", name, "credential_class"], class),
]

_lifetime(changes) := _left(changes).max_lifetime_seconds

_left(changes) := left if {
	changed := outcome.after(changes)
	left := _values with input as changed.request
		with data.actas.settings as changed.settings
		with data.actas.index as changed.index
}

_values := {"granted_scope": credential.granted_scope, "max_lifetime_seconds": credential.max_lifetime_seconds}
