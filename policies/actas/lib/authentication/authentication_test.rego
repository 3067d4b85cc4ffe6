package actas.lib.authentication_test

import data.actas.lib.authentication

_demand(classes, risk) := answer if {
	answer := {
		"acr_values": authentication.acr_values,
		"satisfiable": {true | authentication.satisfiable},
		"undemanded": {true | authentication.undemanded},
		"max_age": {age | age := authentication.max_age},
	} with data.actas.lib.ceiling.risk_classes as classes
		with data.actas.index.risk as risk
}

_risk := {
	"a": {"acr_values": {"mfa": true, "hwk": true}, "max_age": 900},
	"b": {"acr_values": {"hwk": true, "face": true}, "max_age": 300},
	"c": {"acr_values": {"face": true}},
	"d": {},
}

test_no_class_demands_nothing if {
	_demand(set(), _risk) == {"acr_values": set(), "satisfiable": {true}, "undemanded": {true}, "max_age": set()}
}

test_a_class_demands_its_own_values if {
	_demand({"a"}, _risk) == {"acr_values": {"mfa", "hwk"}, "satisfiable": {true}, "undemanded": set(), "max_age": {900}}
}

test_several_classes_demand_what_satisfies_them_all if {
	_demand({"a", "b"}, _risk) == {"acr_values": {"hwk"}, "satisfiable": {true}, "undemanded": set(), "max_age": {300}}
}

test_classes_without_a_common_value_cannot_be_satisfied if {
	_demand({"a", "c"}, _risk) == {"acr_values": set(), "satisfiable": set(), "undemanded": set(), "max_age": {900}}
}

test_a_class_without_demands_is_still_a_class if {
	_demand({"d"}, _risk) == {"acr_values": set(), "satisfiable": {true}, "undemanded": set(), "max_age": set()}
}
