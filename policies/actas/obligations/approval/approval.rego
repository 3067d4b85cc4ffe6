# METADATA
# title: Obtain an approval
# description: What a human must approve before the same exchange can succeed.
package actas.obligations.approval

import data.actas.lib.ceiling
import data.actas.lib.exchange

default obligation := {"type": "", "id": "", "properties": {}}

obligation := {
	"type": "approval",
	"id": "approval",
	"properties": {
		"scope": concat(" ", sort(ceiling.scopes_to_approve)),
		"subject": exchange.subject.sub,
		"actor": exchange.actor.sub,
		"client_id": input.client.client_id,
		"target": concat(" ", input.facts.targets),
	},
}
