package actas.rules.rate_limit_test

import data.actas.lib.outcome_test as outcome

test_where_nothing_is_limited_nothing_is_counted if {
	_codes([]) == set()
}

test_an_agent_within_its_limit_passes if {
	_codes([_registered, _limits({"per_agent": {"exchanges": 3}}), _rates({"agents": {"mail": 2}})]) == set()
}

test_an_agent_at_its_limit_is_denied if {
	every count in [3, 4] {
		_codes([
			_registered,
			_limits({"per_agent": {"exchanges": 3}}),
			_rates({"agents": {"mail": count}}),
		]) == {"RATE_LIMITED"}
	}
}

test_the_limit_of_an_agent_itself_goes_before_that_of_all if {
	limits := _limits({"per_agent": {"exchanges": 3}, "agents": {"mail": {"exchanges": 5}, "other": {"exchanges": 1}}})
	_codes([_registered, limits, _rates({"agents": {"mail": 4}})]) == set()
	_codes([_registered, limits, _rates({"agents": {"mail": 5}})]) == {"RATE_LIMITED"}
}

test_what_others_obtain_does_not_count if {
	_codes([
		_registered,
		_limits({"per_agent": {"exchanges": 3}}),
		_rates({"agents": {"mail": 0, "other": 9}, "client": 9}),
	]) == set()
	_codes([_registered, _limits({"agents": {"other": {"exchanges": 1}}}), _rates({"agents": {}})]) == set()
}

test_who_is_no_agent_is_counted_with_its_client if {
	_codes([_limits({"per_agent": {"exchanges": 3}}), _rates({"agents": {}, "client": 2})]) == set()
	_codes([_limits({"per_agent": {"exchanges": 3}}), _rates({"agents": {}, "client": 3})]) == {"RATE_LIMITED"}
}

test_an_agent_is_not_counted_with_its_client if {
	_codes([
		_registered,
		_limits({"per_agent": {"exchanges": 3}}),
		_rates({"agents": {}, "client": 0}),
	]) == {"RATE_LIMITED"}
}

test_a_subject_is_limited_as_well if {
	limits := _limits({"per_subject": {"exchanges": 3}})
	_codes([limits, _rates({"agents": {}, "subject": 2})]) == set()
	_codes([limits, _rates({"agents": {}, "subject": 3})]) == {"RATE_LIMITED"}
}

test_one_limit_does_not_stand_for_the_other if {
	limits := _limits({"per_agent": {"exchanges": 3}, "per_subject": {"exchanges": 3}})
	_codes([limits, _rates({"agents": {}, "client": 2, "subject": 2})]) == set()
	_codes([limits, _rates({"agents": {}, "client": 3, "subject": 2})]) == {"RATE_LIMITED"}
	_codes([limits, _rates({"agents": {}, "client": 2, "subject": 3})]) == {"RATE_LIMITED"}
}

test_a_count_that_is_not_known_is_over_every_limit if {
	every name in ["per_agent", "per_subject"] {
		limits := _limits({name: {"exchanges": 3}})
		_codes([limits]) == {"RATE_LIMITED"}
		_codes([limits, _rates({"agents": {}})]) == {"RATE_LIMITED"}
		every odd in [null, "1", true, [], {}] {
			_codes([limits, _rates({"agents": {}, "client": odd, "subject": odd})]) == {"RATE_LIMITED"}
		}
	}
}

test_a_limit_that_says_nothing_is_exceeded if {
	_codes([_limits({"per_agent": {}}), _rates({"agents": {}, "client": 0})]) == {"RATE_LIMITED"}
	_codes([_limits({"per_subject": {}}), _rates({"agents": {}, "subject": 0})]) == {"RATE_LIMITED"}
}

test_without_an_index_nobody_is_within_a_limit if {
	_codes([outcome.absent("/index/rate_limits")]) == {"RATE_LIMITED"}
}

_codes(changes) := outcome.codes("rate_limit", changes)

_registered := outcome.given("/index/identities", {"spiffe://example.org": {"spiffe://example.org/agent/mail": "mail"}})

_limits(limits) := outcome.given("/index/rate_limits", limits)

_rates(rates) := outcome.given("/request/state/rates", rates)
