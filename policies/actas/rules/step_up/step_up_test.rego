package actas.rules.step_up_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

# Mail is sent by a user who logged in strongly at this moment; max_age is 300 seconds, the skew 30.
_sending(auth_time) := object.union(base.request, {
	"facts": {"scope": {"tokens": ["mail.send"]}},
	"subject_token": {"claims": {"acr": "urn:example:acr:mfa", "auth_time": auth_time}},
})

_fresh := _sending(1799999900)

_kind := ["facts", "subject_token", "auth_time"]

_denied(request) := verdict.denied("step_up", request)

_where(request, risk) := verdict.denied_in("step_up", request, verdict.put(base.index, ["risk", "external_message"], risk), base.settings)

_class := base.index.risk.external_message

test_a_scope_without_risk_asks_nothing if {
	weak := verdict.drop(base.request, [["subject_token", "claims", "acr"]])
	_denied(weak) == set()
	_denied(verdict.put(weak, _kind, "absent")) == set()
	_denied(verdict.put(weak, _kind, "malformed")) == set()
	_denied(verdict.put(weak, ["subject_token", "claims", "auth_time"], 1700000000)) == set()
	_denied(verdict.put(weak, ["subject_token", "claims", "auth_time"], 1900000000)) == set()
}

test_a_withheld_scope_asks_nothing if {
	index := verdict.drop(base.index, [["clients", "agent-mail", "scopes", "mail.send"]])
	weak := verdict.put(base.request, ["facts", "scope", "tokens"], ["mail.read", "mail.send"])
	verdict.denied_in("step_up", weak, index, base.settings) == set()
}

test_a_strong_and_fresh_login_passes if _denied(_fresh) == set()

test_a_weak_login_denies if {
	_denied(verdict.put(_fresh, ["subject_token", "claims", "acr"], "urn:example:acr:pwd")) == {"ACR_INSUFFICIENT"}
	_denied(verdict.put(_fresh, ["subject_token", "claims", "acr"], "URN:EXAMPLE:ACR:MFA")) == {"ACR_INSUFFICIENT"}
	_denied(verdict.put(_fresh, ["subject_token", "claims", "acr"], ["urn:example:acr:mfa"])) == {"ACR_INSUFFICIENT"}
	_denied(verdict.drop(_fresh, [["subject_token", "claims", "acr"]])) == {"ACR_INSUFFICIENT"}
}

test_one_of_several_values_is_enough if {
	risk := verdict.put(_class, ["acr_values", "urn:example:acr:hwk"], true)
	_where(_fresh, risk) == set()
}

test_one_acr_satisfies_every_class if {
	index := object.union(base.index, {"risk": {"deletion": {"acr_values": {"urn:example:acr:hwk": true}}}})
	both := verdict.put(_fresh, ["facts", "scope", "tokens"], ["mail.send", "mail.delete"])
	verdict.denied_in("step_up", both, index, base.settings) == {"ACR_INSUFFICIENT"}
	lenient := verdict.put(index, ["risk", "deletion", "acr_values", "urn:example:acr:mfa"], true)
	verdict.denied_in("step_up", both, lenient, base.settings) == set()
}

test_a_class_without_acr_values_asks_for_none if {
	weak := verdict.drop(_fresh, [["subject_token", "claims", "acr"]])
	_where(weak, verdict.drop(_class, [["acr_values"]])) == set()
}

test_a_login_up_to_the_age_passes if _denied(_sending(1799999700)) == set()

test_an_older_login_denies if _denied(_sending(1799999699)) == {"AUTH_TOO_OLD"}

test_the_age_is_the_smallest_of_all_classes if {
	index := object.union(base.index, {"risk": {"deletion": {"max_age": 60}}})
	both := verdict.put(_fresh, ["facts", "scope", "tokens"], ["mail.send", "mail.delete"])
	verdict.denied_in("step_up", both, index, base.settings) == {"AUTH_TOO_OLD"}
}

test_a_class_without_an_age_asks_for_none if {
	ageless := verdict.drop(_class, [["max_age"]])
	_where(_sending(1700000000), ageless) == set()
	_where(verdict.put(_fresh, _kind, "absent"), ageless) == set()
	_where(verdict.put(_fresh, _kind, "malformed"), ageless) == {"AUTH_TIME_INVALID"}
	_where(_sending(1900000000), ageless) == set()
}

test_a_class_that_asks_for_no_login_needs_no_login_time if {
	undemanding := verdict.drop(_class, [["acr_values"], ["max_age"]])
	_where(verdict.put(_fresh, _kind, "malformed"), undemanding) == set()
	_where(verdict.drop(_fresh, [_kind]), undemanding) == set()
	_where(verdict.put(_fresh, _kind, "malformed"), verdict.drop(_class, [["acr_values"]])) == {"AUTH_TIME_INVALID"}
}

test_an_age_of_nothing_is_an_age if {
	_where(_fresh, verdict.put(_class, ["max_age"], 0)) == {"AUTH_TOO_OLD"}
	_where(_sending(1800000000), verdict.put(_class, ["max_age"], 0)) == set()
}

test_an_unknown_login_time_denies if {
	request := verdict.put(verdict.drop(_fresh, [["subject_token", "claims", "auth_time"]]), _kind, "absent")
	_denied(request) == {"AUTH_TIME_MISSING"}
}

test_a_login_time_that_is_no_number_denies if {
	request := verdict.put(_sending("yesterday"), _kind, "malformed")
	_denied(request) == {"AUTH_TIME_INVALID"}
}

test_a_login_time_that_nobody_looked_at_denies if {
	_denied(verdict.drop(_fresh, [_kind])) == {"AUTH_TIME_INVALID", "AUTH_TIME_MISSING"}
}

test_a_login_in_the_future_denies_beyond_the_skew if {
	_denied(_sending(1800000030)) == set()
	_denied(_sending(1800000031)) == {"AUTH_TIME_INVALID"}
}

test_without_a_skew_no_login_time_is_possible if {
	settings := verdict.drop(base.settings, [["clock_skew_seconds"]])
	verdict.denied_in("step_up", _fresh, base.index, settings) == {"AUTH_TIME_INVALID"}
}

test_without_a_clock_no_login_is_recent if {
	_denied(verdict.drop(_fresh, [["now"]])) == {"AUTH_TIME_INVALID", "AUTH_TOO_OLD"}
}
