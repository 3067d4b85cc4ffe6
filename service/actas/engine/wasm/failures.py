"""What goes wrong in an embedded engine, as the errors that everybody else knows. None repeats what was asked."""

from __future__ import annotations

from collections.abc import Iterable

import wasmtime

from actas.engine.wasm.builtins import HOST
from actas.errors import ActivationError, EngineError, Problem, Status

TIMEOUT = "ENGINE_TIMEOUT"


def engine_error(error: Exception) -> EngineError:
    """Say what *error*, which ended an evaluation, means."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, wasmtime.Trap) and error.trap_code == wasmtime.TrapCode.INTERRUPT:
        return EngineError("the policy ran too long and was stopped", reason=TIMEOUT)
    return EngineError("the policy could not be evaluated", status=Status.INTERNAL, reason="ENGINE_FAILED")


def too_late() -> EngineError:
    """The deadline has passed."""
    return EngineError("the policy was not evaluated in time", reason=TIMEOUT)


def no_answer() -> EngineError:
    """The decision is undefined, or is no JSON."""
    return EngineError("the policy gave no answer", status=Status.INTERNAL, reason="ENGINE_NO_ANSWER")


def another_revision() -> EngineError:
    """The data are not those that were loaded."""
    return EngineError(
        "the policy answered as another revision than the one that was checked",
        status=Status.INTERNAL,
        reason="ENGINE_REVISION_CHANGED",
    )


def unknown_builtins(needed: Iterable[str]) -> list[str]:
    """Name those of *needed* that this engine does not have."""
    return sorted(set(needed) - HOST.keys())


def refuse_unknown_builtins(needed: Iterable[str]) -> None:
    """Raise ActivationError when one of *needed* is not there."""
    if unknown := unknown_builtins(needed):
        raise ActivationError([Problem(f"the embedded engine has no built-in {name}") for name in unknown])
