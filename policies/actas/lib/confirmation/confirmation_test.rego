package actas.lib.confirmation_test

import data.actas.lib.confirmation
import data.actas.lib.outcome_test as outcome

test_without_a_proven_key_the_token_is_a_bearer_token if {
	_issued([]) == {"cnf": null, "token_type": "Bearer"}
}

test_the_token_is_bound_to_the_proven_key if {
	_issued([_proof]) == {"cnf": {"jkt": "key-1"}, "token_type": "DPoP"}
}

test_a_client_registered_for_bearer_tokens_gets_one if {
	registered := outcome.given("/index/clients/agent-mail/dpop_bound_access_tokens", false)
	_issued([_proof, registered]) == {"cnf": null, "token_type": "Bearer"}
}

test_an_unknown_client_gets_no_bound_token if {
	_issued([_proof, outcome.given("/request/client/client_id", "unknown")]).cnf == null
}

test_a_client_of_which_no_key_is_known_gets_a_bearer_token if {
	_issued([outcome.absent("/request/client/proof_jkt")]) == {"cnf": null, "token_type": "Bearer"}
}

test_what_is_no_access_token_has_no_token_type if {
	jwt := outcome.given("/request/requested_token_type", "urn:ietf:params:oauth:token-type:jwt")
	_issued([jwt]) == {"cnf": null, "token_type": "N_A"}
	_issued([jwt, _proof]) == {"cnf": {"jkt": "key-1"}, "token_type": "N_A"}
}

_proof := outcome.given("/request/client/proof_jkt", "key-1")

_issued(changes) := issued if {
	changed := outcome.after(changes)
	issued := _values with input as changed.request with data.actas.index as changed.index
}

_values := {"cnf": confirmation.cnf, "token_type": confirmation.token_type}
