"""Arithmetic on numbers that are not whole, as OPA's interpreter does it: in binary, with a mantissa of 64 bits.

OPA's module computes in decimals instead. `0.3 * 3` is 0.9 there and 0.90000000000000000003 in the interpreter, so that
a limit of 0.9 would hold in one engine and not in the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction

from actas.engine.wasm.terms import Number

_BITS = 64
# What OPA's `product` is kept in.
PRODUCT_BITS = 53
_HALF = Fraction(1, 2)
# Beyond these, digits and exponents cost time, and the interpreter's own rounding is not worth a copy.
_LONGEST, _LARGEST = 400, 2**63
# From a million on, and below the fourth decimal, Go changes to an exponent.
_PLAIN_EXPONENTS = range(-4, 6)

Binary = Callable[[Fraction, Fraction], Fraction]


def exact(number: Number) -> Fraction:
    """Give the value of *number*; raises ValueError when it is too large or too small to work with."""
    digits, _, exponent = number.text.lower().partition("e")
    if len(digits) > _LONGEST or abs(int(exponent or 0)) > _LONGEST:
        raise ValueError("a number beyond what is computed")
    return Fraction(number.text)


def combined(operation: Binary, start: int | Number, values: Iterable[Number], bits: int = _BITS) -> Number:
    """Combine *start* with each of *values*: exactly if all are whole, otherwise rounding to *bits* each time."""
    result, numbers = Fraction(start) if isinstance(start, int) else exact(start), [exact(value) for value in values]
    if all(number.denominator == 1 for number in [result, *numbers]):
        for number in numbers:
            result = operation(result, number)
        return Number(str(result))
    result = _rounded(result)
    for number in numbers:
        result = _rounded(operation(result, _rounded(number)), bits)
    return shown(result, bits)


def divided(dividend: Number, divisor: Number) -> Number:
    """Divide; raises ZeroDivisionError."""
    return shown(_rounded(_rounded(exact(dividend)) / _rounded(exact(divisor))))


def remainder(dividend: Number, divisor: Number) -> Number:
    """Give what is left, with the sign of *dividend*; raises ValueError unless both are whole."""
    whole, by = exact(dividend), exact(divisor)
    if whole.denominator != 1 or by.denominator != 1:
        raise ValueError("modulo on a fraction")
    return Number(str(whole - by * math.trunc(whole / by)))


def absolute(number: Number) -> Number:
    """Leave the sign out."""
    return shown(abs(_rounded(exact(number))))


def floor(number: Number) -> Number:
    """Round down, except that OPA takes 0 for what lies between -1 and 0."""
    value = _small(number)
    whole = math.trunc(value)
    return Number(str(whole - 1 if whole < 0 and value != whole else whole))


def ceil(number: Number) -> Number:
    """Round up, except that OPA takes 1 for what lies between -1 and 0."""
    value = _small(number)
    whole = math.trunc(value)
    return Number(str(whole if whole < 0 or value == whole else whole + 1))


def nearest(number: Number) -> Number:
    """Round to the nearest whole number, and halves away from zero."""
    value = _small(number)
    return Number(str(math.trunc(_rounded(value - _HALF if value < 0 else value + _HALF))))


def shown(value: Fraction, bits: int = _BITS) -> Number:
    """Write *value*, which has *bits*, in as few digits as tell it from its neighbours."""
    if not value:
        return Number("0")
    sign, value = ("-" if value < 0 else ""), abs(value)
    digits, point = _shortest(value, bits)
    if value.denominator == 1:
        return Number(sign + digits.ljust(point, "0"))
    if point - 1 not in _PLAIN_EXPONENTS:
        fraction = f".{digits[1:]}" if digits[1:] else ""
        return Number(f"{sign}{digits[0]}{fraction}e{'-' if point < 1 else '+'}{abs(point - 1):02d}")
    if point <= 0:
        return Number(f"{sign}0.{'0' * -point}{digits}")
    return Number(f"{sign}{digits[:point]}.{digits[point:]}")


def _small(number: Number) -> Fraction:
    value = _rounded(exact(number))
    if abs(value) >= _LARGEST:
        raise ValueError("a number beyond what is rounded")
    return value


def _unit(value: Fraction, bits: int) -> Fraction:
    """Give the distance of *value*, which is positive, from its upper neighbour."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if Fraction(2) ** exponent > value:
        exponent -= 1
    return Fraction(2) ** (exponent - bits + 1)


def _rounded(value: Fraction, bits: int = _BITS) -> Fraction:
    if not value:
        return value
    unit = _unit(abs(value), bits)
    # `round` takes the even one of two that are as near, as Go does.
    return round(value / unit) * unit


def _decimal(value: Fraction) -> tuple[str, int]:
    """Give the digits of *value*, whose denominator is a power of two, and where the point is among them."""
    places = value.denominator.bit_length() - 1
    digits = str(value.numerator * 5**places)
    return digits.rstrip("0"), len(digits) - places


def _shortest(value: Fraction, bits: int) -> tuple[str, int]:
    """Do what Go's `roundShortest` does, digit by digit."""
    unit = _unit(value, bits)
    digits, point = _decimal(value)
    lower, upper = _decimal(value - unit / 2)[0], _decimal(value + unit / 2)[0]
    inclusive = (value / unit).numerator % 2 == 0
    for at, digit in enumerate(digits):
        low, high = lower[at : at + 1] or "0", upper[at : at + 1] or "0"
        down = low != digit or (inclusive and at + 1 == len(lower))
        up = digit != high and (inclusive or int(digit) + 1 < int(high) or at + 1 < len(upper))
        if down or up:
            rest = digits[at + 1 :]
            above = (rest > "5" or (rest == "5" and int(digit) % 2 == 1)) if down and up else up and rest != ""
            return _cut(digits[: at + 1], point, above=above)
    return digits, point


def _cut(digits: str, point: int, *, above: bool) -> tuple[str, int]:
    whole = str(int(digits) + above)
    return whole.rstrip("0"), point + len(whole) - len(digits)
