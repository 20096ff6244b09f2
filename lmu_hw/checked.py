# SPDX-License-Identifier: Apache-2.0
"""Layer 0: values from outside, checked and turned into their type.

Each function returns the value of the type that it is named for, or raises: nothing is guessed, and
what is of another kind is refused even where Python would compute with it (True is no number, 12.0
no number of bits). `what` begins the message. The parameter of a verb is named in backquotes, such
as ```weight_bits```; the command line prints its option in their place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from functools import partial
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from lmu_hw.errors import ConfigError, LmuHwError, NetworkError

__all__ = [
    "Check",
    "flag",
    "fraction",
    "instance",
    "member",
    "optional",
    "real",
    "settle",
    "settle_flags",
    "share",
    "whole",
]

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

Check = Callable[[Any, str], Any]
"""Called with a value and what begins the message."""

_SCALE_BITS = 256
"""Values can be divided by a fraction of such numbers in float64."""

_DENOMINATOR, _UNIT = 1 << 12, 1 << 24
"""Of the fractions, and of those with numerator 1, that a float is taken for."""

_SHORT = 1 << 8
"""Denominator of what a message suggests."""

_LONGEST = 1000
_POWER = re.compile(r"e[-+]?0*[1-9][0-9_]{3}", re.IGNORECASE)
"""A power of ten that `Fraction` would write out for a long time."""


def settle(record: object, checks: Mapping[str, Check], *, where: str = "") -> None:
    """Put what the checks return into the fields of a record that was just made.

    Parameters
    ----------
    record : object
        A frozen dataclass.
    checks : mapping of field name to check
    where : str
        Begins messages; without it, fields are named as parameters are.
    """
    for name, check in checks.items():
        what = f"{where}: {name}" if where else f"`{name}`"
        object.__setattr__(record, name, check(getattr(record, name), what))


def settle_flags(record: object, *names: str, where: str) -> None:
    """Put bools into the fields of a part of a network, or raise `NetworkError`."""
    settle(record, dict.fromkeys(names, partial(flag, error=NetworkError)), where=where)


def optional(check: Check) -> Check:
    """Return a check that lets None pass."""
    return lambda value, what: None if value is None else check(value, what)


def whole(
    value: object,
    what: str,
    *,
    least: int | None = None,
    most: int | None = None,
    error: type[LmuHwError] = ConfigError,
) -> int:
    """Return an int, of Python or NumPy, from `least` to `most`."""
    limits = _limits(least, most)
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise error(f"{what} must be a whole number{limits and f', {limits}'}, not {value!r}")
    number = int(value)
    if (least is not None and number < least) or (most is not None and number > most):
        raise error(f"{what} must be {limits}, not {number}")
    return number


def real(
    value: object,
    what: str,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
    rule: str = "a finite number",
    error: type[LmuHwError] = ConfigError,
) -> float:
    """Return a finite float within the limits, which `rule` says in words."""
    number = math.nan
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
    inside = least <= number <= most and above < number < below
    if not (math.isfinite(number) and inside):
        raise error(f"{what} must be {rule}, not {value if number == value else repr(value)}")
    return number


def flag(value: object, what: str, *, error: type[LmuHwError] = ConfigError) -> bool:
    """Return a bool, of Python or NumPy."""
    if not isinstance(value, bool | np.bool_):
        raise error(f"{what} must be True or False, not {value!r}")
    return bool(value)


def member(value: object, what: str, kind: type[E], *, error: type[LmuHwError] = ConfigError) -> E:
    """Return a member of an enumeration, which may be given by its value or by its name."""
    if isinstance(value, kind):
        return value
    for choice in kind:
        if isinstance(value, str) and value in (choice.value, choice.name):
            return choice
    choices = ", ".join(str(choice.value) for choice in kind)
    raise error(f"{what} must be one of {choices}, not {value!r}")


def instance(
    value: object, what: str, kind: type[T], *, error: type[LmuHwError] = ConfigError
) -> T:
    """Return what must be an object of a class of this package."""
    if not isinstance(value, kind):
        raise error(f"{what} must be a {kind.__name__}, not {value!r}")
    return value


def fraction(value: object, what: str, *, error: type[LmuHwError] = ConfigError) -> Fraction:
    """Return a positive fraction, which may be given as a text such as ``1/255``, or as a float.

    A float is taken for the fraction whose nearest float it is, if that is a whole number, a
    fraction with a denominator of at most 4,096, one with the numerator 1 and a denominator of at
    most 2**24, or a binary one with a numerator below 4,096. Any other float is refused: 0.3333 may
    stand for 1/3.
    """
    exact = _fraction(value)
    if exact is None and isinstance(value, float) and math.isfinite(value):
        decimal = Fraction(repr(float(value)))
        near = decimal.limit_denominator(_SHORT)
        raise error(
            f"{what} must be a fraction, and {value!r} may stand for several: write "
            f"{str(near or decimal)!r}, or {str(decimal)!r}, or another"
        )
    if exact is None:
        raise error(f"{what} must be a number such as 1/255, not {value!r}")
    if exact <= 0:
        raise error(f"{what} must be positive, not {value if value == exact else repr(value)}")
    bits = max(exact.numerator.bit_length(), exact.denominator.bit_length())
    if bits > _SCALE_BITS:
        raise error(
            f"{what} must be a fraction of numbers of at most {_SCALE_BITS} bits, not {bits} bits"
        )
    return exact


def share(value: object, what: str) -> Fraction:
    """Return a number, which may be given as a text such as ``0.95`` or ``95%``.

    A float is taken for what it prints as: 0.95 is 95/100, and not the binary number below it.
    """
    number, factor = value, 1
    if isinstance(value, float):
        number = repr(float(value))
    elif isinstance(value, str) and value.rstrip().endswith("%"):
        number, factor = value.rstrip()[:-1], 100
    exact = _fraction(number)
    if exact is None:
        raise ConfigError(f"{what} must be a number such as 0.95 or 95%, not {value!r}")
    return exact / factor


def _limits(least: int | None, most: int | None) -> str:
    """Return the limits of a whole number in words."""
    if least is not None and most is not None:
        return f"{least} to {most}"
    if least is not None:
        return f"at least {least}"
    return "" if most is None else f"at most {most}"


def _fraction(value: object) -> Fraction | None:
    """Return the fraction that a value is, or None."""
    if isinstance(value, str):
        if len(value) > _LONGEST or _POWER.search(value):
            return None
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            return None
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, Integral):
        return Fraction(int(value))
    if isinstance(value, Fraction):
        return value
    return _nearest(value) if isinstance(value, float) else None


def _nearest(value: float) -> Fraction | None:
    """Return the short fraction whose nearest float is a float, or None."""
    if not math.isfinite(value):
        return None
    exact = Fraction(value)
    if exact.denominator == 1 or abs(exact.numerator) < _DENOMINATOR:
        return exact
    choices = [exact.limit_denominator(_DENOMINATOR)]
    if abs(exact) * _UNIT >= 1:
        choices.append(Fraction(1, round(1 / exact)))
    return next((choice for choice in choices if float(choice) == value), None)
