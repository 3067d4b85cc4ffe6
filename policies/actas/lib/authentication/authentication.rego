# METADATA
# title: The authentication that the risk classes ask for
package actas.lib.authentication

import data.actas.lib.ceiling

acr_demands[class] := acr_values if {
	some class in ceiling.risk_classes
	acr_values := data.actas.index.risk[class].acr_values
}

# One acr must satisfy every class: acr values are opaque and have no order (RFC 9470, section 3).
acr_values := intersection({object.keys(values) | some values in acr_demands})

max_age := min({age | some class in ceiling.risk_classes; age := data.actas.index.risk[class].max_age})

# Nothing that would be issued is of a risk class.
undemanded if ceiling.risk_classes == set()

satisfiable if acr_demands == {}

satisfiable if acr_values != set()
