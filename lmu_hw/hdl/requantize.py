# SPDX-License-Identifier: Apache-2.0
"""Rounding and overflow as combinational hardware."""

from __future__ import annotations

from typing import assert_never

from amaranth.hdl import Cat, Const, Mux, Shape, Value, signed, unsigned

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding

__all__ = ["is_outside", "requantize", "shape_of"]


def shape_of(fmt: FixedFormat) -> Shape:
    """Return the Amaranth shape of codes in a format."""
    return signed(fmt.width) if fmt.signed else unsigned(fmt.width)


def requantize(value: Value, frac_bits: int, requant: Requant) -> Value:
    """Narrow a signed value with `frac_bits` fraction bits: shift, round, overflow.

    Returns
    -------
    Value
        Its low bits are the code; in a signed format its sign is that of the code.
    """
    rounded, fmt = _rounded(value, frac_bits, requant), requant.format
    match requant.overflow:
        case Overflow.WRAP | Overflow.FORBID:  # proved impossible, it costs no gate
            return Value.cast(rounded[: fmt.width].as_signed() if fmt.signed else rounded)
        case Overflow.SATURATE:
            return _saturated(rounded, fmt)
    assert_never(requant.overflow)


def is_outside(value: Value, frac_bits: int, requant: Requant) -> Value:
    """Say whether a value that is narrowed lies outside the format after it was rounded."""
    rounded, fmt = _rounded(value, frac_bits, requant), requant.format
    if len(rounded) <= fmt.width:
        return Const(0) if fmt.signed else Value.cast(rounded[-1])
    above = Value.cast(rounded[fmt.width - fmt.signed :])
    return above.any() & ~above.all() if fmt.signed else above.any()


def _rounded(value: Value, frac_bits: int, requant: Requant) -> Value:
    """Return a signed value after the shift of a narrowing."""
    shift = frac_bits - requant.format.frac_bits
    if shift <= 0:
        return Value.cast(value.shift_left(-shift))
    offset = _offset(value, shift, requant.rounding)
    return Value.cast(value + offset).shift_right(shift)


def _saturated(value: Value, fmt: FixedFormat) -> Value:
    """Return a signed value, or the end of the format beyond which it lies.

    The bits above the code say so: no carry chain compares.
    """
    negative, magnitude = Value.cast(value[-1]), len(value) - 1
    if fmt.signed:
        if len(value) <= fmt.width:
            return value
        low, above = value[: fmt.width - 1], Value.cast(value[fmt.width - 1 :])
        end = Value.cast(~negative).replicate(fmt.width - 1)
        fits = above.all() | ~above.any()
        return Value.cast(Cat(Mux(fits, low, end), negative).as_signed())
    low = value[: min(fmt.width, magnitude)]
    above = Value.cast(value[fmt.width : max(fmt.width, magnitude)])
    return Value.cast(Mux(negative, 0, Mux(above.any(), Const(fmt.max_code), low)))


def _offset(value: Value, shift: int, rounding: Rounding) -> Value:
    """Return what is added before the low `shift` bits are dropped."""
    half = 1 << (shift - 1)
    match rounding:
        case Rounding.FLOOR:
            return Const(0)
        case Rounding.HALF_UP:
            return Const(half)
        case Rounding.HALF_EVEN:
            # A tie goes up only if the bit that stays is odd.
            return Value.cast(Const(half - 1) + value.shift_right(shift)[0])
        case Rounding.TOWARD_ZERO:
            # The shift rounds down; negative values are lifted first by all that it can drop.
            return Value.cast(Mux(value < 0, Const((1 << shift) - 1), Const(0)))
    assert_never(rounding)
