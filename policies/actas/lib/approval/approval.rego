# METADATA
# title: Approvals and what each is worth for this exchange
# description: >-
#   An approval is bound to subject, actor, client, target, scope and time. A known id alone authorizes
#   nothing, and what the caller did not resolve in trusted state is no approval.
package actas.lib.approval

import data.actas.lib.ceiling
import data.actas.lib.chain
import data.actas.lib.exchange

needed if ceiling.scopes_to_approve != set()

verified contains i if {
	some i, approval in input.approvals
	needed
	approval.verified
}

unverified contains i if {
	some i, approval in input.approvals
	needed
	approval.verified == false
}

# Verified, and about this subject, actor, client, target and one of the scopes.
bound contains i if {
	some i in verified
	approval := input.approvals[i]
	approval.subject in subject_names
	approval.actor in exchange.names
	approval.client_id == input.client.client_id
	some target in input.facts.targets
	data.actas.index.targets[approval.target].canonical == data.actas.index.targets[target].canonical
	some scope in input.facts.approvals[i].scope
	scope in ceiling.scopes_to_approve
	_details_match(i)
}

# An approval that names details is for exactly these.
_details_match(i) if input.facts.approvals[i].names_details == false

_details_match(i) if input.approvals[i].authorization_details == input.authorization_details

subject_names contains exchange.subject.sub if exchange.subject.iss == input.authorization_server

subject_names contains exchange.subject.sub if exchange.subject.iss == concat("", ["spiffe://", _subject_domain])

_subject_domain := input.facts.subject_token.spiffe.trust_domain

# The actor never approves, nor does anybody who acted before it, nor the client that asks.
eligible contains i if {
	some i in bound
	approver := input.approvals[i].approver
	approver != ""
	not approver in exchange.names
	approver != input.client.client_id
	not _acted(approver)
	not _is_agent_that_acts(input.facts.approvals[i].approver)
	_listed(approver)
}

_acted(approver) if {
	some level in chain.inbound
	level.sub == approver
}

_acted(approver) if {
	some level in chain.inbound
	chain.identity(level).agent == approver
}

# An agent has several identities, and approves itself under none of them.
_is_agent_that_acts(party) if chain.identity(party).agent == exchange.agent

_is_agent_that_acts(party) if {
	some level in chain.inbound
	chain.identity(level) == chain.identity(party)
}

_listed(_) if not exchange.client.approvers

_listed(approver) if exchange.client.approvers[approver]

relied_on contains i if {
	some i in eligible
	_standing(i)
}

_standing(i) if {
	input.approvals[i].status == "approved"
	input.approvals[i].approved_until > input.now
}

mismatched := verified - bound

ineligible := bound - eligible

ended contains i if {
	some i in bound
	input.approvals[i].status in {"approved", "expired"}
	not _standing(i)
}

taken_back contains i if {
	some i in bound
	input.approvals[i].status in {"denied", "revoked", "cancelled", "superseded"}
}

# Every scope that needs an approval has one, at every target.
covered if ceiling.scopes_to_approve == set()

else if {
	every scope in ceiling.scopes_to_approve {
		every target in input.facts.targets {
			some i in relied_on
			scope in input.facts.approvals[i].scope
			data.actas.index.targets[input.approvals[i].target].canonical == data.actas.index.targets[target].canonical
		}
	}
}
