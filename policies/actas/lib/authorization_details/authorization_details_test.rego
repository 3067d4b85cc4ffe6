package actas.lib.authorization_details_test

import data.actas.lib.authorization_details
import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_mail := "https://mail.example.com/"

_calendar := "https://calendar.example.com/"

_expense := {
	"fields": {"type": true, "amount": true, "tip": true, "currency": true},
	"required": {},
	"values": {},
	"compare": "max",
	"max": {"amount": "00000000000000001000.000000000000000000"},
}

_index := object.union(base.index, {"authorization_details": {"expense": _expense}})

_within(requested, granted, keys, granted_keys) := answer if {
	answer := {i | some i, _ in requested; authorization_details.within(i)} with data.actas.index as _index
		with input as {
			"authorization_details": requested,
			"subject_token": {"claims": {"authorization_details": granted}},
			"facts": {
				"authorization_details": {"decimals": keys},
				"subject_token": {"authorization_details": {"decimals": granted_keys}},
			},
		}
}

_subset(requested, granted) := _within([requested], [granted], [{}], [{}]) == {0}

_reading := {"type": "mailbox", "actions": ["read"]}

_granted := {"type": "mailbox", "actions": ["read", "send"]}

test_a_subset_is_within if {
	_subset(_reading, _granted)
	_subset(_granted, _granted)
	_subset(object.union(_granted, {"actions": ["send", "read"]}), _granted)
}

test_more_than_was_granted_is_not_within if {
	not _subset(_granted, _reading)
	not _subset(object.union(_reading, {"actions": ["READ"]}), _granted)
}

test_a_member_left_out_or_added_is_not_within if {
	not _subset({"type": "mailbox"}, _granted)
	not _subset(_reading, {"type": "mailbox"})
	not _subset(object.union(_reading, {"folder": "inbox"}), _granted)
}

test_other_members_are_equal if {
	_subset(object.union(_reading, {"folder": "inbox"}), object.union(_granted, {"folder": "inbox"}))
	not _subset(object.union(_reading, {"folder": "inbox"}), object.union(_granted, {"folder": "sent"}))
}

test_a_list_is_compared_with_a_list if {
	not _subset(object.union(_reading, {"actions": "read"}), _granted)
	not _subset(_reading, object.union(_granted, {"actions": "read"}))
	not _subset(object.union(_reading, {"actions": {"a": "read"}}), _granted)
	not _subset(_reading, object.union(_granted, {"actions": {"a": "read"}}))
}

test_an_empty_list_is_not_less_than_a_full_one if {
	not _subset(object.union(_reading, {"actions": []}), _granted)
	_subset(object.union(_reading, {"actions": []}), object.union(_granted, {"actions": []}))
}

test_a_grant_that_nobody_read_grants_nothing if {
	_within([_reading], [_granted], [{}], []) == set()
	_within([_reading], [_granted], [{}], null) == set()
}

test_a_grant_that_is_no_array_grants_nothing if {
	_within([_reading], {"a": _granted}, [{}], [{}]) == set()
	_within([_reading], {0: _granted}, [{}], [{}]) == set()
}

test_one_whole_entry_grants if {
	by_place := [
		{"type": "mailbox", "locations": [_mail], "actions": ["read"]},
		{"type": "mailbox", "locations": [_calendar], "actions": ["send"]},
	]
	mixed := {"type": "mailbox", "locations": [_mail], "actions": ["send"]}
	_within([mixed], by_place, [{}], [{}, {}]) == set()
	_within([by_place[1]], by_place, [{}], [{}, {}]) == {0}
}

test_another_type_grants_nothing if {
	_within([{"type": "expense", "amount": "1"}], [{"type": "mailbox", "amount": "1"}], [{"amount": "1"}], [{"amount": "1"}]) == set()
	_within([{"type": "mailbox", "amount": "1"}], [{"type": "expense", "amount": "1"}], [{"amount": "1"}], [{"amount": "1"}]) == set()
}

_spend(requested, granted) := _spend_with({"currency": "EUR"}, {"currency": "EUR"}, requested, granted)

_spend_with(change, granted_change, requested, granted) if {
	_within(
		[object.union({"type": "expense", "amount": "r"}, change)],
		[object.union({"type": "expense", "amount": "g"}, granted_change)],
		[{"amount": requested}],
		[{"amount": granted}],
	) == {0}
}

test_an_amount_is_at_most_granted_and_at_most_the_maximum if {
	_spend("00000000000000000487.500000000000000000", "00000000000000000487.500000000000000000")
	_spend("00000000000000001000.000000000000000000", "00000000000000005000.000000000000000000")
	not _spend("00000000000000001000.000000000000000001", "00000000000000005000.000000000000000000")
	not _spend("00000000000000000487.500000000000000001", "00000000000000000487.500000000000000000")
}

test_an_amount_that_is_no_decimal_is_within_nothing if {
	not _within([{"type": "expense", "amount": "r"}], [{"type": "expense", "amount": "g"}], [{}], [{"amount": "1"}]) == {0}
	not _within([{"type": "expense", "amount": "r"}], [{"type": "expense", "amount": "g"}], [{"amount": "1"}], [{}]) == {0}
}

_hundred := "00000000000000000100.000000000000000000"

test_what_is_no_amount_is_equal if {
	_spend_with({"currency": "EUR", "tip": "1"}, {"currency": "EUR", "tip": "1"}, _hundred, _hundred)
	not _spend_with({"currency": "CHF"}, {"currency": "EUR"}, _hundred, _hundred)
	not _spend_with({"currency": "EUR", "tip": "1"}, {"currency": "EUR", "tip": "2"}, _hundred, _hundred)
	not _spend_with({}, {"currency": "EUR"}, _hundred, _hundred)
	not _spend_with({"currency": "EUR"}, {}, _hundred, _hundred)
}

test_an_equal_amount_is_an_amount_all_the_same if {
	beyond := "00000000000000005000.000000000000000000"
	not _spend_with({"amount": "5000"}, {"amount": "5000"}, beyond, beyond)
	_spend_with({"amount": "100"}, {"amount": "100"}, _hundred, _hundred)
}

_cut(entries, targets) := answer if {
	answer := {"granted": authorization_details.granted, "narrowed": {true | authorization_details.narrowed}} with input as {
		"authorization_details": entries,
		"facts": {"targets": targets, "authorization_details": {"given": true}},
	}
}

test_locations_are_cut_to_the_targets if {
	both := object.union(_reading, {"locations": [_mail, _calendar]})
	_cut([both], [_mail]) == {"granted": [object.union(_reading, {"locations": [_mail]})], "narrowed": {true}}
	_cut([both], [_calendar, _mail]) == {"granted": [both], "narrowed": set()}
}

test_an_entry_for_other_places_is_left_out if {
	elsewhere := object.union(_reading, {"locations": [_calendar]})
	_cut([elsewhere, _reading], [_mail]) == {"granted": [_reading], "narrowed": {true}}
	_cut([elsewhere], [_mail]) == {"granted": [], "narrowed": {true}}
}

test_an_entry_without_locations_is_for_every_target if {
	_cut([_reading], [_mail]) == {"granted": [_reading], "narrowed": set()}
}

test_where_nothing_was_asked_for_nothing_is_issued if {
	answer := {"granted": authorization_details.granted, "narrowed": {true | authorization_details.narrowed}} with input as base.request
	answer == {"granted": [], "narrowed": set()}
	unasked := verdict.put(base.request, ["authorization_details"], [_reading])
	also := {"granted": authorization_details.granted, "narrowed": {true | authorization_details.narrowed}} with input as unasked
	also == {"granted": [], "narrowed": set()}
}
