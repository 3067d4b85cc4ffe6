# METADATA
# title: Evidence of the actor's identity
# description: >-
#   A SPIFFE ID without a verified credential authenticates nobody.
package actas.rules.evidence

import data.actas.lib.ceiling
import data.actas.lib.exchange

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_evidence_presented
	_evidence_well_formed
	_evidence_matches
	_single_audience
	_actor_audience
	_possession_proven
}

# METADATA
# title: A credential behind every SPIFFE ID
# description: >-
#   Whoever is declared as a workload, or named by a SPIFFE ID, presents an SVID. An OAuth client proves
#   itself, and with that the workload that the registry names as the same agent. An SVID beside the tokens,
#   verified here, proves its workload, and a risk class may ask for no less.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-ietf-wimse-workload-creds/
#   description: wimse
# custom:
#   code: EVIDENCE_MISSING
#   error: invalid_request
#   checks: [SVI-08]
#   reason: a SPIFFE ID is declared and no SVID presented for it
deny contains {
	"code": "EVIDENCE_MISSING",
	"rule": "evidence",
	"reason": "a SPIFFE ID is declared and no SVID presented for it",
} if not _evidence_presented

_evidence_presented if {
	data.actas.index.proof_demanded == false
	input.facts.actor_token.svid == true
}

else if {
	_workload_sufficient
	input.facts.actor_token.svid == true
}

else if {
	_workload_sufficient
	input.facts.actor_workload.declared == false
	input.facts.actor_token.spiffe_subject == false
}

else if {
	_workload_sufficient
	input.facts.actor_token.spiffe_subject == false
	_workload_proven
}

_workload_proven if input.facts.actor_workload.proven == true

else if {
	exchange.workload_agent
	exchange.client_agent
}

# A risk class may ask that the workload is one whose SVID this service has verified itself.
_workload_sufficient if data.actas.index.proof_demanded == false

else if _workload_verified

else if {
	every class in ceiling.risk_classes {
		data.actas.index.risk[class].verified_workload == false
	}
}

_workload_verified if input.facts.actor_workload.proven == true

else if {
	input.facts.actor_token.svid == true
	input.facts.actor_token.proven == true
}

# METADATA
# title: The form of an SVID
# description: >-
#   A JWT-SVID has an asymmetric algorithm, typ JWT, JOSE or none, no header but alg, kid and typ,
#   and an audience. A WIT has typ wit+jwt, kid and cnf, and no audience. What is examined here is signed by
#   its trust domain, too, and an SVID beside the tokens is in time and for this authorization server alone.
# related_resources:
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md
#   description: jwt-svid, section 2
# - ref: https://datatracker.ietf.org/doc/draft-ietf-wimse-workload-creds/
#   description: wimse
# custom:
#   code: EVIDENCE_INVALID
#   error: invalid_request
#   checks: [SVI-01, SVI-02, SVI-05, SVI-06]
#   reason: the SVID breaks its specification
deny contains {
	"code": "EVIDENCE_INVALID",
	"rule": "evidence",
	"reason": "the SVID breaks its specification",
} if not _evidence_well_formed

_evidence_well_formed if input.facts.svid.genuine

# METADATA
# title: One identity
# description: >-
#   The declared SPIFFE ID is the one that the SVID proves, compared whole, or one of the very agent that
#   the OAuth client is.
# related_resources:
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
#   description: spiffe-id, section 2.4
# custom:
#   code: EVIDENCE_MISMATCH
#   error: invalid_request
#   checks: [SVI-07]
#   reason: the declared SPIFFE ID is not the actor's
deny contains {
	"code": "EVIDENCE_MISMATCH",
	"rule": "evidence",
	"reason": "the declared SPIFFE ID is not the actor's",
} if not _evidence_matches

_evidence_matches if {
	input.facts.svid.identity_shown
	input.actor_workload.spiffe_id == input.actor_token.claims.sub
}

else if {
	input.facts.svid.identity_shown
	_workload_matches
}

_workload_matches if input.facts.actor_workload.declared == false

# Where there is no evidence at all, there is none that proves another.
else if not _evidence_presented

else if {
	exchange.workload_agent == _proven_agent
	exchange.workload_agent == exchange.agent
}

# The agent whose workload is shown: by its own SVID, else by what its client proved.
_proven_agent := exchange.workload_agent if input.facts.actor_workload.proven == true

else := exchange.client_agent

# METADATA
# title: One audience
# description: >-
#   A JWT-SVID for several audiences can be replayed by each of them.
# related_resources:
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md
#   description: jwt-svid, section 3.2
# custom:
#   code: EVIDENCE_MULTI_AUDIENCE
#   error: invalid_request
#   checks: [SVI-03]
#   reason: the JWT-SVID has more than one audience
deny contains {
	"code": "EVIDENCE_MULTI_AUDIENCE",
	"rule": "evidence",
	"reason": "the JWT-SVID has more than one audience",
} if not _single_audience

_single_audience if input.facts.actor_token.multiple_audiences == false

else if not _jwt_svid

_jwt_svid if input.actor_token.kind == "jwt_svid"

# METADATA
# title: Audience of the actor token
# description: >-
#   A JWT that identifies the actor names this authorization server as its audience.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc8693
#   description: RFC 8693, appendix A.2.3
# - ref: https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md
#   description: jwt-svid, section 3.2
# custom:
#   code: ACTOR_TOKEN_AUDIENCE
#   error: invalid_request
#   checks: [BND-03, SVI-02]
#   reason: the actor token is not meant for this authorization server
deny contains {
	"code": "ACTOR_TOKEN_AUDIENCE",
	"rule": "evidence",
	"reason": "the actor token is not meant for this authorization server",
} if not _actor_audience

_actor_audience if input.authorization_server in input.facts.actor_token.aud

# No JWT, so no audience: certificates, WITs that come with a proof, opaque tokens, bridged credentials.
else if input.facts.actor_token.audience_bound == false

# METADATA
# title: Proof of possession
# description: >-
#   A WIT, and any actor token that names a key, comes with the proof of that key; it is never a
#   bearer token. Nor is a certificate: the authorization server saw its key at work.
# related_resources:
# - ref: https://datatracker.ietf.org/doc/draft-ietf-wimse-workload-creds/
#   description: wimse
# - ref: https://www.rfc-editor.org/rfc/rfc7800#section-3.1
#   description: RFC 7800, section 3.1
# custom:
#   code: ACTOR_POP_MISSING
#   error: invalid_request
#   checks: [SVI-05, SVI-06]
#   reason: the actor's proof of possession is missing
deny contains {
	"code": "ACTOR_POP_MISSING",
	"rule": "evidence",
	"reason": "the actor's proof of possession is missing",
} if not _possession_proven

_possession_proven if {
	input.facts.svid.possession_shown
	input.facts.actor_token.key_bound == false
}

else if {
	input.facts.svid.possession_shown
	input.actor_token.pop_jkt != ""
	object.get(input.facts.actor_token.cnf, "jkt", input.actor_token.pop_jkt) == input.actor_token.pop_jkt
}
