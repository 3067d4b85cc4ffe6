"""The stage of a decision in which raw evidence is replaced by what it proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from actas.evidence.keys import IssuerTrust
from actas.evidence.svid.source import DomainTrust
from actas.proof import Problem, Proof
from actas.request import ExchangeRequest, Token


class TrustData(Protocol):
    """What one policy revision trusts."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The merged settings (contract.md, section 3)."""

    def issuer_trust(self, issuer: str) -> IssuerTrust | None:
        """Say how tokens of exactly *issuer* are verified; None when the registry does not know it."""

    def trust_domain(self, name: str) -> DomainTrust | None:
        """Say how SVIDs of exactly *name* are verified; None when the registry does not know it."""


class EvidenceVerifier(Protocol):
    """What verifies raw tokens and SVIDs."""

    async def verify(self, request: ExchangeRequest, data: TrustData, now: float, deadline: float) -> ExchangeRequest:
        """Give *request* with its raw evidence replaced by what was found out about it, in each part's `proof`.

        Evidence that proves nothing is not verified, whatever the caller says, and policy denies it. *now* is in
        seconds since the epoch, *deadline* of the monotonic clock.

        Raises:
            ProtocolError: the caller says something else beside its evidence, or that is over a limit.

        """


class NothingProven:
    """Verifies nothing: a raw token that nobody has examined is not verified. It may follow the real ones."""

    async def verify(self, request: ExchangeRequest, data: TrustData, now: float, deadline: float) -> ExchangeRequest:
        """Give *request* with every raw token that has no proof yet as one that is not verified."""
        del data, now, deadline
        if _is_open(request.subject_token) or _is_open(request.actor_token):
            return replace(
                request, subject_token=_unproven(request.subject_token), actor_token=_unproven(request.actor_token)
            )
        return request


class VerifierChain:
    """Verifiers of different kinds of evidence, one after the other; what none of them examines is not verified."""

    def __init__(self, *verifiers: EvidenceVerifier) -> None:
        """Take the verifiers in their order."""
        self._verifiers = (*verifiers, NothingProven())

    async def verify(self, request: ExchangeRequest, data: TrustData, now: float, deadline: float) -> ExchangeRequest:
        """See `EvidenceVerifier.verify`."""
        for verifier in self._verifiers:
            request = await verifier.verify(request, data, now, deadline)
        return request


def _is_open(token: Token | None) -> bool:
    return token is not None and token.unverified_token != "" and token.proof is None


def _unproven(token: Token | None) -> Token | None:
    if token is None or not _is_open(token):
        return token
    return replace(token, verified=False, proof=Proof(Problem.KEYS_UNAVAILABLE))
