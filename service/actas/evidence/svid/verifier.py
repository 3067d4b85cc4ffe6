"""SVIDs in a request: each is replaced by what it proves, with the bundle of its own trust domain."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from actas import claims_grammar, spiffe
from actas.evidence import raw_token
from actas.evidence.svid import jwt_svid, x509_svid
from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.bundles import Bundles
from actas.evidence.svid.jwt_svid import UnverifiedJwtSvid
from actas.evidence.svid.unproven import SvidError
from actas.evidence.svid.x509_svid import UnverifiedX509Svid
from actas.evidence.verifier import TrustData
from actas.limits import RequestLimits
from actas.proof import Problem, Proof
from actas.request import ActorWorkload, ExchangeRequest, JsonText, Token
from actas.spiffe import SpiffeId

DEFAULT_LIMITS = RequestLimits()
# What is left of the caller's time afterwards is for the decision: a bundle that comes too late is a deny, no timeout.
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class _Moment:
    """When evidence is judged, and until when a bundle may be waited for."""

    data: TrustData
    now: float
    deadline: float


class SvidVerifier:
    """Verifies JWT-SVIDs in place of tokens, and the SVIDs beside them that are the actor's evidence."""

    def __init__(self, bundles: Bundles, limits: RequestLimits = DEFAULT_LIMITS) -> None:
        """Take where bundles are had, and how large a raw token may be."""
        self._bundles, self._limits = bundles, limits

    async def verify(self, request: ExchangeRequest, data: TrustData, now: float, deadline: float) -> ExchangeRequest:
        """See `EvidenceVerifier.verify`. Evidence of a trust domain without a bundle is left as it came."""
        started = time.monotonic()
        at = _Moment(data, now, started + (deadline - started) * _SHARE)
        # A request has many members: it is copied only where something in it is another.
        subject = await self._token(request.subject_token, "subject_token", at)
        if subject is not request.subject_token:
            request = replace(request, subject_token=subject)
        actor = await self._token(request.actor_token, "actor_token", at)
        if actor is not request.actor_token:
            request = replace(request, actor_token=actor)
        if request.actor_workload is not None and request.actor_workload.jwt_svid:
            request = await self._jwt_evidence(request, request.actor_workload, at)
        if request.actor_workload is not None and request.actor_workload.x509_svid:
            request = await self._x509_evidence(request, request.actor_workload, at)
        return request

    async def _token(self, token: Token | None, name: str, at: _Moment) -> Token | None:
        """Give the token that a raw JWT-SVID is; other raw tokens are for others to verify."""
        if token is None or not token.unverified_token or token.proof is not None:
            return token
        if token.kind not in ("jwt_svid", ""):
            return token
        try:
            unverified = jwt_svid.read(token.unverified_token, name, self._limits)
        except SvidError as error:
            return replace(token, verified=False, proof=Proof(error.problem)) if token.kind else token
        if not token.kind and not _is_svid(unverified.claims, at.data):
            return token
        raw_token.check_words(token, unverified.raw, name)
        return _proven(token, unverified, await self._problem(unverified, at))

    async def _problem(self, unverified: UnverifiedJwtSvid, at: _Moment) -> Problem | None:
        try:
            await self._verified(unverified.spiffe_id, lambda bundle: jwt_svid.verify(unverified, bundle), at)
        except SvidError as error:
            return error.problem
        return None

    async def _jwt_evidence(self, request: ExchangeRequest, workload: ActorWorkload, at: _Moment) -> ExchangeRequest:
        try:
            unverified = jwt_svid.read(workload.jwt_svid, "actor_workload", self._limits)
            named = unverified.spiffe_id
        except SvidError as error:
            return _unread(request, workload, error.problem, at.data)
        if _unexamined(named, at.data):
            return request
        actor, problem = request.actor_token, await self._problem(unverified, at)
        if actor is not None and _is_jwt_svid(actor) and not actor.unverified_token:
            # It is the same token, and speaks for itself.
            if problem is None and not _names(actor.claims, named):
                problem = Problem.IDENTITY
            actor = _proven(actor, unverified, problem)
        if problem is None:
            problem = _use(unverified, request, at)
        return replace(request, actor_token=actor, actor_workload=_shown(workload, named, problem))

    async def _x509_evidence(self, request: ExchangeRequest, workload: ActorWorkload, at: _Moment) -> ExchangeRequest:
        try:
            unverified = x509_svid.read(workload.x509_svid)
        except SvidError as error:
            return _unread(request, workload, error.problem, at.data)
        named = unverified.spiffe_id
        if _unexamined(named, at.data):
            return request
        problem = None
        try:
            await self._verified(named, lambda bundle: x509_svid.verify(unverified, bundle, at.now), at)
        except SvidError as error:
            problem = error.problem
        actor = request.actor_token
        if problem is None and not _possessed(unverified, request):
            problem = Problem.POSSESSION
        if actor is not None and actor.kind == "x509_svid":
            actor = _ended(replace(actor, bundle_trust_domain=_bundle_of(named, problem)), unverified)
        return replace(request, actor_token=actor, actor_workload=_shown(workload, named, problem))

    async def _verified(self, named: SpiffeId, check: Callable[[TrustBundle], None], at: _Moment) -> None:
        """See that *check* holds for the bundle of the own trust domain, or for a newer one; raises SvidError."""
        trust = at.data.trust_domain(named.trust_domain)
        if trust is None or trust.bundle is None:
            raise SvidError(Problem.TRUST_DOMAIN_UNKNOWN)
        bundle = await self._bundles.get(named.trust_domain, trust.bundle, at.deadline)
        try:
            check(bundle)
        except SvidError as error:
            if error.problem is not Problem.KEY_UNKNOWN:
                raise
            newer = await self._bundles.newer(bundle, trust.bundle, at.deadline)
            if newer is bundle:
                raise
            check(newer)


def _is_svid(claims: Mapping[str, Any], data: TrustData) -> bool:
    """Whether a token of which nobody says what it is names a workload, and no issuer that the registry knows."""
    sub, issuer = claims.get("sub"), claims.get("iss")
    known = isinstance(issuer, str) and data.issuer_trust(issuer) is not None
    return isinstance(sub, str) and sub.startswith("spiffe:") and not known


def _unread(request: ExchangeRequest, workload: ActorWorkload, problem: Problem, data: TrustData) -> ExchangeRequest:
    """Give *request* with evidence that cannot be read, which is left as it came where none is examined either."""
    declared = spiffe.parse(workload.spiffe_id)
    if declared is not None and _unexamined(declared, data):
        return request
    return replace(request, actor_workload=_shown(workload, None, problem))


def _unexamined(named: SpiffeId, data: TrustData) -> bool:
    trust = data.trust_domain(named.trust_domain)
    return trust is not None and trust.bundle is None


def _proven(token: Token, unverified: UnverifiedJwtSvid, problem: Problem | None) -> Token:
    """Give *token* with what the raw one says, and whether that is true."""
    try:
        trust_domain = _bundle_of(unverified.spiffe_id, problem)
    except SvidError:
        trust_domain = ""
    return replace(
        token,
        kind="jwt_svid",
        header=unverified.raw.header,
        claims=unverified.raw.claims,
        verified=problem is None,
        bundle_trust_domain=trust_domain,
        proof=Proof(problem),
    )


def _bundle_of(named: SpiffeId, problem: Problem | None) -> str:
    """Say whose bundle it is verified with: nobody's, where no key of its own trust domain fits."""
    return "" if problem in (Problem.KEY_UNKNOWN, Problem.SIGNATURE) else named.trust_domain


def _shown(workload: ActorWorkload, named: SpiffeId | None, problem: Problem | None) -> ActorWorkload:
    """Give *workload* with what its evidence shows, beside what other evidence has shown before."""
    if workload.proof is not None and not workload.proof.verified:
        return workload
    if problem is None and named is not None and workload.spiffe_id not in ("", named.text):
        problem = Problem.IDENTITY
    declared = workload.spiffe_id or (named.text if named is not None and problem is None else "")
    return ActorWorkload(declared, workload.jwt_svid, workload.x509_svid, Proof(problem))


def _names(claims: JsonText | None, named: SpiffeId) -> bool:
    """Whether what the caller says of a token, if it says anything, is about *named*."""
    return claims is None or (isinstance(claims.value, dict) and claims.value.get("sub") == named.text)


def _use(unverified: UnverifiedJwtSvid, request: ExchangeRequest, at: _Moment) -> Problem | None:
    skew = at.data.settings.get("clock_skew_seconds")
    try:
        jwt_svid.check_use(
            unverified.claims,
            audience=request.authorization_server,
            now=at.now,
            skew=skew if isinstance(skew, int) else 0,
        )
    except SvidError as error:
        return error.problem
    return None


def _possessed(unverified: UnverifiedX509Svid, request: ExchangeRequest) -> bool:
    """Whether the authorization server saw the certificate's key at work, by its word or by a proof of that very key.

    Beside a JWT-SVID that is genuine the certificate has nothing to prove: it can only contradict.
    """
    actor, workload = request.actor_token, request.actor_workload
    proofs_of = [part.proof for part in (workload, actor if _is_jwt_svid(actor) else None) if part is not None]
    if any(proof is not None and proof.verified for proof in proofs_of):
        return True
    proofs = {request.client.proof_jkt, "" if actor is None else actor.pop_jkt} - {""}
    if actor is not None and actor.kind == "x509_svid" and actor.verified and not actor.pop_jkt:
        return True
    return bool(proofs) and unverified.thumbprint() in proofs


def _is_jwt_svid(token: Token | None) -> bool:
    return token is not None and token.kind == "jwt_svid"


def _ended(token: Token, unverified: UnverifiedX509Svid) -> Token:
    """Give *token* with an end that is not after its certificate's."""
    claims = token.claims
    if claims is None or not isinstance(claims.value, dict):
        return token
    said = claims.value.get("exp", unverified.ends)
    # What is no time at all is for policy to refuse.
    ends = min(said, unverified.ends) if claims_grammar.is_numeric_date(said) else said
    return replace(token, claims=JsonText(claims.text, {**claims.value, "exp": ends}, claims.well_formed))
