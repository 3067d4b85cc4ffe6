package actas.rules.token_time_test

import data.actas.lib.outcome_test as outcome

test_tokens_within_their_time_pass if {
	_codes([]) == set()
}

test_a_subject_token_passes_until_its_expiry_plus_the_skew if {
	_codes([outcome.given("/request/facts/subject_token/exp", 1799999971)]) == set()
}

test_a_subject_token_is_denied_from_its_expiry_plus_the_skew_on if {
	_codes([outcome.given("/request/facts/subject_token/exp", 1799999970)]) == {"SUBJECT_TOKEN_EXPIRED"}
}

test_an_expired_subject_token_is_denied_without_a_skew_setting if {
	_codes([outcome.absent("/settings/clock_skew_seconds")]) == {
		"SUBJECT_TOKEN_EXPIRED",
		"ACTOR_TOKEN_EXPIRED",
		"TOKEN_NOT_YET_VALID",
	}
}

# The missing expiry is the one thing to say about it.
test_a_subject_token_without_expiry_is_not_called_expired if {
	_codes([
		outcome.absent("/request/facts/subject_token/exp"),
		outcome.given("/request/facts/subject_token/has_end", false),
	]) == {"TOKEN_NO_EXPIRY"}
}

test_an_actor_token_passes_until_its_expiry_plus_the_skew if {
	_codes([outcome.given("/request/facts/actor_token/exp", 1799999971)]) == set()
}

test_an_actor_token_is_denied_from_its_expiry_plus_the_skew_on if {
	_codes([outcome.given("/request/facts/actor_token/exp", 1799999970)]) == {"ACTOR_TOKEN_EXPIRED"}
}

test_an_actor_token_without_expiry_is_not_called_expired if {
	_codes([
		outcome.absent("/request/facts/actor_token/exp"),
		outcome.given("/request/facts/actor_token/has_end", false),
	]) == {"TOKEN_NO_EXPIRY"}
}

test_a_token_that_says_nothing_about_its_end_is_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.absent(["request", "facts", name, "has_end"])]) == {"TOKEN_NO_EXPIRY"}
	}
}

test_a_token_passes_from_its_start_minus_the_skew_on if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.given(["request", "facts", name, "starts"], 1800000030)]) == set()
	}
}

test_a_token_is_denied_before_its_start_minus_the_skew if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.given(["request", "facts", name, "starts"], 1800000031)]) == {"TOKEN_NOT_YET_VALID"}
	}
}

test_a_token_of_unknown_start_is_denied if {
	every name in ["subject_token", "actor_token"] {
		_codes([outcome.absent(["request", "facts", name, "starts"])]) == {"TOKEN_NOT_YET_VALID"}
	}
}

test_without_the_time_no_token_is_within_it if {
	_codes([outcome.absent("/request/now")]) == {
		"SUBJECT_TOKEN_EXPIRED",
		"ACTOR_TOKEN_EXPIRED",
		"TOKEN_NOT_YET_VALID",
	}
}

_codes(changes) := outcome.codes("token_time", changes)
