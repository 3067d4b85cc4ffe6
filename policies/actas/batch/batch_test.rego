package actas.batch_test

import data.actas.batch

_items := {"a": {"n": 1}, "b": {"n": 2}, "c": {}}

test_every_item_has_its_own_answer_under_its_own_key if {
	answers := batch.decisions with input as {"items": _items} with data.actas.decision.decision as {"effect": "DENY"}
	answers == {"a": {"effect": "DENY"}, "b": {"effect": "DENY"}, "c": {"effect": "DENY"}}
}

test_no_items_have_no_answers if {
	answers := batch.decisions with input as {"items": {}}
	answers == {}
}

# Without settings no decision can say what is switched off, and so there is none.
test_an_item_without_an_answer_is_missing_and_shifts_nothing if {
	answers := batch.decisions with input as {"items": _items} with data.actas.settings as {}
	answers == {}
}
