# SPDX-License-Identifier: Apache-2.0
"""Two passes as a linear system; see `lmu_hw.network.two_pass` for the formulas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.proofs.linear_form import Carried, Integers, Linear, floats, largest_error

__all__ = ["linear_two_pass"]

Array = NDArray[np.float64]


def linear_two_pass(update: TwoPass, state: FixedFormat) -> Linear:
    """Return a two-pass update as a linear system, for states in a format."""
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
    return np.stack([floats(row, frac_bits) for row, frac_bits in zip(rows, bits, strict=True)])
