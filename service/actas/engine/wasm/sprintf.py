"""`sprintf` as Go formats, for the verbs that a policy has a use for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from actas.engine.wasm.terms import Number, quoted, shown

_VERB = re.compile(r"%([-+ 0]*)(\d*)(?:\.(\d+))?(.?)", re.DOTALL)
_WIDEST = 10_000
_INT64 = range(-(2**63), 2**63)
# From a million on, and below the fourth decimal, Go changes to an exponent.
_LARGE_EXPONENT, _SMALL_EXPONENT = 6, -4


class UnsupportedFormError(ValueError):
    """A form that this `sprintf` does not know; guessing would make another text than OPA's."""


def sprintf(template: str, values: list[Any]) -> str:
    """Format *values* into *template*.

    What Go writes into the text where verb and value do not fit (`%!d(string=…)`) is written here too.

    Raises:
        UnsupportedFormError: a verb, a flag or a number of another kind.

    """
    given = iter([_argument(value) for value in values])
    formatted = _VERB.sub(lambda found: _one(found, given), template)
    surplus = [f"{_kind(value)}={_plain(value)}" for value in given]
    return f"{formatted}%!(EXTRA {', '.join(surplus)})" if surplus else formatted


def _argument(value: Any) -> str | int | float:
    """Give what OPA hands to Go: text for whatever is no number."""
    if isinstance(value, Number):
        if not value.whole:
            return float(value.text)
        return int(value.text)
    return value if isinstance(value, str) else shown(value)


def _one(found: re.Match[str], given: Iterator[str | int | float]) -> str:
    flags, width, precision, verb = found[1], int(found[2] or 0), found[3], found[4]
    if verb == "%":
        return "%"
    if verb not in {"v", "s", "d", "q", "f"} or width > _WIDEST or int(precision or 0) > _WIDEST:
        raise UnsupportedFormError("a verb, or a width")
    if verb == "v" and "+" in flags:
        # Not the sign: Go means details by it, except of integers beyond 64 bits.
        raise UnsupportedFormError("a plus before v")
    try:
        value = next(given)
    except StopIteration:
        return f"%!{verb}(MISSING)"
    text = _text(verb, value, precision)
    if text is None:
        if flags or width or precision is not None:
            raise UnsupportedFormError("a width for a value that does not fit the verb")
        return f"%!{verb}({_kind(value)}={_plain(value)})"
    return _padded(text, flags, width, number=not isinstance(value, str))


def _text(verb: str, value: str | float, precision: str | None) -> str | None:
    if isinstance(value, str):
        if verb in {"v", "s", "q"}:
            cut = value if precision is None else value[: int(precision)]
            return quoted(cut) if verb == "q" else cut
        return None
    if isinstance(value, int) and verb in {"v", "d"} and precision is None:
        return str(value)
    if isinstance(value, float) and verb == "f":
        return f"{value:.{6 if precision is None else int(precision)}f}"
    if isinstance(value, float) and verb == "v" and precision is None:
        return _shortest(value)
    if precision is not None or (isinstance(value, int) and verb == "q"):
        raise UnsupportedFormError("a precision, or a character")
    return None


def _padded(text: str, flags: str, width: int, *, number: bool) -> str:
    if number and not text.startswith("-"):
        text = ("+" if "+" in flags else " " if " " in flags else "") + text
    elif flags.strip("-") and not number:
        raise UnsupportedFormError("a number's flag for text")
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags:
        return text.zfill(width) if not text.startswith(" ") else f" {text[1:].zfill(width - 1)}"
    return text.rjust(width)


def _shortest(value: float) -> str:
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    if not isinstance(exponent, int):
        raise UnsupportedFormError("no finite number")
    written, scale = "".join(map(str, digits)), len(digits) + exponent - 1
    minus = "-" if sign else ""
    if any(digits) and (scale < _SMALL_EXPONENT or scale >= _LARGE_EXPONENT):
        fraction = f".{written[1:]}" if written[1:] else ""
        return f"{minus}{written[0]}{fraction}e{'-' if scale < 0 else '+'}{abs(scale):02d}"
    return f"{Decimal(repr(value)).normalize():f}"


def _kind(value: str | float) -> str:
    if isinstance(value, int) and value not in _INT64:
        raise UnsupportedFormError("a number beyond 64 bits for a verb that is for others")
    return "string" if isinstance(value, str) else "int64" if isinstance(value, int) else "float64"


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else _shortest(value)
