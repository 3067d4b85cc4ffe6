# METADATA
# title: What links the subject to the one who would act
# description: >-
#   Two valid tokens prove no delegation. A basis is a may_act claim of an issuer trusted to make one, the
#   user's recorded consent, or a grant of the registry (contract, section 2).
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693#section-4.4
#   description: RFC 8693, section 4.4
package actas.lib.basis

import data.actas.lib.exchange

named if may_act_understood

else if count(consents) > 0

else if count(grants) > 0

else if code_bound

# The user consented to this actor when the code was issued, or is being asked to.
code_bound if {
	input.grant_type == "authorization_code"
	input.code.client_id == input.client.client_id
	input.code.requested_actor in exchange.names
	_code_of_subject
}

_code_of_subject if input.code.stage == "authorization"

else if input.code.sub == exchange.subject.sub

# A may_act claim of any other issuer counts as absent.
may_act := input.facts.subject_token.may_act if {
	data.actas.index.issuers[input.facts.subject_token.issuer].roles.may_act
}

may_act_absent if not may_act

# One whole entry must name the candidate: members of different entries are never mixed.
may_act_names if {
	some entry in may_act.entries
	_names(entry)
}

may_act_understood if {
	some entry in may_act.entries
	entry.understood
	_names(entry)
}

_names(entry) if {
	entry.iss == exchange.candidate.iss
	entry.sub == exchange.candidate.sub
	_client_named(entry)
}

_client_named(entry) if entry.any_client

_client_named(entry) if entry.client_id == input.client.client_id

consents contains i if {
	some i, consent in input.consents
	consent.verified
	consent.sub == exchange.subject.sub
	consent.iss == exchange.subject.iss
	consent.client_id == input.client.client_id
	consent.actor in exchange.names
	consent.until > input.now
	same_server(consent.authorization_server)
}

grants contains grant if {
	some name in exchange.names
	by_subject := data.actas.index.grants[name]
	some who in {exchange.subject.sub, "*"}
	some grant in by_subject[who]
	grant.iss == exchange.subject.iss
	grant.client_id in {"", input.client.client_id}
	same_server(grant.authorization_server)
}

# With several authorization servers an unnamed one would let one server use what was recorded for another.
same_server(server) if server == input.authorization_server

same_server(server) if {
	server == ""
	data.actas.index.single_authorization_server == input.authorization_server
}
