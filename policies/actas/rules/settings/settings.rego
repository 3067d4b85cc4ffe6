# METADATA
# title: The settings are as they were activated
# description: >-
#   A setting of the wrong type would switch a rule off without a word. Activation validates them
#   against their schema; this guards a revision that changed afterwards.
package actas.rules.settings

import data.actas.lib.ceiling

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_settings_valid
}

# METADATA
# title: Settings of the right type
# description: >-
#   What a rule compares without noticing another type is a number, and every risk class is defined.
#   Any other odd value fails the proof that needs it.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693
#   description: actas, section 1
# custom:
#   code: SETTINGS_INVALID
#   error: invalid_request
#   checks: [ENG-01]
#   reason: the settings of this revision are not valid
deny contains {
	"code": "SETTINGS_INVALID",
	"rule": "settings",
	"reason": "the settings of this revision are not valid",
} if not _settings_valid

_settings_valid if {
	data.actas.activation.settings_valid
	is_number(data.actas.settings.max_chain_depth)
	is_number(data.actas.settings.max_targets)
	_risk_known
}

_risk_known if ceiling.risk_classes == set()

else if {
	every class in ceiling.risk_classes {
		data.actas.index.risk[class]
	}
}
