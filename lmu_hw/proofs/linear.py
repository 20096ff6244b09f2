# SPDX-License-Identifier: Apache-2.0
"""Structured memories as linear systems, so that all that is proved of dense ones holds for them.

    x[t] = A x[t-1] + B u[t] + e[t] + N n[t]

e is what the narrowing of the states drops; n is what the narrowings inside the update drop, and N
is how that reaches the states. A, B and N follow from the codes as rational numbers, which are
computed exactly and rounded to float64 once: every number here is within ``2**-53`` of itself. As a
code never exceeds its format, whatever happened before, what that changes of a step is bounded, and
counts as one more error of the step (`Linear.off`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Requant, Rounding
from lmu_hw.network import MemoryNode, Scan, Semiseparable, TwoPass
from lmu_hw.proofs.float_bounds import inflate

__all__ = ["Carried", "Linear", "largest_error", "linear"]

Array = NDArray[np.float64]
Integers = NDArray[Any]
"""Python integers, of any length."""

_UNIT = 2.0**-53
_CACHED = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carried:
    """Numbers that an update computes on its way: each is ``states . x[t-1] + source u[t]``.

    Attributes
    ----------
    name : str
        As messages write it, behind the name of the memory.
    format : FixedFormat
        Which they never leave: overflow is forbidden.
    accumulator : int
        Bound of the sums that are narrowed, partial ones included.
    error : float
        Largest error of the narrowing, in ulp; 0 if it drops nothing.
    states : (m, d) float64
    source : (m,) float64
    own : (m,) float64
        What narrowing inside the update can add to each, as a value.
    """

    name: str
    format: FixedFormat
    accumulator: int
    error: float
    states: Array
    source: Array
    own: Array

    def reach(self, states: Array | float, source: float) -> Array:
        """Return what no number exceeds, (m,), for bounds of the states, (d,), and of u; values."""
        d = self.states.shape[1]
        bounds = np.abs(self.states) @ np.broadcast_to(states, d) + np.abs(self.source) * source
        return inflate(bounds + self.own)

    def off(self, states: float, source: float) -> Array:
        """Return what float64 changes of each number at most, (m,), for bounds as in `reach`."""
        return inflate(_UNIT * (self.reach(states, source)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linear:
    """A structured memory as a linear system.

    Attributes
    ----------
    A, B : (d, d), (d,) float64
    noise : (d, n) float64
        N, in ulp of the states for an error of one ulp of the number that is narrowed.
    largest : (n,) float64
        Largest error of each of these narrowings, in its ulp; none is 0.
    carried : tuple of Carried
    coefficient_bits : int
        Width of the widest coefficient.
    """

    A: Array
    B: Array
    noise: Array
    largest: Array
    carried: tuple[Carried, ...]
    coefficient_bits: int

    def off(self, states: float, source: float, ulp: float) -> float:
        """Return what float64 changes of a state in a step at most, in ulp of the states.

        Parameters
        ----------
        states, source : float
            Largest magnitudes that states and u can have; values.
        ulp : float
            Of the states.
        """
        read = np.abs(self.A).sum(axis=1) * states + np.abs(self.B) * source
        dropped = np.abs(self.noise) @ self.largest
        return float(inflate(_UNIT * inflate(read / ulp + dropped)).max())


def largest_error(rounding: Rounding) -> float:
    """Return the largest error of a narrowing, in ulp."""
    return 0.5 if rounding in (Rounding.HALF_UP, Rounding.HALF_EVEN) else 1.0


@lru_cache(maxsize=_CACHED)
def linear(node: MemoryNode) -> Linear:
    """Return a structured memory as a linear system; cached."""
    match node.update:
        case Semiseparable():
            return _semiseparable(node.update, node.requant.format)
        case Scan():
            return _scan(node.update, node.requant.format)
        case TwoPass():
            return _two_pass(node.update, node.requant.format)


def _semiseparable(update: Semiseparable, state: FixedFormat) -> Linear:
    """Return two sweeps as a linear system; see `lmu_hw.network.memory` for the formulas."""
    d, r = update.order, update.rank
    count = r * (d - 1)  # of the numbers that a sweep narrows
    forward, backward = _forward(update), _backward(update)
    coupling = update.coupling.codes.astype(object)
    rates = [update.decay.format.frac_bits + shift for shift in update.shifts]
    carry = update.carry.format.frac_bits
    # Rows over u, the states, the errors of the forward and of the backward sweep.
    table = np.zeros((d, 1 + d + 2 * count))
    for k, (code, rate) in enumerate(zip(update.decay.codes.tolist(), rates, strict=True)):
        table[k, : 1 + d + count] = -_floats(coupling[k].dot(forward[k]), rate + carry * k)
        table[k, 1 + k] = ((1 << rate) - code) / (1 << rate)
        above = _floats(backward[k][0], max(rates) + carry * (d - 1 - k))
        table[k, 2 + k : 1 + d] = above[2 + k : 1 + d]
        table[k, 1 + d + count :] = above[1 + d :]
    bits, bounds = update.sum_frac_bits(state), update.sum_bounds(state)
    f_units = [carry * k for k in range(d)]
    b_units = [max(rates) + carry * (d - 1 - k) for k in range(d)]
    sweeps = (
        _carried("forward", update.forward, bits.forward, bounds.forward, forward, f_units),
        _carried("backward", update.backward, bits.backward, bounds.backward, backward, b_units),
    )
    ulps = np.repeat([one.format.ulp / state.ulp for one in sweeps], count)
    largest = np.repeat([one.error for one in sweeps], count)
    return Linear(
        A=table[:, 1 : 1 + d],
        B=table[:, 0],
        noise=(table[:, 1 + d :] * ulps)[:, largest > 0.0],
        largest=largest[largest > 0.0],
        carried=sweeps,
        coefficient_bits=max(update.decay.format.width, update.carry.format.width),
    )


def _forward(update: Semiseparable) -> list[Integers]:
    """Return each f[k] over u, the states, and the errors of f[1], f[2], ...

    Returns
    -------
    list of (r, 1 + d + r (d-1)) Python integers
        In units of ``2**(-k w)``, with w the fraction bits of W.
    """
    d, r, w = update.order, update.rank, update.carry.format.frac_bits
    f = np.zeros((r, 1 + d + r * (d - 1)), dtype=object)
    f[0, 0] = -1
    found = [f]
    for k, W in enumerate(update.carry.codes[:-1].astype(object)):
        f = W.dot(f)
        f[0, 1 + k] += 1 << w * (k + 1)
        f[:, 1 + d + r * k : 1 + d + r * (k + 1)] += np.eye(r, dtype=object) << w * (k + 1)
        found.append(f)
    return found


def _backward(update: Semiseparable) -> list[Integers]:
    """Return each b[k] over u, the states, and the errors of b[0], b[1], ..., b[d-2].

    Returns
    -------
    list of (r, 1 + d + r (d-1)) Python integers
        In units of ``2**(-s - (d-1-k) w)``, with w the fraction bits of W, and s those of the row
        of D and U that has most.
    """
    d, r, w = update.order, update.rank, update.carry.format.frac_bits
    most = update.decay.format.frac_bits + update.max_shift
    b = np.zeros((r, 1 + d + r * (d - 1)), dtype=object)
    found = [b]
    for k in range(d - 1, 0, -1):
        unit = w * (d - k)
        b = -update.carry.codes[k].astype(object).T.dot(b)
        b[:, 1 + k] += (
            update.coupling.codes[k].astype(object) << update.max_shift - update.shifts[k] + unit
        )
        b[:, 1 + d + r * (k - 1) : 1 + d + r * k] += np.eye(r, dtype=object) << most + unit
        found.append(b)
    return found[::-1]


def _floats(integers: Integers, frac_bits: int) -> Array:
    """Return ``integers * 2**-frac_bits``, correctly rounded."""
    unit = 1 << frac_bits
    return np.array([int(x) / unit if x else 0.0 for x in integers.flat]).reshape(integers.shape)


def _carried(
    name: str, requant: Requant, bits: int, bound: int, rows: list[Integers], units: list[int]
) -> Carried:
    """Return what a sweep carries.

    Parameters
    ----------
    bits, bound : int
        Fraction bits of its sums, and their bound.
    rows : list of d (r, 1 + d + n) Python integers
        Over u, the states, and the n errors of the sweep.
    units : list of int
        Fraction bits of each.
    """
    pairs = zip(rows, units, strict=True)
    table = np.concatenate([_floats(row, unit) for row, unit in pairs])
    d = len(rows)
    error = largest_error(requant.rounding) if bits > requant.format.frac_bits else 0.0
    return Carried(
        name=name,
        format=requant.format,
        accumulator=bound,
        error=error,
        states=table[:, 1 : 1 + d],
        source=table[:, 0],
        own=np.abs(table[:, 1 + d :]).sum(axis=1) * (error * requant.format.ulp),
    )


def _scan(update: Scan, state: FixedFormat) -> Linear:
    """Return a memory by running sums as a linear system: nothing inside it is narrowed."""
    d = update.order
    A, B = update.matrices()
    integers, source = update.integers()
    integers[np.diag_indices(d)] -= 1 << update.rate.format.frac_bits
    running = Carried(
        name="running sum",
        format=update.running,
        accumulator=update.sum_bounds(state).running,
        error=0.0,
        states=integers / update.factors[:, None],  # the signs of a row
        source=source / update.factors,
        own=np.zeros(d),
    )
    return Linear(
        A=A,
        B=B,
        noise=np.zeros((d, 0)),
        largest=np.zeros(0),
        carried=(running,),
        coefficient_bits=int(update.factors[-1]).bit_length(),
    )


def _two_pass(update: TwoPass, state: FixedFormat) -> Linear:
    """Return two passes as a linear system; see `lmu_hw.network.two_pass` for the formulas."""
    d, rate, fine = update.order, update.rate.format.frac_bits, update.closing.format.frac_bits
    running, bounds = update.running, update.sum_bounds(state)
    G, H = update.closing.codes.tolist()
    # Columns: u, the states, the errors of the first pass, of T, and of the second pass.
    unit = np.eye(3 * d + 2, dtype=object)
    u, m, errors = unit[0], unit[1 : 1 + d], unit[1 + d :]
    s, z, bits = _pass(update, (0 * u, 0 * u), m, errors[:d], 0)
    first = _table([*s, *z], [*bits, *bits[1:]])
    start = bits[d] + fine
    T = G * (s[d] + (s[d - 1] << rate)) // 2 + (H * u << bits[d]) + (errors[d] << start)
    s, z, bits = _pass(update, ((u << start) - T, (-u << start) - T), m, errors[d + 1 :], start)
    second = _table([*s, *z], [*bits, *bits[1:]])
    factors = update.factors.tolist()
    step = _table([(m[i] << bits[i + 1]) + 2 * factors[i] * s[i] for i in range(d)], bits[1:])
    error = largest_error(running.rounding)

    def carried(name: str, table: Array, bound: int) -> Carried:
        return Carried(
            name=name,
            format=running.format,
            accumulator=bound,
            error=error,
            states=table[:, 1 : 1 + d],
            source=table[:, 0],
            own=np.abs(table[:, 1 + d :]).sum(axis=1) * (error * running.format.ulp),
        )

    return Linear(
        A=step[:, 1 : 1 + d],
        B=step[:, 0],
        noise=step[:, 1 + d :] * (running.format.ulp / state.ulp),
        largest=np.full(2 * d + 1, error),
        carried=(
            carried("first pass", first, bounds.mean),
            carried("closing", _table([T], [start]), bounds.closing),
            carried("second pass", second, bounds.mean),
        ),
        coefficient_bits=max(int(update.factors[-1]).bit_length(), update.closing.format.width),
    )


def _pass(
    update: TwoPass, start: tuple[Integers, Integers], m: Integers, errors: Integers, frac_bits: int
) -> tuple[list[Integers], list[Integers], list[int]]:
    """Return s[0] ... s[d] and z[0] ... z[d-1] of a pass, and the fraction bits of each s.

    z[i] has those of s[i+1].

    Parameters
    ----------
    start : (s[0], s[1] without z[0])
        Python integers of `frac_bits` fraction bits.
    m, errors : (d, n) Python integers
        States, and what the narrowings of z add.
    """
    rate = update.rate.format.frac_bits
    s, before = [start[0]], start[1] << rate
    z, bits = [], [frac_bits]
    for i, factor in enumerate(update.factors.tolist()):
        bits.append(bits[i] + rate)
        z.append(((m[i] + errors[i]) << bits[i + 1]) + factor * s[i])
        s.append(before + 2 * z[i])
        before = s[i] << 2 * rate
    return s, z, bits


def _table(rows: list[Integers], bits: list[int]) -> Array:
    """Return rows of Python integers with their fraction bits as floats, correctly rounded."""
    return np.stack([_floats(row, one) for row, one in zip(rows, bits, strict=True)])
