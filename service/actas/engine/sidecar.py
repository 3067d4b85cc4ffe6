"""The sidecar engine: real OPA beside the service, its own child or a server by URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from actas.engine import EngineHealth
from actas.engine.batching import MAX_IN_FLIGHT, Batcher
from actas.engine.credentials import BATCH_PATH, DECISION_PATH, TESTING_PATH
from actas.engine.external import ExternalOpa
from actas.engine.process import OpaCommand
from actas.engine.result import PolicyResult, parse_result
from actas.engine.supervisor import ManagedOpa, OpaSource
from actas.errors import EngineError, Status

# One call to OPA may take this long; a decision takes about two milliseconds.
CALL_SECONDS = 5.0
DRAIN_SECONDS = 5.0


def _ignore(_: object) -> None:
    """The hook of whoever does not measure."""


class SidecarEngine:
    """A `PolicyEngine` on OPA's REST interface.

    *on_batch* gets the size of every call, *on_error* the reason of every request that failed.
    """

    def __init__(
        self,
        source: OpaSource,
        *,
        revision: str,
        bundle_digest: str,
        on_batch: Callable[[int], None] = _ignore,
        on_error: Callable[[str], None] = _ignore,
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        self._source = source
        self._revision = revision
        self._bundle_digest = bundle_digest
        self._on_error = on_error
        self._batcher = Batcher(
            self._ask_one, self._ask_many, call_timeout=CALL_SECONDS, on_batch=on_batch, max_in_flight=max_in_flight
        )

    @classmethod
    async def start(
        cls,
        bundle: Path,
        *,
        revision: str,
        digest: str,
        opa: Path,
        checking: bool = False,
        on_batch: Callable[[int], None] = _ignore,
        on_error: Callable[[str], None] = _ignore,
    ) -> SidecarEngine:
        """Start and supervise an OPA child that serves *bundle*, a tarball that must stay where it is.

        A *checking* engine also admits the testing entrypoint, which served bundles do not have.
        Raises `EngineError` when OPA does not come up.
        """
        paths = (DECISION_PATH, BATCH_PATH, *((TESTING_PATH,) if checking else ()))
        source = await ManagedOpa.start(OpaCommand(opa, bundle, paths, background=checking))
        return cls(source, revision=revision, bundle_digest=digest, on_batch=on_batch, on_error=on_error)

    @classmethod
    async def external(
        cls,
        url: str,
        *,
        token: str = "",
        ca_file: Path | None = None,
        insecure: bool = False,
        on_batch: Callable[[int], None] = _ignore,
        on_error: Callable[[str], None] = _ignore,
    ) -> SidecarEngine:
        """Use the OPA at *url*, whose policy revision is asked for now and must not change.

        Plain HTTP is for loopback unless *insecure*. Raises `ConfigError` for such a URL and
        `EngineError` when OPA does not tell its revision.
        """
        source = await ExternalOpa.connect(url, token=token, ca_file=ca_file, insecure=insecure)
        return cls(source, revision=source.revision, bundle_digest="", on_batch=on_batch, on_error=on_error)

    @property
    def revision(self) -> str:
        """The policy revision that every answer carries."""
        return self._revision

    @property
    def bundle_digest(self) -> str:
        """The digest of the bundle; empty for an external OPA."""
        return self._bundle_digest

    @property
    def source(self) -> OpaSource:
        """Where the answers come from."""
        return self._source

    async def evaluate(self, policy_input: Mapping[str, Any], *, timeout: float) -> PolicyResult:
        """Answer one request within *timeout* seconds, perhaps together with others."""
        try:
            return self._checked(await self._batcher.ask(policy_input, timeout=timeout))
        except EngineError as error:
            self._on_error(error.reason)
            raise

    async def evaluate_with(
        self, policy_input: Mapping[str, Any], data: Mapping[str, Any] | None, *, timeout: float
    ) -> PolicyResult:
        """Answer one request against *data* instead of the bundle's own; for a checking engine only."""
        question: dict[str, Any] = {"request": policy_input}
        if data is not None:
            question["data"] = data
        return self._checked(await self._source.connection().ask(TESTING_PATH, question, timeout=timeout))

    def health(self) -> EngineHealth:
        """Whether OPA can answer, and if not, why."""
        return self._source.health()

    async def close(self) -> None:
        """Finish the calls in flight, then let go of OPA."""
        await self._batcher.close(grace=DRAIN_SECONDS)
        await self._source.close()

    def _checked(self, answer: object) -> PolicyResult:
        result = parse_result(answer)
        if result.revision != self._revision:
            raise EngineError(
                "OPA answered from another policy revision than the one that was checked",
                status=Status.INTERNAL,
                reason="ENGINE_REVISION_CHANGED",
            )
        return result

    async def _ask_one(self, question: Mapping[str, Any], timeout: float) -> Any:
        return await self._source.connection().ask(DECISION_PATH, question, timeout=timeout)

    async def _ask_many(self, questions: Mapping[str, Mapping[str, Any]], timeout: float) -> Any:
        return await self._source.connection().ask(BATCH_PATH, {"items": questions}, timeout=timeout)
