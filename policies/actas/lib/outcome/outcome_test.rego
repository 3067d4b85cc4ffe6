# METADATA
# title: What a rule says of a changed exchange
# description: >-
#   A test says how its exchange differs from the base exchange, as a JSON patch of
#   `{request, settings, index, activation}`.
package actas.lib.outcome_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

# METADATA
# description: The codes that a rule denies the changed exchange with.
codes(rule, changes) := denied if {
	changed := after(changes)
	denied := verdict.denied_in(rule, changed.request, changed.index, changed.settings) with data.actas.activation as changed.activation
}

# METADATA
# description: The base exchange and its policy data, changed.
after(changes) := json.patch(
	{
		"request": base.request,
		"settings": base.settings,
		"index": base.index,
		"activation": {"settings_valid": true},
	},
	changes,
)

# METADATA
# description: One change, with the value at a path added or replaced.
given(path, value) := {"op": "add", "path": path, "value": value}

# METADATA
# description: One change, with the value at a path taken away.
absent(path) := {"op": "remove", "path": path}
