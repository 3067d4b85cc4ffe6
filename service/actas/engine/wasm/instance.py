"""One instance of a compiled policy with its data, evaluated synchronously; never used by two threads at once."""

from __future__ import annotations

import ctypes
import json
import math

import wasmtime

from actas.engine.wasm import builtins
from actas.engine.wasm.calls import DirectCall, DirectMemory
from actas.engine.wasm.module import TICK_SECONDS, WasmModule
from actas.engine.wasm.strict import HOSTED_NUMBER
from actas.errors import EngineError, Status

PAGE = 65536
# Loading the data of 100,000 agents takes a second or two.
LOADING_SECONDS = 60.0
# What one instance may grow to, beyond its data: an evaluation leaves everything that it built until the next one.
WORKING_BYTES = 256 << 20
# What the data may take for each byte of their JSON, with room for the JSON itself.
MEMORY_PER_DATA_BYTE = 32
# Addresses stay positive as signed numbers.
LARGEST_BYTES = (1 << 31) - PAGE
# By how much it may have grown, and how often it may have been renewed, until it is worn.
WORN_BYTES = 64 << 20
WORN_RENEWALS = 1000
_ROOM = 4 * PAGE
_ALIGNMENT = 8
_I32 = wasmtime.ValType.i32()
_HOSTED = {number: name for name, number in HOSTED_NUMBER.items()}
_ENTRYPOINT = "actas/decision/decision"


class Instance:
    """A linear memory that holds *data*; what an evaluation leaves behind is overwritten by the next one."""

    def __init__(self, module: WasmModule, data: bytes) -> None:
        """Load *data*, the JSON document that policies see as `data`.

        Raises:
            EngineError: the module cannot be instantiated, or the data do not fit.

        """
        self._store = wasmtime.Store(module.engine)
        self._limit(LOADING_SECONDS)
        most = min(WORKING_BYTES + MEMORY_PER_DATA_BYTE * len(data), LARGEST_BYTES)
        self._store.set_limits(memory_size=most)
        self._module = module.module
        self._linker = wasmtime.Linker(module.engine)
        self._define(self._linker)
        try:
            kind = wasmtime.MemoryType(wasmtime.Limits(module.memory_pages, None))
            self._memory = wasmtime.Memory(self._store, kind)
            self._bytes = DirectMemory(self._store, self._memory)
            self._linker.define(self._store, "env", "memory", self._memory)
            self._instantiate()
            numbers = json.loads(self._dumped(self._call("builtins")))
            self.builtins: dict[int, str] = {number: name for name, number in numbers.items()}
            self._entrypoint = json.loads(self._dumped(self._call("entrypoints")))[_ENTRYPOINT]
            self._data = self._loaded_first(data, most)
            self._base = self._call("opa_heap_ptr_get")
        except (wasmtime.WasmtimeError, wasmtime.Trap, builtins.BuiltinFailedError, LookupError, ValueError) as error:
            raise EngineError(
                "the compiled policy cannot be started with its data", status=Status.INTERNAL, reason="ENGINE_BROKEN"
            ) from error
        self.base_bytes = self.size
        self._renewals = 0

    @property
    def size(self) -> int:
        """The size of the linear memory; it never shrinks."""
        return self._bytes.size

    @property
    def worn(self) -> bool:
        """Whether it should be replaced: it only ever grows, and keeps something of each renewal."""
        return self.size - self.base_bytes > WORN_BYTES or self._renewals > WORN_RENEWALS

    def renew(self) -> None:
        """Begin anew after an evaluation that broke off, in whatever state: all but the data, which none writes to.

        Loading the data of a large registry again would take seconds.

        Raises:
            EngineError: it cannot be, and must not be used again.

        """
        self._renewals += 1
        self._limit(LOADING_SECONDS)
        try:
            self._instantiate()
        except (wasmtime.WasmtimeError, wasmtime.Trap, builtins.BuiltinFailedError, LookupError) as error:
            raise EngineError(
                "the policy cannot be started again", status=Status.INTERNAL, reason="ENGINE_BROKEN"
            ) from error

    def run(self, question: bytes, *, seconds: float) -> bytes:
        """Give OPA's result set for the input *question*, JSON both.

        Raises whatever stopped it or made it break off; the instance must not be used again then.
        """
        return self._ran(question, self._data, self._base, seconds)

    def run_over(self, question: bytes, data: bytes, *, seconds: float) -> bytes:
        """Evaluate over *data* instead of the instance's own; raises as `run` does."""
        self._limit(LOADING_SECONDS)
        self._call("opa_heap_ptr_set", self._base)
        other = self._loaded(data)
        return self._ran(question, other, self._call("opa_heap_ptr_get"), seconds)

    def _ran(self, question: bytes, data: int, heap: int, seconds: float) -> bytes:
        length, size = len(question), self.size
        if (room := heap + length + _ROOM) > size:
            self._memory.grow(self._store, (room - size) // PAGE + 1)
        self._write(question, heap)
        # The allocator builds its blocks where it is told to.
        free = (heap + length + _ALIGNMENT - 1) & -_ALIGNMENT
        self._limit(seconds)
        return self._text(self._eval(0, self._entrypoint, data, heap, length, free, 0))

    def _instantiate(self) -> None:
        self._exports = self._linker.instantiate(self._store, self._module).exports(self._store)
        self._eval = DirectCall(self._store, self._exported("opa_eval"))

    def _limit(self, seconds: float) -> None:
        # The first tick may come at once.
        self._store.set_epoch_deadline(math.ceil(seconds / TICK_SECONDS) + 1)

    def _loaded_first(self, data: bytes, most: int) -> int:
        try:
            return self._loaded(data)
        except (wasmtime.WasmtimeError, wasmtime.Trap, builtins.BuiltinFailedError, ValueError) as error:
            raise EngineError(
                f"the policy data, {len(data) >> 20} MiB of JSON, do not fit into the {most >> 20} MiB of memory "
                "that the embedded engine may have: serve with --engine sidecar",
                status=Status.INTERNAL,
                reason="ENGINE_BROKEN",
            ) from error

    def _loaded(self, document: bytes) -> int:
        address = self._call("opa_malloc", len(document))
        self._write(document, address)
        value = self._call("opa_json_parse", address, len(document))
        if value == 0:
            raise ValueError("the data are no JSON")
        self._call("opa_free", address)
        return value

    def _exported(self, name: str) -> wasmtime.Func:
        function = self._exports[name]
        if not isinstance(function, wasmtime.Func):
            raise LookupError(name)  # noqa: TRY004 - the module lacks an export, nobody passed a wrong value
        return function

    def _call(self, name: str, *arguments: int) -> int:
        result: int | None = self._exported(name)(self._store, *arguments)
        return (result or 0) & 0xFFFFFFFF

    def _dumped(self, value: int) -> bytes:
        return self._text(self._call("opa_json_dump", value))

    def _write(self, content: bytes, address: int) -> None:
        if not 0 < address <= self.size - len(content):
            raise ValueError("an address outside of the memory")
        ctypes.memmove(self._bytes.start + address, content, len(content))

    def _text(self, address: int) -> bytes:
        if not 0 < address < self.size:
            raise ValueError("an address outside of the memory")
        # Whatever is written ends with a zero: the module writes texts with their zeros escaped.
        return ctypes.string_at(self._bytes.start + address)

    def _define(self, linker: wasmtime.Linker) -> None:
        def abort(address: int) -> None:
            raise builtins.BuiltinFailedError(self._text(address).decode("utf-8", "replace"))

        def call(number: int, _context: int, *operands: int) -> int:
            texts = [self._text(self._call("opa_value_dump", operand)).decode() for operand in operands]
            answer = builtins.call(_HOSTED.get(number) or self.builtins[number], texts).encode()
            address = self._call("opa_malloc", len(answer))
            self._write(answer, address)
            if (value := self._call("opa_value_parse", address, len(answer))) == 0:
                raise builtins.BuiltinFailedError("no value")
            return value

        linker.define_func("env", "opa_abort", wasmtime.FuncType([_I32], []), abort)
        for arity in range(5):
            kind = wasmtime.FuncType([_I32] * (arity + 2), [_I32])
            linker.define_func("env", f"opa_builtin{arity}", kind, call)
