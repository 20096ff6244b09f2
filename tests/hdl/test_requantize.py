# SPDX-License-Identifier: Apache-2.0
"""Rounding and overflow in hardware, for all codes, against the exact oracle."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.hdl.requantize import is_outside, requantize, shape_of
from tests import oracle

_BITS = 6  # of the sums: every one of their 64 codes is driven
_SHIFTS = range(-2, 7)


def _formats(shift: int) -> list[FixedFormat]:
    return [
        FixedFormat.of_width(width, signed=is_signed, int_bits=width - is_signed + shift)
        for width, is_signed in product(range(1, 7), (False, True))
    ]


def _outputs(requants: list[Requant]) -> dict[int, list[tuple[int, int]]]:
    """Return for every code of a sum what each narrowing makes of it, and if it lies outside."""
    m = Module()
    total = Signal(signed(_BITS))
    codes = [Signal(shape_of(requant.format), name=f"c{n}") for n, requant in enumerate(requants)]
    outside = [Signal(name=f"o{n}") for n, _ in enumerate(requants)]
    m.d.comb += [
        code.eq(requantize(total, 0, requant))
        for code, requant in zip(codes, requants, strict=True)
    ]
    m.d.comb += [
        out.eq(is_outside(total, 0, requant))
        for out, requant in zip(outside, requants, strict=True)
    ]
    seen = {}

    async def drive(ctx) -> None:
        for value in range(-(1 << (_BITS - 1)), 1 << (_BITS - 1)):
            ctx.set(total, value)
            await ctx.delay(1e-9)
            seen[value] = [
                (ctx.get(code), ctx.get(out)) for code, out in zip(codes, outside, strict=True)
            ]

    simulator = Simulator(m)
    simulator.add_testbench(drive)
    simulator.run()
    return seen


@pytest.mark.parametrize("overflow", Overflow)
@pytest.mark.parametrize("rounding", Rounding)
def test_every_code_is_narrowed_as_the_oracle_says(rounding, overflow):
    requants = [
        Requant(format=fmt, rounding=rounding, overflow=overflow)
        for shift in _SHIFTS
        for fmt in _formats(shift)
    ]
    compared = 0
    for value, codes in _outputs(requants).items():
        for requant, (code, outside) in zip(requants, codes, strict=True):
            fmt = requant.format
            expected, left = oracle.narrow(
                Fraction(value),
                signed=fmt.signed,
                width=fmt.width,
                frac_bits=fmt.frac_bits,
                rounding=rounding.value,
                overflow=overflow.value,
            )
            assert outside == left, (value, str(requant))
            if expected is not None:  # what is proved impossible may be anything
                assert code == expected, (value, str(requant))
                compared += 1
    assert compared > 2000


@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SATURATE])
def test_the_sign_of_an_unstored_code_is_that_of_the_code(overflow):
    fmt = FixedFormat(signed=True, int_bits=3, frac_bits=0)
    m = Module()
    total, negative = Signal(signed(_BITS)), Signal()
    requant = Requant(format=fmt, rounding=Rounding.FLOOR, overflow=overflow)
    m.d.comb += negative.eq(requantize(total, 0, requant) < 0)

    async def drive(ctx) -> None:
        for value in range(-32, 32):
            ctx.set(total, value)
            await ctx.delay(1e-9)
            code, _ = oracle.narrow(
                Fraction(value),
                signed=True,
                width=4,
                frac_bits=0,
                rounding="floor",
                overflow=overflow.value,
            )
            assert ctx.get(negative) == (code < 0), value

    simulator = Simulator(m)
    simulator.add_testbench(drive)
    simulator.run()
