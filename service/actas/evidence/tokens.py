"""Raw subject and actor tokens: what they say is read here, and who signed it is verified (RFC 7515, RFC 8725).

Only keys that the registry gives to exactly the issuer in `iss` count, whatever the token's header brings or points to
(jku, jwk, x5u, x5c). What the claims mean, and whether the token is in time, of the right type and for the right
audience, is policy.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import structlog

from actas import claims_grammar, token_form
from actas.evidence import raw_token
from actas.evidence.introspection import Introspector, NotSaidError
from actas.evidence.jws import is_signed_by
from actas.evidence.keys import IssuerTrust, VerificationKey
from actas.evidence.raw_token import DEFAULT_LIMITS, RawJws
from actas.evidence.remote_keys import KeyStore, KeysUnavailableError
from actas.evidence.verifier import TrustData
from actas.limits import RequestLimits
from actas.proof import Problem, Proof
from actas.request import ExchangeRequest, JsonText, Token

# What is left of the caller's time afterwards is for the decision: keys that come too late are a deny, not a timeout.
_SHARE = 0.5
_log = structlog.get_logger("actas.evidence")


class TokenVerifier:
    """Verifies the raw tokens of a request that are no SVIDs, with keys of files or of *keys*, or by introspection."""

    def __init__(
        self,
        keys: KeyStore | None = None,
        introspector: Introspector | None = None,
        limits: RequestLimits = DEFAULT_LIMITS,
    ) -> None:
        """Take where keys at URLs are had, and who is asked about opaque tokens; nobody, where they are None."""
        self._keys = keys
        self._introspector = introspector
        self._limits = limits

    async def verify(self, request: ExchangeRequest, data: TrustData, now: float, deadline: float) -> ExchangeRequest:
        """See `EvidenceVerifier.verify`."""
        del now  # time is policy
        subject, actor, server = request.subject_token, request.actor_token, request.authorization_server
        if subject is not None and _is_mine(subject):
            request = replace(
                request, subject_token=await self._examined(subject, "subject_token", data, server, deadline)
            )
        if actor is not None and _is_mine(actor):
            request = replace(request, actor_token=await self._examined(actor, "actor_token", data, server, deadline))
        return request

    async def _examined(self, token: Token, name: str, data: TrustData, server: str, deadline: float) -> Token:
        raw = raw_token.read(token.unverified_token, name, self._limits)
        if raw is None:
            return await self._introspected(token, name, data, server, deadline)
        raw_token.check_words(token, raw, name)
        problem = await self._problem(raw, data, deadline)
        return replace(token, verified=problem is None, header=raw.header, claims=raw.claims, proof=Proof(problem))

    async def _problem(self, raw: RawJws, data: TrustData, deadline: float) -> Problem | None:
        try:
            trust, algorithm, kid = _trusted(raw, data)
            key = await self._key(trust, algorithm, kid, deadline)
        except _UnprovenError as error:
            return error.problem
        return None if is_signed_by(raw.text, key, algorithm) else Problem.SIGNATURE

    async def _key(self, trust: IssuerTrust, algorithm: str, kid: str, deadline: float) -> VerificationKey:
        keys = trust.keys
        if keys is None and trust.jwks_uri:
            if self._keys is None:
                raise _UnprovenError(Problem.KEYS_UNAVAILABLE)
            try:
                keys = await self._keys.having(trust.jwks_uri, kid, _within(deadline))
            except KeysUnavailableError:
                raise _UnprovenError(Problem.KEYS_UNAVAILABLE) from None
        if keys is None:
            raise _UnprovenError(Problem.ISSUER_UNKNOWN)
        key = keys.get(kid) if kid else _only_key(keys, algorithm)
        if key is None:
            raise _UnprovenError(Problem.KEY_UNKNOWN)
        if algorithm not in key.algorithms:
            raise _UnprovenError(Problem.ALGORITHM)
        return key

    async def _introspected(self, token: Token, name: str, data: TrustData, server: str, deadline: float) -> Token:
        """Ask the issuer that the caller names in `claims.iss`, by default the authorization server itself.

        No other issuer is shown the token.
        """
        said = claims_grammar.readable(token.claims) or {}
        named = said.get("iss", server)
        issuer = named if isinstance(named, str) else ""
        trust, claims, problem = data.issuer_trust(issuer), None, Problem.MALFORMED
        if trust is not None and trust.introspection:
            claims, problem = await self._asked(issuer, trust.introspection, token.unverified_token, deadline)
        if claims is None:
            return replace(token, verified=False, header=None, claims=None, proof=Proof(problem))
        if token.header is not None:
            raise raw_token.contradicted(f"{name}.header")
        _check_said(said, claims, name)
        return replace(token, verified=True, claims=claims, proof=Proof())

    async def _asked(self, issuer: str, endpoint: str, token: str, deadline: float) -> tuple[JsonText | None, Problem]:
        if self._introspector is None:
            return None, Problem.INTROSPECTION_UNAVAILABLE
        try:
            claims = await self._introspector.introspect(issuer, endpoint, token, _within(deadline))
        except NotSaidError as error:
            _log.warning("not_introspected", issuer=issuer, reason=error.reason)
            return None, Problem.INTROSPECTION_UNAVAILABLE
        return claims, Problem.INACTIVE


def _is_mine(token: Token) -> bool:
    return token.unverified_token != "" and token.kind not in token_form.SVID_KINDS


class _UnprovenError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def _trusted(raw: RawJws, data: TrustData) -> tuple[IssuerTrust, str, str]:
    """Give how the issuer that the token names is trusted, its algorithm, and its kid, empty where there is none."""
    claims = claims_grammar.readable(raw.claims)
    if not raw.understood or claims is None:
        raise _UnprovenError(Problem.MALFORMED)
    issuer, algorithm, kid = claims.get("iss"), raw.header.get("alg"), raw.header.get("kid")
    trust = data.issuer_trust(issuer) if isinstance(issuer, str) else None
    if trust is None:
        raise _UnprovenError(Problem.ISSUER_UNKNOWN)
    if not isinstance(algorithm, str) or algorithm not in trust.algorithms:
        raise _UnprovenError(Problem.ALGORITHM)
    if "kid" in raw.header and not claims_grammar.is_name(kid):
        raise _UnprovenError(Problem.KEY_UNKNOWN)
    return trust, algorithm, kid or ""


def _check_said(said: Mapping[str, object], claims: JsonText, name: str) -> None:
    for member, value in said.items():
        if member not in claims.value or not raw_token.same(value, claims.value[member]):
            raise raw_token.contradicted(f"{name}.claims")


def _only_key(keys: Mapping[str, VerificationKey], algorithm: str) -> VerificationKey | None:
    """Give the key that a token without a kid must mean: the only one that fits."""
    fitting = [key for key in keys.values() if algorithm in key.algorithms]
    return fitting[0] if len(fitting) == 1 else None


def _within(deadline: float) -> float:
    return max(0.0, (deadline - time.monotonic()) * _SHARE)
