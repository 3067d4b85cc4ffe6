package actas.obligations.step_up_test

import data.actas.obligations.step_up

_risk := {
	"strong": {"acr_values": {"mfa": true, "hwk": true}, "max_age": 300},
	"other": {"acr_values": {"face": true}, "max_age": 60},
	"ageless": {"acr_values": {"hwk": true}},
	"recent": {"max_age": 900},
}

_offered(classes) := answer if {
	answer := step_up.obligation with data.actas.lib.ceiling.risk_classes as classes
		with data.actas.index.risk as _risk
}

_step_up(properties) := {"type": "step-up", "id": "step-up", "properties": properties}

test_a_class_asks_for_its_values_and_age if {
	_offered({"strong"}) == _step_up({"acr_values": ["hwk", "mfa"], "max_age": 300})
}

test_several_classes_ask_for_what_satisfies_all if {
	_offered({"strong", "ageless", "recent"}) == _step_up({"acr_values": ["hwk"], "max_age": 300})
}

test_what_no_login_satisfies_is_not_offered if {
	_offered({"strong", "other"}) == {"type": "", "id": "", "properties": {}}
}

test_what_a_class_leaves_open_is_not_asked_for if {
	_offered({"ageless"}) == _step_up({"acr_values": ["hwk"]})
	_offered({"recent"}) == _step_up({"max_age": 900})
	_offered(set()) == _step_up({})
}
