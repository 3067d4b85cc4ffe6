# METADATA
# title: Exactly the registered targets
# description: >-
#   audience and resource together name the targets; names are compared exactly, and none is ever
#   dropped.
package actas.rules.target

import data.actas.lib.basis
import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_target_named
	_targets_few
	_targets_allowed
	_servers_match
}

# METADATA
# title: A target is named
# description: >-
#   A token for nowhere in particular would be good everywhere.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8707#section-2
#   description: RFC 8707, section 2
# - ref: https://www.rfc-editor.org/rfc/rfc9068#section-3
#   description: RFC 9068, section 3
# custom:
#   code: TARGET_REQUIRED
#   error: invalid_target
#   checks: [TGT-07]
#   reason: no target is named
deny contains {
	"code": "TARGET_REQUIRED",
	"rule": "target",
	"reason": "no target is named",
} if not _target_named

_target_named if input.facts.targets[0]

# METADATA
# title: One target
# description: >-
#   Several targets make a token that each of them can replay at the others.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.1.1
#   description: RFC 8693, section 2.1.1
# - ref: https://www.rfc-editor.org/rfc/rfc8707#section-2.2
#   description: RFC 8707, section 2.2
# custom:
#   code: TOO_MANY_TARGETS
#   error: invalid_target
#   checks: [TGT-05]
#   reason: too many targets are named
deny contains {
	"code": "TOO_MANY_TARGETS",
	"rule": "target",
	"reason": "too many targets are named",
} if not _targets_few

_targets_few if count(input.facts.targets) <= data.actas.settings.max_targets

# METADATA
# title: Registered targets
# description: >-
#   Every target is registered by exactly this name or alias, and within what client, agent and
#   grant may reach.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-2.2.2
#   description: RFC 8693, section 2.2.2
# - ref: https://www.rfc-editor.org/rfc/rfc8707#section-2
#   description: RFC 8707, section 2
# custom:
#   code: TARGET_NOT_ALLOWED
#   error: invalid_target
#   checks: [TGT-03, TGT-04, TGT-06, TGT-08]
#   reason: a target is not registered for this client or actor
deny contains {
	"code": "TARGET_NOT_ALLOWED",
	"rule": "target",
	"reason": "a target is not registered for this client or actor",
} if not _targets_allowed

_targets_allowed if {
	every name in input.facts.targets {
		exchange.client.targets[data.actas.index.targets[name].canonical]
	}
	_agent_reaches
	_grant_reaches
}

_agent_reaches if not _agent_limited

else if {
	every name in input.facts.targets {
		_agent_targets[data.actas.index.targets[name].canonical]
	}
}

_agent_limited if data.actas.index.agents[exchange.limiting_agent].targets

_agent_targets := data.actas.index.agents[exchange.limiting_agent].targets

# may_act and consents name no targets; where a grant alone is the basis its targets are a ceiling.
_grant_reaches if _other_basis

else if count(basis.grants) == 0

else if {
	every name in input.facts.targets {
		some grant in basis.grants
		grant.targets[data.actas.index.targets[name].canonical]
	}
}

_other_basis if basis.may_act_understood

else if basis.code_bound

else if count(basis.consents) > 0

# METADATA
# title: The target's authorization servers
# description: >-
#   Where a target lists its authorization servers, the issuing one is among them.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9728
#   description: RFC 9728
# custom:
#   code: TARGET_AS_MISMATCH
#   error: invalid_target
#   checks: [TGT-11]
#   reason: a target does not accept tokens of this authorization server
deny contains {
	"code": "TARGET_AS_MISMATCH",
	"rule": "target",
	"reason": "a target does not accept tokens of this authorization server",
} if not _servers_match

_servers_match if {
	every servers in _listed_servers {
		servers[input.authorization_server]
	}
}

# A target that lists no servers accepts every one of the registry.
_listed_servers contains data.actas.index.targets[name].authorization_servers if some name in input.facts.targets
