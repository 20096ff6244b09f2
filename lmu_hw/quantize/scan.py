# SPDX-License-Identifier: Apache-2.0
"""Integers and formats of the forward Euler memory by running sums."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu.scan import smallest_euler_window
from lmu_hw.network import Codes
from lmu_hw.network.scan import Scan
from lmu_hw.proofs import StabilityError
from lmu_hw.proofs.gains import gains_of, input_gain

__all__ = ["largest_sum", "rate_code", "running_format", "scan_update"]

Array = NDArray[np.float64]

_WIDEST = 32


def scan_update(
    order: int,
    theta: float,
    *,
    rate_bits: int,
    state: Requant,
    source: FixedFormat,
    running_bits: int | None = None,
    where: str,
) -> Scan:
    """Return the integers of a forward Euler memory.

    Parameters
    ----------
    order : int
    theta : float
        Window in steps; the one realized is `Scan.theta`, which is the same for a power of two.
    rate_bits : int
        Bits of the code K that stands for the window.
    state : Requant
        The narrowing of the states.
    source : FixedFormat
        Of u. The running sum gets the integer bits that hold it for all states and u of their
        formats, or those that it can reach if no state overflows and the narrowing forbids it.
    running_bits : int, optional
        Integer bits that it has at least.
    where : str
        Names the memory in messages.

    Raises
    ------
    ConfigError
        If `rate_bits` is less than 1, or the window is too short for a rate below 1.
    StabilityError
        If forward Euler is not stable for the window, as it is or as rounded; names the smallest
        for which it is.
    """
    limit = smallest_euler_window(order)
    if not theta > limit:
        raise StabilityError(
            f"{where}: forward Euler must have a window above {_up(limit):g} steps to be stable at "
            f"order {order}, not {theta:g}; set `realization` to semiseparable or dense"
        )
    rate = rate_code(1.0 / theta, rate_bits, where=where)
    wide = FixedFormat(
        signed=True, int_bits=0, frac_bits=max(state.format.frac_bits, source.frac_bits)
    )
    update = Scan(order=order, rate=rate, running=wide)
    if not update.theta > limit:
        bits = next((n for n in _wider(rate_bits) if 1 / _nearest(1.0 / theta, n) > limit), None)
        raise StabilityError(
            f"{where}: forward Euler must have a window above {_up(limit):g} steps to be stable at "
            f"order {order}, but rounding its rate to {rate_bits} bits makes it "
            f"{float(update.theta):g}; "
            + (f"give it {bits} `memory_bits`" if bits else "set `realization` to dense")
        )
    A, B = update.matrices()
    # (2i+1) s[i] / theta is the change of state i.
    scale = update.factors * rate.format.ulp
    rows = np.column_stack([A - np.eye(order), B]) / scale[:, None]
    largest = largest_sum((A, B), rows, source, state)
    running = running_format(largest, wide.frac_bits, running_bits)
    return Scan(order=order, rate=rate, running=running)


def rate_code(rate: float, bits: int, *, where: str) -> Codes:
    """Return the code of at most `bits` bits that is closest to a rate, with no trailing zeros.

    Raises
    ------
    ConfigError
        If `bits` is less than 1, or the rate is not below 1.
    """
    if bits < 1:
        raise ConfigError(f"{where}: its rate must have at least 1 bit, not {bits}")
    if rate >= 1.0:
        raise ConfigError(
            f"{where}: its rate must be below 1, not {rate:g}, as the window is too short for "
            "running sums; set `realization` to semiseparable or dense"
        )
    nearest = _nearest(rate, bits)
    if nearest >= 1:
        wider = next((n for n in _wider(bits) if _nearest(rate, n) < 1), None)
        raise ConfigError(
            f"{where}: its rate of {rate:g} must not round to 1, as it does with {bits} bits; "
            + (f"give it {wider} `memory_bits`" if wider else "set `realization` to dense")
        )
    code, frac_bits = nearest.numerator, nearest.denominator.bit_length() - 1
    width = code.bit_length()
    fmt = FixedFormat.of_width(width, signed=False, int_bits=width - frac_bits)
    return Codes(codes=np.array([code]), format=fmt)


def _nearest(rate: float, bits: int) -> Fraction:
    """Return the fraction with a numerator of at most `bits` bits that is closest to a rate."""
    exponent = int(np.frexp(rate)[1])
    code = int(np.rint(np.ldexp(rate, bits - exponent)))
    return code * Fraction(2) ** (exponent - bits)


def _wider(bits: int) -> range:
    return range(bits + 1, _WIDEST + 1)


def _up(limit: float) -> float:
    """Return a window that is enough, of one decimal."""
    return math.ceil(10.0 * limit) / 10.0


def largest_sum(
    memory: tuple[Array, Array], rows: Array, source: FixedFormat, state: Requant
) -> float:
    """Return about how far some sums of states and input reach, for all inputs and all time.

    What the roundings of few bits add to other sums than the largest is left to the proof.

    From the formats, or, where overflow of the states is forbidden, from the worst-case gains of
    the memory, rounding of the states included, if that is less.

    Parameters
    ----------
    memory : A (d, d), B (d,) float64
    rows : (n, d + 1) float64
        What each sum takes of the states before a step, and of u.
    source : FixedFormat
        Of u.
    state : Requant
        The narrowing of the states.
    """
    A, B = memory
    states, through = np.ascontiguousarray(rows[:, :-1]), np.abs(rows[:, -1])
    size = np.abs(states).sum(axis=1)
    u = source.max_magnitude * source.ulp
    held = float(np.max(size * state.format.max_magnitude * state.format.ulp + through * u))
    if state.overflow is not Overflow.FORBID:
        return held
    try:
        gains = gains_of(A, what="memory")
    except StabilityError:
        return held
    heard = through + input_gain(A, B, gains.lyapunov, size * gains.rounding.max(), states)
    worst = int(np.argmax(heard))
    error = state.format.ulp * (1.0 if state.rounding is Rounding.FLOOR else 0.5)
    reached = heard[worst] * u + gains.readout(states[worst : worst + 1])[0] * error
    return min(held, float(reached))


def running_format(largest: float, frac_bits: int, least: int | None = None) -> FixedFormat:
    """Return the signed format that holds ``+-largest``, of no fewer integer bits than `least`."""
    int_bits = int(np.frexp(largest + 2.0**-frac_bits)[1])
    if least is not None:
        int_bits = max(int_bits, least)
    return FixedFormat(signed=True, int_bits=int_bits, frac_bits=frac_bits)
