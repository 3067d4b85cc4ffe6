# METADATA
# title: The revocations that touch this exchange
# description: >-
#   Which entries are in force, and whom each of them names: by issuer and sub, by agent under whatever
#   identity, or by whole segments of a SPIFFE ID.
package actas.lib.revocations

import data.actas.lib.chain
import data.actas.lib.exchange

# An entry that cannot be read might have revoked anybody.
readable(revocation) if {
	every member in _members[revocation.kind] {
		is_string(revocation[member])
	}
	is_number(object.get(revocation, "until", 0))
	is_number(object.get(revocation, "event_timestamp", 0))
	is_string(object.get(revocation, "iss", ""))
	is_string(object.get(revocation, "authorization_server", ""))
	is_string(object.get(revocation, "sid", ""))
	_names_a_token(revocation)
}

_names_a_token(revocation) if revocation.kind != "claims"

_names_a_token(revocation) if {
	is_object(revocation.claims)
	some member in ["sub", "jti"]
	is_string(revocation[member])
}

_members := {
	"subject": ["sub"],
	"agent": ["id"],
	"actor": ["sub"],
	"actor_prefix": ["sub"],
	"client": ["client_id"],
	"delegation": ["sub", "actor"],
	"jti": ["jti"],
	"chain": ["txn"],
	"session": ["sid"],
	"claims": [],
}

of_subject contains revocation if {
	some revocation in active
	revocation.kind == "subject"
	revocation.sub == input.facts.subject_token.party.sub
	same_issuer(revocation, input.facts.subject_token.party.iss)
	_same_session(revocation)
}

of_subject contains revocation if {
	some revocation in active
	revocation.kind == "session"
	revocation.sid == input.subject_token.claims.sid
	same_issuer(revocation, input.facts.subject_token.issuer)
}

# What the token does not say is a wildcard (SSF 1.0, subject matching): it may be of that session.
_same_session(revocation) if {
	sid := object.get(input.subject_token.claims, "sid", revocation.sid)
	revocation.sid == sid
}

_same_session(revocation) if object.get(revocation, "sid", "") == ""

# No login undoes the revocation of an agent, whatever event_timestamp it has.
of_subject contains revocation if {
	some revocation in active
	revocation.kind == "agent"
	revocation.id == chain.identity(input.facts.subject_token.party).agent
}

# auth_time survives renewals; iat does not, and only stands in for it.
logged_in_after(revocation) if {
	revocation.kind in {"subject", "session"}
	input.facts.subject_token.auth_time == "number"
	input.subject_token.claims.auth_time > revocation.event_timestamp
}

logged_in_after(revocation) if {
	revocation.kind in {"subject", "session"}
	input.facts.subject_token.auth_time == "absent"
	input.subject_token.claims.iat > revocation.event_timestamp
}

of_delegation contains revocation if {
	some revocation in active
	revocation.kind == "delegation"
	revocation.sub == input.facts.subject_token.party.sub
	same_issuer(revocation, input.facts.subject_token.party.iss)
}

of_tokens contains revocation if {
	some revocation in active
	revocation.kind == "jti"
	some name in ["subject_token", "actor_token"]
	revocation.jti == input[name].claims.jti
	same_issuer(revocation, input.facts[name].issuer)
}

of_tokens contains revocation if {
	some revocation in active
	revocation.kind == "chain"
	some name in ["subject_token", "actor_token"]
	revocation.txn == input[name].claims.txn
}

# METADATA
# description: While a chain is revoked, an act that does not say which chain it is of may be of that one.
act_without_chain if {
	some revocation in active
	revocation.kind == "chain"
	input.facts.subject_token.has_act
	not _chain_named
}

_chain_named if {
	is_string(input.subject_token.claims.txn)
	input.subject_token.claims.txn != ""
}

# METADATA
# description: Every change of claims that is about a token here, with the token that it is about.
of_claims contains {"token": name, "entry": revocation} if {
	some revocation in active
	revocation.kind == "claims"
	some name in ["subject_token", "actor_token"]
	_about(revocation, name)
}

_about(revocation, name) if {
	_same_jti(revocation, name)
	_same_sub(revocation, name)
	same_issuer(revocation, input.facts[name].issuer)
}

# An entry without a jti is about every token of the subject.
_same_jti(revocation, name) if revocation.jti == input[name].claims.jti

_same_jti(revocation, _) if object.get(revocation, "jti", "") == ""

_same_sub(revocation, name) if revocation.sub == input.facts[name].party.sub

_same_sub(revocation, _) if object.get(revocation, "sub", "") == ""

# A token that was issued later was issued with the new values.
says_so(change) if input[change.token].claims.iat > change.entry.event_timestamp

says_so(change) if {
	claims := input[change.token].claims
	every claim, value in change.entry.claims {
		claims[claim] == value
	}
}

active contains revocation if {
	some revocation in input.state.revocations
	object.get(revocation, "until", input.now + 1) > input.now
}

same_issuer(revocation, iss) if object.get(revocation, "iss", iss) == iss

same_server(revocation) if {
	object.get(revocation, "authorization_server", input.authorization_server) == input.authorization_server
}

hits(revocation, level) if {
	revocation.kind == "agent"
	revocation.id == chain.identity(level).agent
}

hits(revocation, level) if {
	revocation.kind == "actor"
	revocation.sub in {level.sub, object.get(level, "client_id", level.sub)}
	same_issuer(revocation, level.iss)
}

# An actor may be named by its agent id, which no issuer vouches for, or by another identity of the same agent.
hits(revocation, level) if {
	revocation.kind == "actor"
	revocation.sub == chain.identity(level).agent
}

hits(revocation, level) if {
	revocation.kind == "actor"
	party := chain.named(revocation.sub)
	same_issuer(revocation, party.iss)
	chain.identity(party).agent == chain.identity(level).agent
}

hits(revocation, level) if {
	revocation.kind == "actor_prefix"
	id := _spiffe(level)
	some path in array.concat([""], id.path_prefixes)
	trim_right(revocation.sub, "/") == concat("", ["spiffe://", id.trust_domain, path])
}

# Whoever acts under another identity of its agent is below the same prefixes.
hits(revocation, level) if {
	revocation.kind == "actor_prefix"
	data.actas.index.agents[chain.identity(level).agent].workload_prefixes[trim_right(revocation.sub, "/")]
}

_spiffe(level) := id if id := level.spiffe

else := input.facts.actor_token.spiffe if level == chain.actor_level

else := input.facts.actor_workload if level == chain.actor_level

# Whether a name denotes an actor: by its sub, its agent's id, or any identity of its agent.
denotes(name, level) if name in {level.sub, object.get(level, "client_id", level.sub)}

denotes(name, level) if name == chain.identity(level).agent

denotes(name, level) if chain.identity(chain.named(name)).agent == chain.identity(level).agent

client_level := {"iss": input.authorization_server, "sub": input.client.client_id, "client_id": input.client.client_id}

names_actor(name) if name in exchange.names

# A name that the registry does not know still stops the party of that name, whoever vouches for it.
names_actor(name) if name == exchange.candidate.sub

names_actor(name) if denotes(name, chain.actor_level)

names_actor(name) if {
	input.facts.actor_token.mentioned == false
	denotes(name, client_level)
}
