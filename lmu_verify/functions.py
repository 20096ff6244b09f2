# SPDX-License-Identifier: Apache-2.0
"""How far the answers of a table are from the function it stands for, in integers.

Every function is monotone and bounded, and of a largest slope that is known. Those with an
exponential are enclosed between two integers over ``2**_BITS``: ``exp(-h)`` by its alternating
series, whose partial sums lie on both sides of it, and its powers by products rounded down and up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from lmu_verify.fields import Format

__all__ = ["SLOPES", "table_error"]

SLOPES = {
    "tanh": Fraction(1),
    "sigmoid": Fraction(1, 4),
    "hard_sigmoid": Fraction(1, 6),
    "hard_sigmoid_keras2": Fraction(1, 5),
    "hard_tanh": Fraction(1),
    "relu6": Fraction(1),
    "softsign": Fraction(1),
}
"""Largest slope of each function that a bound may pass through."""

_BITS = 96
_ONE = 1 << _BITS
_RANGES = {"tanh": (-1, 1), "sigmoid": (0, 1), "hard_sigmoid": (0, 1), "softsign": (-1, 1)}
_RANGES |= {"hard_sigmoid_keras2": (0, 1), "hard_tanh": (-1, 1), "relu6": (0, 6)}
_LINES = {
    "hard_sigmoid": (Fraction(1, 6), Fraction(1, 2)),
    "hard_sigmoid_keras2": (Fraction(1, 5), Fraction(1, 2)),
    "hard_tanh": (Fraction(1), Fraction(0)),
    "relu6": (Fraction(1), Fraction(0)),
}

Enclosure = tuple[int, int]


def table_error(function: str, source: Format, answers: np.ndarray, fmt: Format) -> Fraction:
    """Return an upper bound of the largest error of a table, its ends against the limits included.

    Parameters
    ----------
    function : str
        A name of `SLOPES`.
    source : Format
        Of the codes that enter.
    answers : (codes,) int
        From that of the smallest code on.
    fmt : Format
        Of the answers.
    """
    low, high = _RANGES[function]
    scale = Fraction(_ONE) * fmt.ulp
    worst = 0
    found = (Fraction(int(code)) * scale for code in answers)
    for value, (least, most) in zip(found, _values(function, source), strict=True):
        worst = max(worst, value - least, most - value)
    ends = (abs(int(answers[0]) * scale - low * _ONE), abs(int(answers[-1]) * scale - high * _ONE))
    return max(Fraction(worst), *ends) / _ONE


def _values(function: str, source: Format) -> Iterator[Enclosure]:
    """Yield what a function is between, for every code from the smallest on."""
    codes = range(source.min_code, source.max_code + 1)
    if function in _LINES:
        slope, start = _LINES[function]
        low, high = _RANGES[function]
        for code in codes:
            value = min(max(slope * code * source.ulp + start, Fraction(low)), Fraction(high))
            yield _enclosed(value * _ONE)
    elif function == "softsign":
        for code in codes:
            x = code * source.ulp
            yield _enclosed(x / (1 + abs(x)) * _ONE)
    else:
        yield from _exponential(function, source)


def _enclosed(value: Fraction) -> Enclosure:
    return value.numerator // value.denominator, -(-value.numerator // value.denominator)


def _exponential(function: str, source: Format) -> Iterator[Enclosure]:
    """Yield tanh or sigmoid, from that of their magnitudes."""
    farthest = max(-source.min_code, source.max_code)
    step = source.ulp * (2 if function == "tanh" else 1)
    positive = [_of_power(function, power) for power in _powers(step, farthest)]
    mirror: Callable[[Enclosure], Enclosure] = (
        (lambda pair: (-pair[1], -pair[0]))
        if function == "tanh"
        else (lambda pair: (_ONE - pair[1], _ONE - pair[0]))
    )
    for code in range(source.min_code, source.max_code + 1):
        yield positive[code] if code >= 0 else mirror(positive[-code])


def _of_power(function: str, power: Enclosure) -> Enclosure:
    """Return a function of x >= 0 from ``e = exp(-x)``, or from ``exp(-2 x)`` for tanh."""
    low, high = power
    if function == "tanh":  # (1 - e) / (1 + e), which falls as e grows
        return ((_ONE - high) << _BITS) // (_ONE + high), -(
            -((_ONE - low) << _BITS) // (_ONE + low)
        )
    return (_ONE << _BITS) // (_ONE + high), -(-(_ONE << _BITS) // (_ONE + low))


def _powers(step: Fraction, count: int) -> Iterator[Enclosure]:
    """Yield what ``exp(-k step)`` is between, for k up to a count."""
    low, high = _exponential_of(step)
    power = _ONE, _ONE
    for _ in range(count + 1):
        yield power
        power = power[0] * low >> _BITS, (power[1] * high >> _BITS) + 1


def _exponential_of(x: Fraction) -> Enclosure:
    """Return what ``exp(-x)`` is between, x > 0: of ``x / 2**n`` below 1/2, squared n times."""
    halvings = 0
    while x > Fraction(1, 2):
        x, halvings = x / 2, halvings + 1
    term, total, count = Fraction(1), Fraction(0), 0
    while term * _ONE > 1 or count % 2:  # an even number of terms: the sum is below
        total, count = total + (-term if count % 2 else term), count + 1
        term = term * x / count
    low, high = _enclosed(total * _ONE)[0], _enclosed((total + term) * _ONE)[1]
    for _ in range(halvings):
        low, high = low * low >> _BITS, (high * high >> _BITS) + 1
    return low, high
