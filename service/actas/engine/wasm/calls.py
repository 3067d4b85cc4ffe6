"""Calls into a WebAssembly instance without the conversions that wasmtime's Python API makes each time."""

from __future__ import annotations

import ctypes

import wasmtime
from wasmtime import _bindings as c
from wasmtime._func import enter_wasm

_I32 = ctypes.c_ubyte(0)


class DirectCall:
    """One exported function of 32-bit integers that gives one.

    Asking for the function's type and converting by it takes 0.05 ms a call, a quarter of an evaluation, so the
    arguments are written where wasmtime reads them. That these parts of wasmtime are private is why its version
    is bounded.
    """

    def __init__(self, store: wasmtime.Store, function: wasmtime.Func) -> None:
        """Prepare *function* of *store*."""
        kind = function.type(store)
        if any(str(value) != "i32" for value in kind.params) or [str(value) for value in kind.results] != ["i32"]:
            raise TypeError("a function of other types")
        self._store = store
        self._function = ctypes.byref(function._func)
        self._count = len(kind.params)
        self._arguments = (c.wasmtime_val_t * self._count)()
        for argument in self._arguments:
            argument.kind = _I32
        self._result = (c.wasmtime_val_t * 1)()

    def __call__(self, *arguments: int) -> int:
        """Call it; raises Trap, WasmtimeError, or whatever a function of the host raised."""
        for place, argument in zip(self._arguments, arguments, strict=True):
            place.of.i32 = argument
        with enter_wasm(self._store) as trap:
            error = c.wasmtime_func_call(
                self._store._context(), self._function, self._arguments, self._count, self._result, 1, trap
            )
            if error:
                raise wasmtime.WasmtimeError._from_ptr(error)
        # An address is without a sign.
        return int(self._result[0].of.i32) & 0xFFFFFFFF
