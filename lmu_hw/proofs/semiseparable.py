# SPDX-License-Identifier: Apache-2.0
"""Two recursions as a linear system; see `lmu_hw.network.semiseparable` for the formulas."""

from __future__ import annotations

import numpy as np

from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.proofs.linear_form import Carried, Integers, Linear, floats, largest_error

__all__ = ["linear_semiseparable"]


def linear_semiseparable(update: Semiseparable, state: FixedFormat) -> Linear:
    """Return a semiseparable update as a linear system, for states in a format."""
    d, r = update.order, update.rank
    count = r * (d - 1)  # of the numbers that a recursion narrows
    forward, backward = _forward(update), _backward(update)
    coupling = update.coupling.codes.astype(object)
    rates = [update.decay.format.frac_bits + shift for shift in update.shifts]
    carry = update.carry.format.frac_bits
    # Rows over u, the states, the errors of the forward and of the backward recursion.
    table = np.zeros((d, 1 + d + 2 * count))
    for k, (code, rate) in enumerate(zip(update.decay.codes.tolist(), rates, strict=True)):
        table[k, : 1 + d + count] = -floats(coupling[k].dot(forward[k]), rate + carry * k)
        table[k, 1 + k] = ((1 << rate) - code) / (1 << rate)
        above = floats(backward[k][0], max(rates) + carry * (d - 1 - k))
        table[k, 2 + k : 1 + d] = above[2 + k : 1 + d]
        table[k, 1 + d + count :] = above[1 + d :]
    bits, bounds = update.sum_frac_bits(state), update.sum_bounds(state)
    f_units = [carry * k for k in range(d)]
    b_units = [max(rates) + carry * (d - 1 - k) for k in range(d)]
    recursions = (
        _carried("forward", update.forward, bits.forward, bounds.forward, forward, f_units),
        _carried("backward", update.backward, bits.backward, bounds.backward, backward, b_units),
    )
    ulps = np.repeat([one.format.ulp / state.ulp for one in recursions], count)
    largest = np.repeat([one.error for one in recursions], count)
    return Linear(
        A=table[:, 1 : 1 + d],
        B=table[:, 0],
        noise=(table[:, 1 + d :] * ulps)[:, largest > 0.0],
        largest=largest[largest > 0.0],
        carried=recursions,
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


def _carried(
    name: str, requant: Requant, bits: int, bound: int, rows: list[Integers], units: list[int]
) -> Carried:
    """Return what a recursion carries.

    Parameters
    ----------
    bits, bound : int
        Fraction bits of its sums, and their bound.
    rows : list of d (r, 1 + d + n) Python integers
        Over u, the states, and the n errors of the recursion.
    units : list of int
        Fraction bits of each.
    """
    pairs = zip(rows, units, strict=True)
    table = np.concatenate([floats(row, unit) for row, unit in pairs])
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
