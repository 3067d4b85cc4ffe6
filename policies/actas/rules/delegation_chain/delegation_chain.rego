# METADATA
# title: The delegation chain
# description: >-
#   How long it is, who is in it twice, and who may come next.
package actas.rules.delegation_chain

import data.actas.lib.chain
import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_depth_within
	_loop_free
	_delegation_permitted
}

# METADATA
# title: Depth
# description: >-
#   The chain that would be issued is within max_chain_depth; it is refused and never cut.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.1
#   description: RFC 8693, section 4.1
# custom:
#   code: DELEGATION_DEPTH_EXCEEDED
#   error: invalid_request
#   checks: [ACT-06]
#   reason: the delegation chain would be too long
deny contains {
	"code": "DELEGATION_DEPTH_EXCEEDED",
	"rule": "delegation_chain",
	"reason": "the delegation chain would be too long",
} if not _depth_within

# One level is added, except by the actor that acts already.
_depth_within if count(chain.inbound) < data.actas.settings.max_chain_depth

else if {
	exchange.same_actor
	count(chain.inbound) == data.actas.settings.max_chain_depth
}

else if not _actor_acts

# METADATA
# title: Loops
# description: >-
#   No agent occurs twice, under whatever identity. The current actor again adds no level and is no
#   loop.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.1
#   description: RFC 8693, section 4.1
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: ACT_CHAIN_LOOP
#   error: invalid_request
#   checks: [ACT-07, ACT-08]
#   reason: an actor occurs twice in the delegation chain
deny contains {
	"code": "ACT_CHAIN_LOOP",
	"rule": "delegation_chain",
	"reason": "an actor occurs twice in the delegation chain",
} if not _loop_free

_loop_free if chain.inbound == []

else if not _actor_acts

else if data.actas.settings.chain_loop == "allow"

else if count({chain.identity(level) | some level in chain.resulting}) == count(chain.resulting)

# METADATA
# title: Who may be delegated to
# description: >-
#   Where the outermost actor of the subject token is an agent with may_delegate_to, the new actor
#   is in it.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.1
#   description: RFC 8693, section 4.1
# custom:
#   code: DELEGATION_NOT_PERMITTED
#   error: invalid_request
#   checks: [ENG-04]
#   reason: the previous agent may not delegate to this actor
deny contains {
	"code": "DELEGATION_NOT_PERMITTED",
	"rule": "delegation_chain",
	"reason": "the previous agent may not delegate to this actor",
} if not _delegation_permitted

_delegation_permitted if chain.inbound == []

else if not _restricted

else if exchange.same_actor

else if {
	some name in exchange.names
	_restriction[name]
}

# A raw identity in the list stands for its agent, under whichever identity that acts.
else if {
	some name, _ in _restriction
	chain.identity(chain.named(name)).agent == exchange.agent
}

_restricted if _restriction

_restriction := data.actas.index.agents[chain.identity(chain.inbound[0]).agent].may_delegate_to

_actor_acts if exchange.actor
