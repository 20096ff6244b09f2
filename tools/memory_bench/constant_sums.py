# SPDX-License-Identifier: Apache-2.0
"""Narrowed sums of products with constants, as adders of two operands each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.hdl.requantize import requantize
from tools.memory_bench.adders import NOTHING, Form, Interval, Operand, adder_graph

__all__ = ["ConstantSum", "Products", "Scaled", "narrowed"]

_ALL_BITS = 64  # no sum of a quantized network has more


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """``scale * value``: a signed signal, the codes it can be, a signed power of two.

    `level` says when it is there, counted in adders.
    """

    value: Value
    codes: Interval
    scale: int = 1
    level: int = 0

    @classmethod
    def of(cls, value: Value, fmt: FixedFormat, scale: int = 1) -> Scaled:
        """Return the codes of a format, times a signed power of two."""
        extended = value if fmt.signed else Cat(value, Const(0, 1)).as_signed()
        return cls(extended, Interval(fmt.min_code, fmt.max_code), scale)


Products = list[tuple[Scaled, int]]
"""What is multiplied, and its coefficient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantSum:
    """A sum of products with `frac_bits` fraction bits, and how it or its opposite is narrowed."""

    products: Products
    frac_bits: int
    requant: Requant
    negative: bool = False

    @property
    def folded(self) -> bool:
        """Whether rounding is the addition of a constant."""
        return self.requant.rounding in (Rounding.HALF_UP, Rounding.FLOOR)

    def form(self, operands: Sequence[Scaled]) -> Form:
        """Return the sum of the products with these operands and of what rounds it."""
        fmt = self.requant.format
        shift = max(self.frac_bits - fmt.frac_bits, 0)
        constant = 0
        if shift and self.requant.rounding is Rounding.HALF_UP:
            constant = 1 << shift - 1
        if self.negative:  # minus floor(t / n) is floor((n - 1 - t) / n)
            constant = (1 << shift) - 1 - constant
        bits = _ALL_BITS
        if self.folded and self.requant.overflow is not Overflow.SATURATE:
            bits = max(fmt.width + self.negative + self.frac_bits - fmt.frac_bits, 1)
        sign = -1 if self.negative else 1
        terms = [
            (operands.index(operand), sign * operand.scale * coefficient)
            for operand, coefficient in self.products
            if coefficient
        ]
        return Form(terms=tuple(terms), constant=constant, bits=bits)

    def code(self, total: Value) -> Value:
        """Return the code that follows from the sum."""
        requant, fmt = self.requant, self.requant.format
        if self.folded:
            requant = replace(requant, rounding=Rounding.FLOOR)
        if self.negative:
            requant = replace(requant, format=replace(fmt, int_bits=fmt.int_bits + 1))
        return requantize(total, self.frac_bits, requant)


def narrowed(m: Module, name: str, sums: Sequence[ConstantSum]) -> list[Value]:
    """Add the adders of some sums, named ``name_0``, ``name_1``, ..., and return their codes."""
    operands = list(dict.fromkeys(operand for one in sums for operand, _ in one.products))
    graph = adder_graph(
        [operand.codes for operand in operands],
        [s.form(operands) for s in sums],
        [operand.level for operand in operands],
    )
    nodes = [operand.value for operand in operands]
    for number, adder in enumerate(graph.adders):
        total = Signal(signed(adder.width), name=f"{name}_{number}")
        left, right = _shifted(nodes, adder.left), _shifted(nodes, adder.right)
        low = left if adder.subtract or adder.left.zeros < adder.right.zeros else right
        left, right = (Value.cast(v.shift_right(adder.passed)) for v in (left, right))
        m.d.comb += [
            total[: adder.passed].eq(low),
            total[adder.passed :].eq(left - right if adder.subtract else left + right),
        ]
        nodes.append(total)
    totals = [_shifted(nodes, output) for output in graph.outputs]
    return [one.code(total) for one, total in zip(sums, totals, strict=True)]


def _shifted(nodes: Sequence[Value], operand: Operand) -> Value:
    """Return the signed value of an operand."""
    if operand.node == NOTHING:
        return Const(operand.constant, signed(operand.constant.bit_length() + 1))
    low = Const(operand.constant, operand.shift)
    return Cat(low, nodes[operand.node]).as_signed()
