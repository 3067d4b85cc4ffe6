"""The policy revisions of a running service: compiled and served by an engine of ours, or by somebody else's OPA."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from actas.config import Config
from actas.engine import EngineHealth, PolicyEngine
from actas.errors import ActivationError, EngineError, Problem, Status
from actas.policy.activation import ActivationRecord, Activator
from actas.policy.bundle import CompiledPolicy, compile_policy
from actas.policy.data import PolicyData, Surroundings
from actas.policy.engines import Engines
from actas.policy.handle import EngineHandle
from actas.policy.metadata import RuleTable
from actas.policy.suite_gate import own_suites, run_suites
from actas.ports import EngineHandle as LeasesEngines
from actas.server.metrics import Metrics

if TYPE_CHECKING:
    from actas.engine.sidecar import SidecarEngine

_ASK_SECONDS = 5.0
_log = structlog.get_logger("actas.server")


class Revisions(Protocol):
    """What serves, and how to change it."""

    @property
    def handle(self) -> LeasesEngines:
        """Where decisions lease the serving revision."""

    @property
    def revision(self) -> str:
        """The revision that serves; empty when none does."""

    @property
    def data(self) -> PolicyData | None:
        """The policy data of the revision that serves; None when none does."""

    @property
    def engine(self) -> str:
        """What evaluates it: `wasm` or `sidecar`."""

    @property
    def trouble(self) -> str:
        """What went wrong with the last change of revision; empty when nothing did."""

    def rules(self, revision: str) -> RuleTable:
        """Give the rules of *revision*; empty when it does not serve any more or its rules are not known here."""

    def health(self) -> EngineHealth:
        """Whether decisions can be made, and if not, why."""

    async def activate(self, trigger: str) -> None:
        """Serve what the sources hold now; a failure keeps what serves, and raises only when nothing does."""

    async def close(self) -> None:
        """Stop serving, after the decisions that are being made."""


class OwnRevisions:
    """Revisions compiled from the shipped policies and *config*'s roots into *directory*, on engines of ours."""

    def __init__(self, config: Config, metrics: Metrics, *, opa: Path, directory: Path) -> None:
        """Prepare; nothing serves until the first `activate`."""
        self._config = config
        self._metrics = metrics
        self._engines = Engines(config.engine, opa)
        self.engine = config.engine
        self.handle = EngineHandle()
        self._activator = Activator(
            self.handle,
            compile_revision=partial(
                compile_policy,
                config.policies,
                opa=opa,
                into=directory,
                wasm=config.engine == "wasm",
                anchors=config.trust,
            ),
            run_suites=self._run_suites,
            start_engine=self._start_engine,
            on_record=self._on_record,
        )

    @property
    def revision(self) -> str:
        """The revision that serves; empty when none does."""
        return self.handle.current.policy.revision if self.handle.current else ""

    @property
    def data(self) -> PolicyData | None:
        """The policy data of the revision that serves."""
        return self.handle.current.data if self.handle.current else None

    @property
    def trouble(self) -> str:
        """Why the last activation failed; empty when it did not."""
        return self._activator.detail

    def rules(self, revision: str) -> RuleTable:
        """Give the rules of *revision* while it serves."""
        current = self.handle.current
        return current.metadata if current is not None and current.policy.revision == revision else RuleTable(())

    def health(self) -> EngineHealth:
        """Whether the engine can answer, and if not, why."""
        current = self.handle.current
        return current.engine.health() if current is not None else EngineHealth(False, "no policy revision is active")

    async def activate(self, trigger: str) -> None:
        """Activate; raises ActivationError when it fails and nothing serves."""
        record = await self._activator.activate(trigger)
        if not record.ok and self.handle.current is None:
            raise ActivationError(list(record.problems))

    async def close(self) -> None:
        """Let decisions end, then the engines."""
        await self._activator.close()

    async def _run_suites(self, compiled: CompiledPolicy) -> Sequence[Problem]:
        roots = self._config.policies
        if not self._config.allow_untested:
            untested = [root for root in roots if not await asyncio.to_thread(own_suites, [root])]
            if untested:
                return [Problem("has no suites: add cases, or say --allow-untested", str(root)) for root in untested]
        return (await run_suites(compiled, roots, self._engines)).failures

    async def _start_engine(self, compiled: CompiledPolicy) -> PolicyEngine:
        return await self._engines.serving(compiled, on_batch=self._metrics.batch, on_error=self._metrics.engine_error)

    def _on_record(self, record: ActivationRecord) -> None:
        outcome = "rejected" if not record.ok else "activated" if record.changed else "unchanged"
        self._metrics.activation(outcome)
        if record.changed:
            self._metrics.serving(record.revision, record.digest)
            # Each sentence begins with the setting that it is about.
            self._metrics.weaker_settings([sentence.split(" ", 1)[0] for sentence in record.weaker])


@dataclass(frozen=True, slots=True)
class _ForeignLease:
    engine: PolicyEngine
    data: PolicyData
    digest: str = ""


class ForeignRevision:
    """The one revision that the OPA at a URL served at the start. Made by `connect`; it never changes."""

    def __init__(self, engine: SidecarEngine, data: PolicyData) -> None:
        """Serve with *engine*; the ceiling computes with *data*, which that OPA loaded."""
        self._engine = engine
        self.data: PolicyData | None = data
        self._data = data
        self.engine = "sidecar"
        self.trouble = ""

    @classmethod
    async def connect(cls, config: Config, metrics: Metrics) -> ForeignRevision:
        """Ask the OPA at `opa_url` for its revision and data; raises ConfigError or EngineError."""
        from actas.engine.sidecar import SidecarEngine  # noqa: PLC0415 - slow to load, and at the start alone

        token = config.opa_token_file.read_text(encoding="utf-8").strip() if config.opa_token_file else ""
        engine = await SidecarEngine.external(
            config.opa_url,
            token=token,
            ca_file=config.opa_ca_file,
            insecure=config.insecure,
            on_batch=metrics.batch,
            on_error=metrics.engine_error,
        )
        try:
            data = await _data_of(engine)
        except BaseException:
            await engine.close()
            raise
        unverifiable = [name for name, issuer in data.registry.get("issuers", {}).items() if "jwks_file" in issuer]
        if unverifiable:
            # Keys are files of a policy root, and that OPA has data only.
            _log.warning("no keys of that OPA's issuers: their signatures verify nothing here", issuers=unverifiable)
        return cls(engine, data)

    @property
    def handle(self) -> LeasesEngines:
        """Itself: there is only one revision to lease."""
        return self

    @property
    def revision(self) -> str:
        """The revision that was checked at the start."""
        return self._engine.revision

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[_ForeignLease]:
        """Lease the one revision."""
        yield _ForeignLease(self._engine, self._data)

    def rules(self, revision: str) -> RuleTable:
        """Give none: the Rego is not here."""
        del revision
        return RuleTable(())

    def health(self) -> EngineHealth:
        """What the last probe found."""
        return self._engine.health()

    async def activate(self, trigger: str) -> None:
        """Do nothing: that OPA's owner changes its policies, and the service is started again for them."""

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.close()


async def _data_of(engine: SidecarEngine) -> PolicyData:
    ask = engine.source.connection().ask
    members = {}
    for path in ("actas/settings", "custom/actas/registry", "actas/codes", "actas/revision"):
        members[path] = await ask(path, {}, timeout=_ASK_SECONDS)
    settings, registry, codes = (members[path] for path in ("actas/settings", "custom/actas/registry", "actas/codes"))
    if not all(isinstance(value, dict) for value in (settings, registry, codes)):
        raise EngineError("OPA does not serve the policies of Actas", status=Status.INTERNAL, reason="ENGINE_NOT_ACTAS")
    data = PolicyData.merge(settings, {}, registry, Surroundings(codes=codes)).with_revision(engine.revision)
    if members["actas/revision"] != engine.revision or not data.settings_valid:
        raise EngineError(
            "OPA's policy data changed meanwhile or is not valid", status=Status.INTERNAL, reason="ENGINE_NOT_ACTAS"
        )
    return data
