package actas.rules.resource_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_with(name, value) := verdict.put(base.request, ["facts", "resource", name], value)

_without(name) := verdict.drop(base.request, [["facts", "resource", name]])

_denied(request) := verdict.denied("resource", request)

_loopback := object.union(base.settings, {"allow_loopback_http": true})

_denied_on_loopback(request) := verdict.denied_in("resource", request, base.index, _loopback)

test_an_absolute_safe_uri_passes if _denied(base.request) == set()

test_a_relative_uri_denies if {
	_denied(_with("absolute", false)) == {"RESOURCE_NOT_ABSOLUTE"}
	_denied(_without("absolute")) == {"RESOURCE_NOT_ABSOLUTE"}
}

test_a_fragment_denies if {
	_denied(_with("whole", false)) == {"RESOURCE_HAS_FRAGMENT"}
	_denied(_without("whole")) == {"RESOURCE_HAS_FRAGMENT"}
}

test_an_unsafe_uri_denies if {
	_denied(_with("safe", false)) == {"RESOURCE_UNSAFE"}
	_denied(_without("safe")) == {"RESOURCE_UNSAFE"}
}

test_an_insecure_scheme_denies if {
	_denied(_with("secure", false)) == {"RESOURCE_UNSAFE"}
	_denied(_without("secure")) == {"RESOURCE_UNSAFE"}
}

test_http_on_loopback_passes_where_settings_allow_it if _denied_on_loopback(_with("secure", false)) == set()

test_http_elsewhere_denies_whatever_settings_allow if {
	elsewhere := verdict.put(_with("secure", false), ["facts", "resource", "secure_or_loopback"], false)
	_denied_on_loopback(elsewhere) == {"RESOURCE_UNSAFE"}
	unknown := verdict.drop(elsewhere, [["facts", "resource", "secure_or_loopback"]])
	_denied_on_loopback(unknown) == {"RESOURCE_UNSAFE"}
}

test_an_unsafe_uri_on_loopback_denies if _denied_on_loopback(_with("safe", false)) == {"RESOURCE_UNSAFE"}

test_where_no_setting_speaks_http_denies if {
	settings := verdict.drop(base.settings, [["allow_loopback_http"]])
	verdict.denied_in("resource", _with("secure", false), base.index, settings) == {"RESOURCE_UNSAFE"}
}
