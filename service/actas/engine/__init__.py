"""The policy engine: one question to OPA, one checked total answer.

Whatever is not a complete, well-typed answer of the expected policy revision is an `EngineError`,
never a decision (contract.md, section 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from actas.engine.result import PolicyResult

__all__ = ["DEFAULT_ENGINE", "EngineHealth", "EngineKind", "PolicyEngine", "PolicyResult"]

EngineKind = Literal["wasm", "sidecar"]
DEFAULT_ENGINE: EngineKind = "wasm"


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """Whether the engine can answer now; *reason* is a sentence for an operator, empty when it can."""

    ok: bool
    reason: str = ""


class PolicyEngine(Protocol):
    """Evaluates one policy revision. `bundle_digest` is empty when somebody else loaded the bundle."""

    @property
    def revision(self) -> str:
        """The policy revision that every answer of this engine carries."""

    @property
    def bundle_digest(self) -> str:
        """The digest of the bundle that this engine serves."""

    async def evaluate(self, policy_input: Mapping[str, Any], *, timeout: float) -> PolicyResult:
        """Answer one request within *timeout* seconds, or raise `EngineError`."""

    def health(self) -> EngineHealth:
        """Say whether the engine can answer, without asking it."""

    async def close(self) -> None:
        """Finish what is in flight and release everything."""
