# METADATA
# title: The delegation chain as parties and as agents
# description: >-
#   Most recent actor first, as act nests (RFC 8693, section 4.1). Earlier actors only ever deny: nothing is
#   granted because somebody trusted acted before.
package actas.lib.chain

import data.actas.lib.exchange

inbound := input.facts.subject_token.chain.levels

# The chain that would be issued.
resulting := inbound if exchange.same_actor

else := array.concat([actor_level], inbound)

actor_level := level if level := object.union(exchange.actor, {"client_id": exchange.candidate_client})

else := exchange.actor

# An agent may appear under several identities, so levels are compared as agents where the registry knows them.
identity(level) := known if known := {"agent": data.actas.index.identities[level.iss][level.sub]}

else := known if known := {"agent": data.actas.index.client_identities[level.iss][level.client_id]}

else := known if known := {"agent": data.actas.index.client_identities[level.iss][level.sub]}

# An identity of the registry that is a SPIFFE ID has no issuer but its trust domain, whoever asserts it.
else := known if known := {"agent": data.actas.index.identities[_domain(level.sub)][level.sub]}

else := {"iss": level.iss, "sub": level.sub}

# METADATA
# description: >-
#   The party that a name in registry or state denotes: a SPIFFE ID belongs to its trust domain, any other
#   name to the request's authorization server.
named(name) := party if party := {"iss": _domain(name), "sub": name}

else := {"iss": input.authorization_server, "sub": name}

_domain(name) := concat("/", array.slice(split(name, "/"), 0, 3)) if startswith(name, "spiffe://")
