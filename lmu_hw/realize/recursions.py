# SPDX-License-Identifier: Apache-2.0
"""Formats and codes of the two recursions of a semiseparable memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import quantize
from lmu_hw.lmu import Generators
from lmu_hw.network import Codes
from lmu_hw.network.semiseparable import Semiseparable

__all__ = ["RecursionFormats", "dequantized", "recursion_formats", "semiseparable_update"]

Array = NDArray[np.float64]

_MAX_ROW_SHIFT = 15

# While every state is proved to be below 1, |f| <= 2 and |b| <= 1/4 for rank 1 (docs/memory.md);
# the guard bits keep what the recursions drop below what the states drop.
_FORWARD_GUARD, _BACKWARD_GUARD = 1, 3

_WIDEST_SWEEP = 48
"""Without proved states, intervals may say nothing; then the range must be proved by gains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecursionFormats:
    """Formats of a semiseparable update: of D and U, of W, of f and of b."""

    rates: FixedFormat
    carry: FixedFormat
    forward: FixedFormat
    backward: FixedFormat


def recursion_formats(
    generators: Generators, bits: int, state: FixedFormat, source: FixedFormat, *, where: str
) -> RecursionFormats:
    """Return the formats of a semiseparable update whose coefficients have `bits` bits.

    The recursions get as many integer bits as their formats need whatever the states do; where the
    range of the states is proved, `proved_recursions` needs fewer.

    Parameters
    ----------
    generators : Generators
    bits : int
    state, source : FixedFormat
        Of the states, and of u, with which the forward recursion starts.
    where : str
        Names the memory in messages.

    Raises
    ------
    ConfigError
        If all coefficients of a kind would round to zero.
    """
    rows = np.column_stack([generators.decay, generators.coupling])
    rates = _coefficients(rows, bits, where=f"{where}: decay and coupling")
    carry = _coefficients(generators.carry[:-1], bits, where=f"{where}: carry")
    forward, backward = _reach(generators)
    limit = 2.0**state.int_bits
    return RecursionFormats(
        rates=rates,
        carry=carry,
        forward=_recursion(
            forward * limit, max(state.frac_bits + _FORWARD_GUARD, source.frac_bits)
        ),
        backward=_recursion(backward * limit, state.frac_bits + _BACKWARD_GUARD),
    )


def _coefficients(values: Array, bits: int, *, where: str) -> FixedFormat:
    """Return the format of `bits` bits with the smallest ulp that holds all values."""
    largest = float(np.abs(values).max(initial=0.0))
    signed = bool((values < 0.0).any())
    if largest == 0.0:
        return FixedFormat.of_width(bits, signed=False, int_bits=0)
    int_bits = int(np.frexp(largest)[1]) - 1
    fmt = FixedFormat.of_width(bits, signed=signed, int_bits=int_bits)
    while largest >= fmt.max_value + fmt.ulp / 2:
        int_bits += 1
        fmt = FixedFormat.of_width(bits, signed=signed, int_bits=int_bits)
    if fmt.frac_bits < 0:
        raise ConfigError(
            f"{where}: {bits} bits are too few: an ulp must be at most 1, and the largest "
            f"coefficient is {largest:.6g}; give the memory {bits - fmt.frac_bits} bits or more"
        )
    if largest < fmt.ulp / 2:
        raise ConfigError(f"{where}: {bits} bits are too few: all would round to zero")
    return fmt


def _reach(generators: Generators) -> tuple[float, float]:
    """Return the largest |f| and |b| for |u| <= 1 and |x| <= 1, whatever x is."""
    carry = np.abs(generators.carry)
    f, forward = np.eye(generators.rank)[0], 1.0
    for W in carry[:-1]:
        f = W @ f
        f[0] += 1.0
        forward = max(forward, float(f.max()))
    b, backward = np.zeros(generators.rank), 0.0
    for U, W in zip(np.abs(generators.coupling[:0:-1]), carry[:0:-1], strict=True):
        b = W.T @ b + U
        backward = max(backward, float(b.max()))
    return forward, backward


def _recursion(largest: float, frac_bits: int) -> FixedFormat:
    """Return the signed format that holds +-largest with room for rounding, if there is one."""
    int_bits = int(np.frexp(largest * (1.0 + 2.0**-6) + 2.0 ** (1 - frac_bits))[1])
    int_bits = min(int_bits, _WIDEST_SWEEP - frac_bits)
    return FixedFormat(signed=True, int_bits=int_bits, frac_bits=frac_bits)


def semiseparable_update(
    generators: Generators, formats: RecursionFormats, *, row_shifts: bool, where: str
) -> Semiseparable:
    """Return the integers of a semiseparable update.

    Parameters
    ----------
    generators : Generators
    formats : RecursionFormats
    row_shifts : bool
        Give D and U of each state their own power-of-two scale.
    where : str
        Names the memory in messages.

    Raises
    ------
    ConfigError
        If a coefficient does not fit its format.
    """
    for kind, fmt in (("rates", formats.rates), ("carry", formats.carry)):
        if fmt.frac_bits < 0:
            raise ConfigError(f"{where}: an ulp of its {kind} must be at most 1, not that of {fmt}")
    rows = np.column_stack([generators.decay, generators.coupling])
    shifts = _shifts(rows, formats.rates) if row_shifts else np.zeros(len(rows), np.int64)
    scaled = rows * 2.0 ** shifts[:, None]
    rates = _codes(scaled, formats.rates, f"{where}: decay and coupling")
    carry = generators.carry.copy()
    carry[-1] = 0.0
    return Semiseparable(
        decay=Codes(codes=rates[:, 0], format=formats.rates),
        coupling=Codes(codes=rates[:, 1:], format=formats.rates),
        carry=Codes(codes=_codes(carry, formats.carry, f"{where}: carry"), format=formats.carry),
        shifts=tuple(int(shift) for shift in shifts),
        forward=_forbidding(formats.forward),
        backward=_forbidding(formats.backward),
    )


def dequantized(update: Semiseparable) -> Generators:
    """Return the generators that the codes of an update stand for."""
    ulps = 2.0 ** -(update.decay.format.frac_bits + np.array(update.shifts))
    return Generators(
        decay=update.decay.codes * ulps,
        coupling=update.coupling.codes * ulps[:, None],
        carry=np.asarray(update.carry.codes * update.carry.format.ulp, np.float64),
    )


def _shifts(rows: Array, fmt: FixedFormat) -> NDArray[np.int64]:
    """Return for each row the largest shift that all its values leave room for."""
    largest = np.abs(rows).max(axis=1)
    shifts = np.zeros(len(rows), np.int64)
    for shift in range(1, _MAX_ROW_SHIFT + 1):
        shifts[largest * 2.0**shift < fmt.max_value + fmt.ulp / 2] = shift
    return shifts - shifts.min()


def _codes(values: Array, fmt: FixedFormat, what: str) -> NDArray[np.int64]:
    requant = Requant(format=fmt, rounding=Rounding.HALF_EVEN, overflow=Overflow.SATURATE)
    codes, outside = quantize(values, requant, what=what)
    if outside:
        worst = float(values.flat[np.argmax(np.abs(values))])
        raise ConfigError(f"{what}: must fit {fmt}, but one is {worst:.6g}")
    return codes


def _forbidding(fmt: FixedFormat) -> Requant:
    return Requant(format=fmt, rounding=Rounding.HALF_UP, overflow=Overflow.FORBID)
