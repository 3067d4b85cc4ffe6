# Who may ask this OPA what. The service alone, known by its token, may ask for decisions, and at its start for the
# policy data that its ceiling computes with. Nobody may change policy or data.
package system.authz

default allow := false

allow if {
	input.method == "POST"
	input.path in _paths
	_bearer_is_the_service
}

allow if {
	input.method == "GET"
	input.path == ["health"]
}

_bearer_is_the_service if crypto.sha256(input.identity) == data.system.actas.token_sha256

_paths := [
	["v1", "data", "actas", "decision", "decision"],
	["v1", "data", "actas", "batch", "decisions"],
	["v1", "data", "actas", "revision"],
	["v1", "data", "actas", "settings"],
	["v1", "data", "actas", "codes"],
	["v1", "data", "custom", "actas", "registry"],
]
