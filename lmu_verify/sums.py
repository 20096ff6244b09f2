# SPDX-License-Identifier: Apache-2.0
"""Worst-case gains: sums over all powers, by a recursion and a bound on all that follows.

With ``x_{j+1} = x_j A^s + r_j`` computed in rounded integers from ``x_0 = c``,
``c A^(sj) = x_j - sum_{l<j} r_l A^(s(j-1-l))``. Every ``r_l A^(sm)`` occurs once when all j are
added up. If no element of r_l is above e_l, then

    sum_j ||c A^(sj) Y||_1  <=  sum_{j<J} ||x_j Y||_1 + rest(x_J) + (e_0 + e_1 + ...) sum_i rest(i)

with ``rest`` what a Gramian shows of all that a row (or row i of the identity) adds. So errors and
tails need one matrix, and any number of steps is possible.

Long windows. Between two samples, s powers apart, ``f(k) = c A^k Y`` is off a straight line by
``sum_v g(k, v) |f(v+1) - 2 f(v) + f(v-1)|`` with ``sum_k g(k, v) = v (s - v) / 2 <= s^2 / 8``. So

    sum_k ||f(k)||_1 <= (s+1)/2 ||f(0)||_1 + s sum_{j>0} ||f(sj)||_1
                        + s^2/8 sum_k ||c A^k (A - I)^2 Y||_1

and the last sum is bounded by a Gramian of its own.

Impulse responses. ``h_k = A^k B`` for a block of k, by doubling; then block after block, times
``A^L``. Each h_k comes from one other by one product with a power of A, and what that product is
off by, e_k, goes on to others at different distances: multiples of L from the second block on. So
``sum_k |c h_k|`` is off by at most ``rest(c) (e_0 + ... + e_{L-1}) + rest_L(c) (e_L + ...)``, with
``rest_L`` a sum over every L-th power, and from k = N on it is at most ``rest(c) max |h_N|``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from lmu_verify.errors import NotShown
from lmu_verify.gramian import Gramian, Source, find_gramian, noise_source, spectral_radius
from lmu_verify.integers import Codes, digit_bits, exact_product, identity, rounded, total
from lmu_verify.powers import Multiplier, Near, matrix_power

__all__ = ["Progress", "System", "early_sums", "power_sums", "response_sums"]

Progress = Callable[[str], None]

_MATRIX_BITS = 44  # fraction bits of x, in int64
_SAMPLES = 8192  # that reach 2**-17 of the first, about; four times as many for each level
_TAIL_BITS = 18  # a recursion ends when its tail is below 2**-18 of the sum
_CHECK_EVERY = 64
_CHECK_SHARE = 8  # of the samples so far, after which the tail is looked at again
_MAX_SAMPLES = 1 << 21
_BEND_SLACK = 2.0**-20
_BLOCK = 512  # steps of an impulse response, at least
_ELEMENTS = 1 << 16  # of a block of more
_COARSE_BITS = 80  # of small ones in int64, at most
_FINE_BITS = 112  # of responses that int64 cannot tell from each other
_SUM_SHIFT = 10  # bits below the unit of sums over columns
_HALF = 30  # bits of the lower half of an int64


class System:
    """A memory ``x[t] = A x[t-1] + B u[t] + e[t] + N n[t]``; `paths` is N."""

    def __init__(self, name: str, a: Codes, b: Codes, paths: Codes | None = None) -> None:
        self.name, self.a, self.b, self.paths = name, a, b, paths
        self.order = len(a.codes)
        self._powers = {1: (a, Fraction(0))}
        self._multipliers: dict[tuple[int, int], Multiplier] = {}

    @cached_property
    def horizon(self) -> int:
        """Steps after which about 2**-17 is left, as float64 finds them."""
        return int(12.0 / (1.0 - min(spectral_radius(self.a), 1.0 - 2.0**-40)))

    @cached_property
    def source(self) -> Source:
        """Of everything that is rounded."""
        return noise_source(self.order, self.paths)

    @cached_property
    def gramian(self) -> Gramian:
        """Bounds of all rows."""
        return find_gramian(self.name, self.a, self.source)

    @cached_property
    def bend(self) -> Gramian:
        """Bounds of second differences of all rows."""
        change = total(self.a, Codes(-identity(self.order).codes, 0))
        second = exact_product(change, change)
        z = exact_product(second, self.source.z, second.T)
        return find_gramian(self.name, self.a, Source(z, self.source.weight), _BEND_SLACK)

    def power(self, exponent: int) -> Near:
        """Return ``A**exponent`` for a power of two; kept."""
        if exponent not in self._powers:
            self._powers[exponent] = matrix_power(self.power(exponent // 2), 2)
        return self._powers[exponent]

    def forward(self, exponent: int, bits: int) -> Multiplier:
        """Return what takes rows ``h'`` to ``(A**exponent h)'``, for a power of two; kept."""
        key = exponent, bits
        if key not in self._multipliers:
            power, error = self.power(exponent)
            self._multipliers[key] = multiply = Multiplier(power.T, bits)
            multiply.matrix_error += error
        return self._multipliers[key]

    def errors(self, step: int) -> Fraction:
        """Return what an error of 1 in every state adds to a sum over all ``A^(step m) [I N]``."""
        return sum(self.gramian.sums(identity(self.order), step), Fraction(0))


def power_sums(
    system: System,
    rows: Codes,
    progress: Progress,
    *,
    level: int = 0,
    enough: Sequence[Fraction] | None = None,
) -> list[Fraction]:
    """Return upper bounds of ``sum_k ||c A^k [I N]||_1`` for each row c, closer by the level.

    Parameters
    ----------
    system : System
    rows : Codes
    progress : callable
    level : int
    enough : sequence of Fraction, optional
        For each row, a bound that will do: it is followed no further when that is reached.
    """
    step = max(1, system.horizon // (_SAMPLES << 2 * level))
    power, power_error = matrix_power(system.power(1), step)
    largest = int(np.abs(rows.codes).max(initial=0)) >> rows.bits
    bits = _MATRIX_BITS - largest.bit_length()
    if bits < 8:
        raise NotShown(f"{system.name}: what reads it is too large for this check")
    start, start_error = rounded(rows, bits)
    x = (start.codes << (bits - start.bits)).astype(np.int64)
    multiply, paths = Multiplier(power, bits), _Paths(system)
    multiply.matrix_error += power_error
    bends = system.bend.sums(rows) if step > 1 else [Fraction(0)] * len(x)
    reached, unit = system.errors(step), Fraction(1, 1 << bits)
    left = np.arange(len(x))
    bounds = [Fraction(0)] * len(x)
    sums, norms = np.zeros((2, len(x)), dtype=object)  # twice the sum; 1-norms
    look = 0 if enough is not None else _CHECK_EVERY
    for sample in range(_MAX_SAMPLES):
        if sample == look:
            look = sample + max(_CHECK_EVERY, sample // _CHECK_SHARE)
            if sample:
                progress(f"{system.name}: power {step * sample:,} of A")
            tails = system.gramian.sums(Codes(x.astype(object), bits), step)
            errors = multiply.error(norms, sample)
            more = np.ones(len(left), dtype=bool)
            for place, row in enumerate(left.tolist()):
                done, tail = int(sums[place]), tails[place]
                bounds[row] = (
                    unit * done / 2
                    + step * (tail + (start_error + errors[place]) * reached)
                    + Fraction(step**2, 8) * bends[row]
                )
                more[place] = 2 * step * tail * (1 << (bits + _TAIL_BITS)) > done and (
                    enough is None or bounds[row] > enough[row]
                )
            if not more.any():
                return bounds
            left, x, sums, norms = left[more], x[more], sums[more], norms[more]
        own = np.abs(x).sum(axis=1).astype(object)
        sums += (2 * step if sample else step + 1) * (own + paths.sums(x, own))
        norms += own
        x = multiply(x)
    raise NotShown(f"the powers of A do not vanish within {_MAX_SAMPLES * step:,} steps")


class _Paths:
    """Upper bounds of ``||x N||_1``: one digit of x and of N, and what that leaves out."""

    def __init__(self, system: System) -> None:
        self.columns = 0 if system.paths is None else system.paths.codes.shape[1]
        if system.paths is None or not self.columns:
            return
        self.width = digit_bits(system.order) - 1
        largest = int(np.abs(system.paths.codes).max())
        self.bits = self.width - largest.bit_length() + system.paths.bits
        codes, _ = rounded(system.paths, self.bits)
        self.bits = codes.bits
        self.digits = codes.codes.astype(np.float64)
        self.weight = int(np.abs(codes.codes).sum())

    def sums(self, x: np.ndarray, norms: np.ndarray) -> np.ndarray | int:
        """Return the bounds for rows of int64 with their 1-norms, in units of x."""
        if not self.columns:
            return 0
        shift = max(0, int(np.abs(x).max()).bit_length() - self.width)
        digit = ((x + ((1 << shift) >> 1)) >> shift).astype(np.float64)
        products = np.abs((digit @ self.digits).astype(np.int64)) >> _SUM_SHIFT
        near = (products.sum(axis=1).astype(object) + self.columns) << (shift + _SUM_SHIFT)
        off = ((self.weight << shift) + norms * self.columns) // 2 + 1
        if self.bits < 0:
            return (near + off) << -self.bits
        return ((near + off) >> self.bits) + 1


def response_sums(
    parts: Sequence[tuple[System, Codes | None]], progress: Progress, *, level: int = 0
) -> list[Fraction]:
    """Return upper bounds of ``sum_k |C A^k B|``, or of the same for a difference of two.

    Parameters
    ----------
    parts : sequence of (System, C)
        The first, and the one that is subtracted from it; None reads the states.
    level : int
        In int64 at 0, above in integers of any length.
    """
    return early_sums(parts, progress, level=level, steps=0)[0]


def early_sums(
    parts: Sequence[tuple[System, Codes | None]], progress: Progress, *, level: int, steps: int
) -> tuple[list[Fraction], list[Fraction]]:
    """Return the same, and upper bounds of the sums over k < `steps`."""
    fine = level > 0
    bits = _FINE_BITS * level if fine else min(_coarse_bits(system) for system, _ in parts)
    block = min(_block(system) for system, _ in parts)
    responses = [_Response(system, rows, bits, block, fine) for system, rows in parts]
    least = Fraction(1, 1 << (bits - 16))
    sums: Any = 0
    early: Any = 0
    while True:
        first, *rest = (response.outputs() for response in responses)
        apart = np.abs(first - rest[0] if rest else first)
        sums = sums + _column_sums(apart)
        left = max(steps - responses[0].steps, 0)
        early = early + _column_sums(apart[:left])
        for response in responses:
            response.advance()
        progress(f"{responses[0].name}: step {responses[0].steps:,} of the impulse response")
        tails = [
            sum(tail, Fraction(0)) for tail in zip(*(one.tails() for one in responses), strict=True)
        ]
        found = [Fraction(int(value), 1 << bits) for value in sums]
        enough = zip(tails, found, strict=True)
        if all(tail <= max(least, value / (1 << _TAIL_BITS)) for tail, value in enough):
            break
        if responses[0].steps > _MAX_SAMPLES * block:
            raise NotShown("the impulse response does not vanish")
    errors = [
        sum(error, Fraction(0)) for error in zip(*(one.errors() for one in responses), strict=True)
    ]
    always = [sum(three, Fraction(0)) for three in zip(found, tails, errors, strict=True)]
    # What the first steps add beyond the last block is no more than all that follows it.
    ended = [Fraction(0)] * len(tails) if steps <= responses[0].steps else tails
    begun = (Fraction(int(value), 1 << bits) for value in early)
    return always, [sum(three, Fraction(0)) for three in zip(begun, ended, errors, strict=True)]


def _column_sums(x: np.ndarray) -> np.ndarray:
    """Return exact sums over the rows, of int64 in two halves so that they fit."""
    low = x & ((1 << _HALF) - 1)
    high = (x >> _HALF).sum(axis=0).astype(object)
    return (high << _HALF) + low.sum(axis=0).astype(object)


def _coarse_bits(system: System) -> int:
    """Return fraction bits with which int64 holds a response, most likely."""
    largest = max(Codes(system.b.codes[:, None], system.b.bits).row_sums())
    heaviest = max(*system.a.row_sums(), *system.a.T.row_sums(), Fraction(system.order))
    return max(24, min(_COARSE_BITS, 57 - _magnitude(4 * largest * heaviest)))


def _block(system: System) -> int:
    """Return how many steps of a response to take at once, a power of two."""
    block = _BLOCK
    while 16 * block <= system.horizon and 2 * block * system.order <= _ELEMENTS:
        block *= 2
    return block


def _magnitude(value: Fraction) -> int:
    """Return the least e >= -40 with ``value < 2**e``."""
    return int(value * (1 << 40)).bit_length() - 40


class _Response:
    """``h_k = A^k B`` as the rows of a block, (steps, d), what reads it, and all errors so far."""

    def __init__(
        self, system: System, rows: Codes | None, bits: int, block: int, fine: bool
    ) -> None:
        self.name, self.bits = system.name, bits
        b, error = rounded(system.b, bits)
        kind = object if fine else np.int64
        start = b.codes[None, :] << (bits - b.bits)
        if not fine and int(np.abs(start).max()) >> 60:
            raise NotShown(f"{system.name}: B is too large for the arithmetic of this check")
        self.block = start.astype(kind)
        self.lost, self.misread = error, Fraction(0)
        self.steps, exponent = 0, 1
        while len(self.block) < block:
            multiply = system.forward(exponent, bits)
            self.block = np.concatenate([self.block, self._product(multiply)])
            exponent *= 2
        self.multiply = system.forward(exponent, bits)
        read = identity(system.order) if rows is None else rows
        self.reached, self.stepped = (system.gramian.sums(read, s) for s in (1, exponent))
        self.begun, self.lost = self.lost, Fraction(0)
        self.read = None if rows is None else Multiplier(rows.T, bits)

    def _product(self, multiply: Multiplier) -> np.ndarray:
        norms = np.array([np.abs(self.block).sum(axis=1).astype(object).sum()], dtype=object)
        self.lost += multiply.error(norms, len(self.block))[0]
        return multiply(self.block)

    def outputs(self) -> np.ndarray:
        """Return what is read of the block, (steps, rows)."""
        if self.read is None:
            return self.block
        norms = np.array([np.abs(self.block).sum(axis=1).astype(object).sum()], dtype=object)
        self.misread += self.read.error(norms, len(self.block))[0]
        return self.read(self.block)

    def advance(self) -> None:
        """Go on to the next block."""
        self.steps += len(self.block)
        self.block = self._product(self.multiply)

    def tails(self) -> list[Fraction]:
        """Return bounds of what the current block and all later ones add to each sum."""
        largest = Fraction(int(np.abs(self.block[0]).max()), 1 << self.bits)
        return [reached * largest for reached in self.reached]

    def errors(self) -> list[Fraction]:
        """Return what rounding may have changed of each sum."""
        both = zip(self.reached, self.stepped, strict=True)
        return [one * self.begun + step * self.lost + self.misread for one, step in both]
