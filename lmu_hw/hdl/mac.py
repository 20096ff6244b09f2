# SPDX-License-Identifier: Apache-2.0
"""The matrix-vector engine: an array of multipliers, one adder tree and accumulator per row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from amaranth.hdl import Cat, Module, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from lmu_hw.hdl.pipeline import follow
from lmu_hw.hdl.slots import tag_layout
from lmu_hw.network import QuantizedLayer
from lmu_hw.plan import MAC_LATENCY, LayerPlan

__all__ = ["MacArray", "control_layout", "shift_amounts"]


def shift_amounts(layer: QuantizedLayer) -> list[int]:
    """Return the distinct left shifts that align products with sums, in increasing order."""
    return sorted({layer.term_shift(node, t) for node in layer.sums for t in node.terms})


def control_layout(plan: LayerPlan) -> data.StructLayout:
    """Return the layout of what accompanies a word through the array."""
    return data.StructLayout(
        {
            "valid": 1,
            "first": 1,
            "last": 1,
            "shift": bits_for(max(len(shift_amounts(plan.layer)) - 1, 1)),
            "tag": tag_layout(plan),
        }
    )


class MacArray(wiring.Component):
    """Multiplies `columns` elements with ``rows x columns`` coefficients, and accumulates by row.

    A word is accepted in every cycle. The sums of a group are at the output, with `done`, 4 cycles
    after its last word was at the input, for one cycle.

    Parameters
    ----------
    plan : LayerPlan

    Members
    -------
    control : In(control_layout)
        Valid; begins, ends a sum; index into `shift_amounts`; tag.
    weights : In(array of rows * columns signed)
        Coefficient of row r and column c at ``r * columns + c``.
    operand : In(array of columns signed)
    upcoming : Out(1)
        The sums are at the output two cycles later.
    tag : Out(tag_layout)
        Theirs, with `upcoming`.
    done : Out(1)
    sums : Out(array of rows signed)
    """

    latency = MAC_LATENCY - 1

    def __init__(self, plan: LayerPlan) -> None:
        self.plan, widths = plan, plan.widths
        self.weight_width, self.operand_width = widths.weight, widths.operand
        accumulator = signed(widths.sum)
        super().__init__(
            {
                "control": In(control_layout(plan)),
                "weights": In(data.ArrayLayout(signed(self.weight_width), plan.array_lanes)),
                "operand": In(data.ArrayLayout(signed(self.operand_width), plan.columns)),
                "upcoming": Out(1),
                "tag": Out(tag_layout(plan)),
                "done": Out(1),
                "sums": Out(data.ArrayLayout(accumulator, plan.rows)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows, columns = self.plan.rows, self.plan.columns
        s2, s3, s4, s5 = (Signal(self.control.shape(), name=f"s{n}") for n in range(2, 6))
        for before, after in pairwise([self.control, s2, s3, s4, s5]):
            follow(m, before, after)

        # Every lane has signals of its own: simulators pay for each bit of a vector they touch.
        # s2: coefficients and operand; s3: products, or sums of two of a row: half as many
        # registers, each of a bit more.
        width = self.weight_width + self.operand_width
        shared = min(columns, 2)
        s2_weights = _lanes("s2_weight", rows * columns, signed(self.weight_width))
        s2_operand = _lanes("s2_operand", columns, signed(self.operand_width))
        s3_products = _lanes("s3_product", rows * columns // shared, signed(width + shared - 1))
        with m.If(self.control.valid):
            m.d.sync += [s2_operand[column].eq(self.operand[column]) for column in range(columns)]
            m.d.sync += [s2_weights[lane].eq(self.weights[lane]) for lane in range(rows * columns)]
        products = [s2_weights[n] * s2_operand[n % columns] for n in range(rows * columns)]
        with m.If(s2.valid):
            m.d.sync += [
                s3_product.eq(_tree(products[n * shared : (n + 1) * shared]))
                for n, s3_product in enumerate(s3_products)
            ]

        # s4: the products of each row, added and aligned with the row's sum.
        accumulator = self.sums.shape().elem_shape
        s3_added = _lanes("s3_added", rows, signed(width + ceil_log2(columns)))
        s4_partial = _lanes("s4_partial", rows, accumulator)
        of_row = columns // shared
        for row in range(rows):
            m.d.comb += s3_added[row].eq(_tree(s3_products[row * of_row : (row + 1) * of_row]))
        with m.If(s3.valid), m.Switch(s3.shift):
            for index, amount in enumerate(shift_amounts(self.plan.layer)):
                with m.Case(index):
                    for row in range(rows):
                        m.d.sync += s4_partial[row].eq(s3_added[row].shift_left(amount))

        # s5: sums. They stay for one cycle: the next word may begin the next group.
        s5_sums = _lanes("s5_sum", rows, accumulator)
        with m.If(s4.valid & s4.first):
            m.d.sync += [s5_sums[row].eq(s4_partial[row]) for row in range(rows)]
        with m.Elif(s4.valid):
            m.d.sync += [s5_sums[row].eq(s5_sums[row] + s4_partial[row]) for row in range(rows)]
        m.d.comb += [
            self.upcoming.eq(s3.valid & s3.last),
            self.tag.eq(s3.tag),
            self.done.eq(s5.valid & s5.last),
            self.sums.as_value().eq(Cat(s5_sums)),
        ]
        return m


def _lanes(name: str, count: int, shape: Shape) -> list[Signal]:
    """Return data registers ``name_0``, ``name_1``, ..."""
    return [Signal(shape, name=f"{name}_{n}", reset_less=True) for n in range(count)]


def _tree(values: Sequence[Value]) -> Value:
    """Add values pairwise."""
    terms = list(values)
    while len(terms) > 1:
        odd = terms[len(terms) // 2 * 2 :]
        terms = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)] + odd
    return terms[0]
