# METADATA
# title: The entrypoint of test runners
# description: >-
#   Replaces the policy data of one evaluation. It is in no bundle that serves: who can choose the data can
#   choose the decision.
package actas.testing

# METADATA
# entrypoint: true
decision := answer if {
	tree := input.data
	answer := data.actas.decision.decision with input as input.request
		with data.actas.settings as tree.actas.settings
		with data.actas.index as tree.actas.index
		with data.actas.activation as tree.actas.activation
		with data.custom.actas.settings as tree.custom.actas.settings
		with data.custom.actas.registry as tree.custom.actas.registry
} else := answer if {
	not input.data
	answer := data.actas.decision.decision with input as input.request
}
