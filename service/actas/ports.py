"""What the decision path is handed: the serving revision, the revocation state, and who observes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, runtime_checkable

from actas.ceiling.tables import SourceData
from actas.decision import Decision
from actas.engine import PolicyEngine, PolicyResult
from actas.evidence.keys import TrustedIssuer
from actas.evidence.ticket import Ticket
from actas.policy_input import RevocationView
from actas.rates import RateKey
from actas.request import ExchangeRequest
from actas.revocation.names import Agents


class RevisionData(SourceData, Protocol):
    """The policy data of one revision."""

    @property
    def approval_issuers(self) -> Mapping[str, TrustedIssuer]:
        """Who may sign approvals, with the keys of this very revision."""

    @property
    def one_time(self) -> Mapping[str, Mapping[str, bool]]:
        """The issuers whose tokens are good for one exchange, each with the roles in which they are."""

    @property
    def rate_limits(self) -> Mapping[str, Any]:
        """`per_agent`, `per_subject` and `agents`, each as far as there is such a limit."""

    @property
    def index(self) -> Mapping[str, Any]:
        """Settings and registry keyed for look-ups, as the policy reads them."""

    def override(self, given: Mapping[str, Any]) -> RevisionData:
        """Give this data with the `settings` and the `registry` that a test case wants."""

    def tree(self) -> dict[str, Any]:
        """Give the document that OPA loads as `data`."""


class Lease(Protocol):
    """One policy revision, kept alive until the decision that holds it is made."""

    @property
    def engine(self) -> PolicyEngine:
        """The engine that evaluates this revision."""

    @property
    def data(self) -> RevisionData:
        """The data of this very revision."""

    @property
    def digest(self) -> str:
        """The digest of the revision's bundle."""


class EngineHandle(Protocol):
    """Where the revision that serves at the moment is had."""

    def lease(self) -> AbstractAsyncContextManager[Lease]:
        """Keep the current revision for the time of one decision; raises `EngineError` when none serves."""


@runtime_checkable
class CheckingEngine(Protocol):
    """An engine with the testing entrypoint, which no served bundle has."""

    async def evaluate_with(
        self, policy_input: Mapping[str, Any], data: Mapping[str, Any] | None, *, timeout: float
    ) -> PolicyResult:
        """Answer one request over *data* instead of the bundle's own, or raise `EngineError`."""


class StateProvider(Protocol):
    """Where the revocation state is looked up."""

    def lookup(self, request: ExchangeRequest, agents: Agents | None) -> RevocationView:
        """Give the part of the state that *request* touches; never raises, a state that is unknown is stale.

        *agents* are those of the revision that decides.
        """


class Held(Protocol):
    """Tickets that one decision alone may rely on, until it is made and recorded."""

    @property
    def tickets(self) -> frozenset[Ticket]:
        """What it got; the others are used, or held by another decision."""

    async def consume(self, tickets: Collection[Ticket]) -> None:
        """Use *tickets* up; raises `EngineError` when that cannot be remembered."""


class SingleUse(Protocol):
    """Where it is remembered which signed approvals and one-time tokens were used."""

    async def free(self, tickets: Collection[Ticket], now: float) -> frozenset[Ticket]:
        """Give those of *tickets* that are neither used nor held, without taking them."""

    def hold(self, tickets: Collection[Ticket], now: float) -> AbstractAsyncContextManager[Held]:
        """Hold the free ones of *tickets*; those that are not consumed meanwhile are free again afterwards."""


class Rates(Protocol):
    """Where allowed exchanges are counted. `now` is in seconds since the epoch."""

    async def take(self, keys: Collection[RateKey], now: float) -> Mapping[RateKey, int]:
        """Take a place in each of *keys*; give how many exchanges have one already. Raises `EngineError`."""

    async def look(self, keys: Collection[RateKey], now: float) -> Mapping[RateKey, int]:
        """Give what `take` would give, and take nothing; raises `EngineError`."""

    def give_back(self, keys: Collection[RateKey], allowed: Collection[RateKey], now: float) -> None:
        """Leave the places that were taken in *keys*; in *allowed* an exchange has come of it, which counts."""


class Observer(Protocol):
    """What metrics learn of decisions as they are made."""

    def stage(self, name: str, seconds: float) -> None:
        """One stage (`input`, `engine`, `ceiling`, `record`) of one decision took *seconds*."""

    def widened(self, bound: str) -> None:
        """A policy answer would have widened; *bound* is a word from a fixed list."""

    def agent(self, agent: str, version: str, decision: Decision) -> None:
        """A decision was made for an agent of the registry."""


class NoObserver:
    """Observes nothing."""

    def stage(self, name: str, seconds: float) -> None:
        """Drop it."""

    def widened(self, bound: str) -> None:
        """Drop it."""

    def agent(self, agent: str, version: str, decision: Decision) -> None:
        """Drop it."""
