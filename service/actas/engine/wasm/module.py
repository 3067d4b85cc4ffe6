"""A policy compiled to WebAssembly (OPA's ABI 1), ready to be instantiated many times.

Only this package imports wasmtime.
"""

from __future__ import annotations

import threading
import time
import weakref
from typing import Self

import wasmtime

from actas.engine.wasm.strict import strict
from actas.errors import ActivationError, Problem

# How often running evaluations are looked at.
TICK_SECONDS = 0.02
# Deep recursion ends as a trap, well before the stack of a thread does.
_STACK_BYTES = 1 << 20


class WasmModule:
    """Machine code of one policy revision, shared by all instances of this process."""

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module) -> None:
        self.engine = engine
        self.module = module
        _Ticker.watch(engine)

    @classmethod
    def compiled(cls, wasm: bytes) -> Self:
        """Compile *wasm*, which takes a quarter of a second.

        Raises:
            ActivationError: it is no module that wasmtime can compile.

        """
        engine = _engine()
        try:
            return cls(engine, wasmtime.Module(engine, strict(wasm)))
        except wasmtime.WasmtimeError:
            raise ActivationError([Problem("the policy compiled to WebAssembly cannot be loaded")]) from None

    @classmethod
    def loaded(cls, machine_code: bytes) -> Self:
        """Load what `machine_code` of the same version of wasmtime gave, and nothing else: it is run unchecked.

        Raises:
            ActivationError: it is of another version.

        """
        engine = _engine()
        try:
            return cls(engine, wasmtime.Module.deserialize(engine, machine_code))
        except wasmtime.WasmtimeError:
            raise ActivationError([Problem("the compiled policy is of another version of wasmtime")]) from None

    def machine_code(self) -> bytes:
        """Give what other processes on this machine can load in milliseconds."""
        return bytes(self.module.serialize())

    @property
    def memory_pages(self) -> int:
        """The pages of memory that an instance begins with."""
        kinds = [wanted.type for wanted in self.module.imports]
        return next((kind.limits.min for kind in kinds if isinstance(kind, wasmtime.MemoryType)), 0)


def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    # A policy that runs away is stopped from outside; counting fuel would slow every instruction.
    config.epoch_interruption = True
    config.max_wasm_stack = _STACK_BYTES
    return wasmtime.Engine(config)


class _Ticker(threading.Thread):
    """Advances the epoch of every engine in use, so that an evaluation over its limit traps.

    It counts the time in which this process runs: on a busy machine no evaluation is stopped for waiting.
    """

    _lock = threading.Lock()
    _running: _Ticker | None = None

    def __init__(self) -> None:
        super().__init__(name="actas-wasm-epoch", daemon=True)
        self._engines: weakref.WeakSet[wasmtime.Engine] = weakref.WeakSet()

    @classmethod
    def watch(cls, engine: wasmtime.Engine) -> None:
        with cls._lock:
            # A process that was forked has no thread but its first.
            if cls._running is None or not cls._running.is_alive():
                cls._running = cls()
                cls._running.start()
            cls._running._engines.add(engine)

    def run(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            with self._lock:
                for engine in self._engines:
                    engine.increment_epoch()
