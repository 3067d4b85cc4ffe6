# METADATA
# title: The parties and the asked-for authority of one exchange
# description: >-
#   Who is the subject, who acts, which names denote the actor in settings and registry, and what is
#   asked for. Evaluated once per decision, whatever the number of rules that look.
package actas.lib.exchange

import data.actas.lib.basis

client := data.actas.index.clients[input.client.client_id]

subject := input.facts.subject_token.party

# The one who would act: whom the actor token names, else the client itself where it has a secret to prove that.
# At the authorization stage of the on-behalf-of draft it is the actor that the user is asked about.
candidate := party if party := input.facts.actor_token.party

else := input.facts.code.party if asking

else := {"iss": input.authorization_server, "sub": input.client.client_id} if client_is_candidate

asking if {
	input.grant_type == "authorization_code"
	input.code.stage == "authorization"
	input.facts.actor_token.mentioned == false
}

client_is_candidate if {
	_client_alone
	_no_other_workload
}

_client_alone if {
	not asking
	input.facts.actor_token.mentioned == false
	input.client.authenticated == true
	input.client.confidential == true
}

_no_other_workload if input.facts.actor_workload.declared == false

else if workload_agent == client_agent

# METADATA
# description: The agent that the registry names under the declared SPIFFE ID.
workload_agent := data.actas.index.identities[party.iss][party.sub] if party := input.facts.actor_workload.party

# METADATA
# description: >-
#   The agent that the registry names under the OAuth client that acts: the one that the actor token was issued to
#   for itself, else the authenticated one that asks. What the client proved, the agent proved.
client_agent := data.actas.index.client_identities[input.facts.actor_token.issuer][client_id] if {
	input.facts.actor_token.svid == false
	client_id := input.facts.actor_token.own_client
}

else := data.actas.index.client_identities[input.authorization_server][input.client.client_id] if _client_alone

# Being able to act is not acting: without an actor token only a basis that names the client makes it the actor.
actor := candidate if input.facts.actor_token.presented

else := candidate if asking

else := candidate if {
	client_is_candidate
	basis.named
}

# METADATA
# description: The OAuth client that the candidate is, where it acts by a token of its own or without one.
candidate_client := client_id if client_id := input.facts.actor_token.own_client

else := input.client.client_id if client_is_candidate

agent := id if id := data.actas.index.identities[candidate.iss][candidate.sub]

else := id if id := data.actas.index.client_identities[candidate.iss][candidate_client]

# METADATA
# description: The agent whose ceilings hold; leaving out the actor token does not escape them.
limiting_agent := id if id := agent

else := id if {
	input.facts.actor_token.mentioned == false
	id := data.actas.index.client_identities[input.authorization_server][input.client.client_id]
}

# METADATA
# description: >-
#   Every name that denotes the candidate in settings, registry, consents and approvals: its agent id, its
#   SPIFFE ID, or its bare name where the request's authorization server vouches for it.
names contains agent

names contains input.code.requested_actor if asking

names contains candidate.sub if input.facts.actor_token.spiffe.valid

names contains name if {
	candidate.iss == input.authorization_server
	some name in _bare_names
	not _registered(name)
}

# A bare name that is some agent's id denotes that agent and nobody else; no agent's id is a SPIFFE ID.
_registered(name) if data.actas.index.agents[name]

# Two rules, because a set with one undefined member is undefined: not every actor is a client too.
_bare_names contains candidate.sub

_bare_names contains candidate_client

# METADATA
# description: The scope that is asked for, else what every target issues by default (RFC 6749, section 3.3).
requested_scope := {scope | some scope in input.facts.scope.tokens} if input.facts.scope.tokens[0]

else := {scope |
	some target in input.facts.targets
	some scope in data.actas.index.targets[target].default_scope
}

requested_lifetime := seconds if seconds := input.requested_lifetime

else := data.actas.settings.default_lifetime_seconds

# METADATA
# description: The act claim to issue; the same actor again adds no level (RFC 8693, section 4.1).
act := input.subject_token.claims.act if same_actor

else := level if level := {"act": input.subject_token.claims.act, "iss": actor.iss, "sub": actor.sub}

else := actor

same_actor if {
	outermost := input.facts.subject_token.chain.levels[0]
	actor == {"iss": outermost.iss, "sub": outermost.sub}
}
