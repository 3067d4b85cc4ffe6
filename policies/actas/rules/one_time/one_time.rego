# METADATA
# title: One-time credentials are exchanged once
# description: >-
#   Whoever finds a used assertion obtains nothing with it.
package actas.rules.one_time

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_tokens_unused
}

# METADATA
# title: Unused tokens
# description: >-
#   A token of an issuer whose tokens count once has a jti under which nobody has exchanged it, nor
#   is about to. One that cannot be told from another counts as used.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc7523#section-3
#   description: RFC 7523, section 3
# - ref: https://datatracker.ietf.org/doc/draft-mcguinness-oauth-actor-profile/
#   description: actor-profile
# custom:
#   code: TOKEN_REPLAYED
#   error: invalid_request
#   checks: [TOK-12]
#   reason: a token that counts once was used before, or is not known to be unused
deny contains {
	"code": "TOKEN_REPLAYED",
	"rule": "one_time",
	"reason": "a token that counts once was used before, or is not known to be unused",
} if not _tokens_unused

_tokens_unused if data.actas.index.one_time == {}

else if {
	_subject_token_unused
	_actor_token_unused
}

_subject_token_unused if input.state.unused.subject_token == true

else if _counts_again("subject", input.facts.subject_token.issuer)

_actor_token_unused if input.facts.actor_token.form == "absent"

# The issuer of an SVID is its trust domain, and an SVID is shown as often as it is needed.
else if input.facts.actor_token.svid == true

else if input.state.unused.actor_token == true

else if _counts_again("actor", input.facts.actor_token.issuer)

_counts_again(role, issuer) if {
	once := object.get(data.actas.index.one_time, issuer, {})
	object.get(once, role, false) == false
}
