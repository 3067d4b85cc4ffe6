package actas.rules.authorization_details_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict
import data.actas.rules.authorization_details

_index := object.union(base.index, {"authorization_details": {"expense": {
	"fields": {"type": true, "amount": true, "currency": true, "payee": true},
	"required": {"amount": true, "currency": true},
	"values": {"currency": {"EUR": true, "CHF": true}},
	"compare": "max",
	"max": {"amount": "00000000000000001000.000000000000000000"},
}}})

_keys := {
	"487.50": "00000000000000000487.500000000000000000",
	"10": "00000000000000000010.000000000000000000",
	"1000": "00000000000000001000.000000000000000000",
	"1000.01": "00000000000000001000.010000000000000000",
	"5000": "00000000000000005000.000000000000000000",
}

_decimals(entries) := [{name: _keys[value] |
	some name, value in entry
	_keys[value]
} |
	some entry in entries
]

_exchange(requested, granted) := object.union(base.request, {
	"authorization_details": requested,
	"subject_token": {"claims": {"authorization_details": granted}},
	"facts": {
		"authorization_details": {"given": true, "well_formed": true, "decimals": _decimals(requested)},
		"subject_token": {"authorization_details": {"decimals": _decimals(granted)}},
	},
})

_denied(request) := verdict.denied_in("authorization_details", request, _index, base.settings)

_reading := {"type": "mailbox", "locations": ["https://mail.example.com/"], "actions": ["read"]}

_granted := [{"type": "mailbox", "locations": ["https://mail.example.com/"], "actions": ["read", "send"]}]

_asking(change) := _exchange([object.union(_reading, change)], _granted)

_expense(amount) := {"type": "expense", "amount": amount, "currency": ["EUR"]}

test_no_details_pass if _denied(base.request) == set()

test_details_that_nobody_read_deny if {
	request := verdict.drop(base.request, [["facts", "authorization_details", "given"]])
	_denied(request) == {"RAR_INVALID", "RAR_NO_COMPARATOR", "RAR_EXCEEDS_GRANT"}
}

test_details_within_the_grant_pass if {
	_denied(_asking({})) == set()
	_denied(_exchange(_granted, _granted)) == set()
}

test_malformed_details_deny if {
	fact := ["facts", "authorization_details", "well_formed"]
	_denied(verdict.put(_asking({}), fact, false)) == {"RAR_INVALID"}
	_denied(verdict.drop(_asking({}), [fact])) == {"RAR_INVALID"}
}

test_an_unknown_type_denies if {
	_denied(_asking({"type": "calendar"})) == {"RAR_INVALID", "RAR_NO_COMPARATOR", "RAR_EXCEEDS_GRANT"}
}

test_one_good_entry_does_not_excuse_a_bad_one if {
	_denied(_exchange([_reading, {"type": "calendar"}], array.concat(_granted, [{"type": "calendar"}]))) == {
		"RAR_INVALID",
		"RAR_NO_COMPARATOR",
		"RAR_EXCEEDS_GRANT",
	}
}

test_an_unknown_field_denies if {
	granted := [object.union(_granted[0], {"folder": "inbox"})]
	_denied(_exchange([object.union(_reading, {"folder": "inbox"})], granted)) == {"RAR_INVALID"}
}

test_a_missing_field_denies if {
	entry := {"type": "expense", "amount": "487.50"}
	_denied(_exchange([entry], [entry])) == {"RAR_INVALID"}
}

test_a_value_that_is_not_allowed_denies if {
	granted := [object.union(_reading, {"actions": ["read", "purge"]})]
	_denied(_exchange(granted, granted)) == {"RAR_INVALID"}
	coded := [object.union(_expense("10"), {"currency": {"code": "EUR"}})]
	_denied(_exchange(coded, coded)) == {"RAR_INVALID"}
}

test_one_allowed_value_is_as_good_as_a_list_of_them if {
	single := [object.union(_expense("487.50"), {"currency": "CHF"})]
	_denied(_exchange(single, single)) == set()
	foreign := [object.union(_expense("487.50"), {"currency": "USD"})]
	_denied(_exchange(foreign, foreign)) == {"RAR_INVALID"}
}

test_a_type_without_a_comparator_denies if {
	entry := {"type": "payment", "amount": "10"}
	_denied(_exchange([entry], [entry])) == {"RAR_NO_COMPARATOR", "RAR_EXCEEDS_GRANT"}
}

test_details_for_other_targets_only_deny if {
	elsewhere := [object.union(_reading, {"locations": ["https://calendar.example.com/"]})]
	_denied(_exchange(elsewhere, elsewhere)) == {"RAR_INVALID"}
}

test_details_beyond_the_grant_deny if {
	granted := [object.union(_granted[0], {"actions": ["read"]})]
	_denied(_exchange([object.union(_reading, {"actions": ["send"]})], granted)) == {"RAR_EXCEEDS_GRANT"}
	_denied(_exchange([_reading, object.union(_reading, {"actions": ["send"]})], granted)) == {"RAR_EXCEEDS_GRANT"}
}

test_details_without_a_grant_deny if {
	request := verdict.drop(_asking({}), [["subject_token", "claims", "authorization_details"]])
	_denied(request) == {"RAR_EXCEEDS_GRANT"}
}

test_an_amount_up_to_the_maximum_passes if {
	_denied(_exchange([_expense("487.50")], [_expense("1000")])) == set()
	_denied(_exchange([_expense("1000")], [_expense("5000")])) == set()
	_denied(_exchange([_expense("487.50")], [_expense("487.50")])) == set()
}

test_an_amount_beyond_the_maximum_denies if {
	_denied(_exchange([_expense("1000.01")], [_expense("5000")])) == {"RAR_EXCEEDS_GRANT"}
	_denied(_exchange([_expense("1000")], [_expense("487.50")])) == {"RAR_EXCEEDS_GRANT"}
}

test_an_amount_that_is_no_plain_decimal_denies if {
	_denied(_exchange([_expense("1e2")], [_expense("5000")])) == {"RAR_INVALID", "RAR_EXCEEDS_GRANT"}
	_denied(_exchange([_expense("487.50"), _expense("1e2")], [_expense("5000")])) == {
		"RAR_INVALID",
		"RAR_EXCEEDS_GRANT",
	}
}

_everything_is_within(_) := true

test_what_cannot_be_compared_is_refused_whatever_was_granted if {
	entry := {"type": "payment", "amount": "10"}
	proven := {true | authorization_details.proven} with input as _exchange([entry], [entry])
		with data.actas.index as _index
		with data.actas.lib.authorization_details.within as _everything_is_within
	proven == set()
}
