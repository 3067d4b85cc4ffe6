"""Calls into a WebAssembly instance without the conversions that wasmtime's Python API makes each time."""

from __future__ import annotations

import ctypes

import wasmtime
from wasmtime import _bindings as c
from wasmtime._ffi import dll
from wasmtime._func import maybe_raise_last_exn


class DirectCall:
    """One exported function of 32-bit integers that gives one.

    Asking for the function's type and converting by it takes 0.05 ms a call, a quarter of an evaluation, so the
    arguments are written where the function reads them. Its type is checked once. That these parts of wasmtime are
    private is why its version is bounded.
    """

    def __init__(self, store: wasmtime.Store, function: wasmtime.Func) -> None:
        """Prepare *function* of *store*."""
        kind = function.type(store)
        if any(str(value) != "i32" for value in kind.params) or [str(value) for value in kind.results] != ["i32"]:
            raise TypeError("a function of other types")
        self._store = store
        self._function = ctypes.byref(function._func)
        self._count = len(kind.params)
        # The result takes the place of the first argument.
        self._values = (c.wasmtime_val_raw_t * max(self._count, 1))()
        self._words = [ctypes.c_int32.from_buffer(value) for value in self._values]

    def __call__(self, *arguments: int) -> int:
        """Call it; raises Trap, WasmtimeError, or whatever a function of the host raised."""
        if len(arguments) != self._count:
            raise TypeError("a call with another number of arguments")
        words, trap = self._words, ctypes.POINTER(c.wasm_trap_t)()
        for word, argument in zip(words, arguments, strict=True):
            word.value = argument
        error = c.wasmtime_func_call_unchecked(
            self._store._context(), self._function, self._values, len(words), ctypes.byref(trap)
        )
        if error or trap:
            # Whatever a function of the host raised comes first: it is why there is a trap.
            failed = wasmtime.WasmtimeError._from_ptr(error) if error else wasmtime.Trap._from_ptr(trap)
            maybe_raise_last_exn()
            raise failed
        # An address is without a sign.
        return words[0].value & 0xFFFFFFFF


class DirectMemory:
    """Where a linear memory is and how large, asked for several times in each evaluation."""

    def __init__(self, store: wasmtime.Store, memory: wasmtime.Memory) -> None:
        """Prepare *memory* of *store*."""
        self._store = store
        self._memory = ctypes.byref(memory._memory)
        # Functions of our own, whose result is an address and not an object, and which do not let go of the
        # interpreter's lock: they only look something up.
        quick = ctypes.PyDLL("wasmtime", handle=dll._handle)
        self._data, self._data_size = quick.wasmtime_memory_data, quick.wasmtime_memory_data_size
        self._data.restype, self._data_size.restype = ctypes.c_void_p, ctypes.c_size_t
        self._data.argtypes = self._data_size.argtypes = dll.wasmtime_memory_data.argtypes

    @property
    def start(self) -> int:
        """The address of its first byte; it may be another one after every call into the instance."""
        address: int = self._data(self._store._context(), self._memory)
        return address

    @property
    def size(self) -> int:
        """Its size in bytes; it never shrinks."""
        size: int = self._data_size(self._store._context(), self._memory)
        return size
