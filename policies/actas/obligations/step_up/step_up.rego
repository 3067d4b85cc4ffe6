# METADATA
# title: Step up
# description: >-
#   Which authentication satisfies every risk class of the request at once (RFC 9470, section 3). No value
#   where no single one does.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc9470#section-3
#   description: RFC 9470, section 3
package actas.obligations.step_up

import data.actas.lib.authentication

default obligation := {"type": "", "id": "", "properties": {}}

obligation := {
	"type": "step-up",
	"id": "step-up",
	"properties": object.union(_acr_values, _max_age),
} if {
	authentication.satisfiable
}

_acr_values := {"acr_values": sort(authentication.acr_values)} if authentication.acr_demands != {}

else := {}

_max_age := demand if demand := {"max_age": authentication.max_age}

else := {}
