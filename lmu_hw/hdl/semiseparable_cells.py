# SPDX-License-Identifier: Apache-2.0
"""The cells of a semiseparable memory, one behind the other, and what they carry on."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.multiples import entry_of
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.hdl.semiseparable_cell import SemiseparableCell
from lmu_hw.hdl.semiseparable_layouts import coefficient_layout, control_layout
from lmu_hw.network import MemoryNode
from lmu_hw.plan import LayerPlan

__all__ = ["SemiseparableCells"]


class SemiseparableCells(wiring.Component):
    """Computes what a word of states carries to the next one, and its new codes.

    Each cell computes one state; together they are a chain through which f or b runs within one
    cycle. In the backward recursion the first cell has the last state of the word.

    Parameters
    ----------
    plan : LayerPlan
    node : MemoryNode
    watched : bool
        Somebody counts the states that are limited to their format.

    Members
    -------
    stages : In(array of control_layout)
        Control of a word 0 to 6 cycles after it was begun.
    coefficients : In(array of coefficient_layout)
        Three stages before the loop, in the order of the states.
    states : In(array of codes)
        Likewise.
    u : In(array of inputs)
        One for each segment.
    carried : Out(array of b)
        What the backward recursion carries into each state, in s3.
    history : In(array of b)
        The same in s4 of the forward recursion.
    codes : Out(array of codes)
        New states, in s7 of the last slot of the forward recursion.
    outside : Out(chain), if it is watched
        Which sums, in s6, lie outside the format.
    """

    def __init__(self, plan: LayerPlan, node: MemoryNode, *, watched: bool = False) -> None:
        self.plan, self.node, self.watched = plan, node, watched
        self.schedule = schedule = plan.node(node)
        chain, state = schedule.chain, shape_of(node.requant.format)
        b = shape_of(node.update.backward.format)
        source = shape_of(plan.layer.signals[node.source].format)
        super().__init__(
            {
                "stages": In(data.ArrayLayout(control_layout(plan, node), 7)),
                "coefficients": In(data.ArrayLayout(coefficient_layout(plan, node), chain)),
                "states": In(data.ArrayLayout(state, chain)),
                "u": In(data.ArrayLayout(source, node.segments)),
                "carried": Out(data.ArrayLayout(b, chain)),
                "history": In(data.ArrayLayout(b, chain)),
                "codes": Out(data.ArrayLayout(state, chain)),
                **({"outside": Out(chain)} if watched else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        chain = self.schedule.chain
        cells = [
            SemiseparableCell(self.plan, self.node, last=n == chain - 1, watched=self.watched)
            for n in range(chain)
        ]
        if self.watched:
            m.d.comb += self.outside.eq(Cat(cell.outside for cell in cells))
        # Segments that take turns carry each their own.
        shape = cells[0].leaving.shape()
        segments = self.node.segments if self.schedule.interleaved else 1
        registers = [Signal(shape, name=f"carried_{n}") for n in range(segments)]
        leaving = [cell.leaving.as_value() for cell in cells]
        first = self._of_segment(registers, self.stages[3])
        if cells[0].loop == 4:
            first = self._following(m, registers, leaving[-1])
        for n, (cell, carried) in enumerate(zip(cells, [first, *leaving[:-1]], strict=True)):
            m.submodules[f"cell_{n}"] = cell
            m.d.comb += cell.carried.eq(carried)
            self._connect(m, n, cell)
        end = self.stages[cells[0].loop]
        for n, register in enumerate(registers):
            of_segment = end.segment == n if segments > 1 else 1
            with m.If(end.valid & end.final & of_segment):
                m.d.sync += register.eq(leaving[-1])
        entering = [self._of_segment(registers, self.stages[3]), *leaving[:-1]]
        for n, value in enumerate(entering):
            m.d.comb += self.carried[chain - 1 - n].eq(data.View(shape, value)[0])
        return m

    def _connect(self, m: Module, n: int, cell: SemiseparableCell) -> None:
        """Connect a cell to its state of the word; the backward recursion has them mirrored."""
        mirrored = self.schedule.chain - 1 - n
        m.d.comb += [
            cell.stages.eq(self.stages),
            cell.u.eq(self.u),
            cell.word.eq(self.coefficients[n]),
            cell.x.eq(self.states[n]),
            cell.history.eq(self.history[n]),
            self.codes[n].eq(cell.code),
        ]
        if mirrored != n:
            with m.If(self.stages[cell.loop - 3].backward):
                m.d.comb += [
                    cell.word.eq(self.coefficients[mirrored]),
                    cell.x.eq(self.states[mirrored]),
                ]

    def _of_segment(self, registers: list[Signal], stage: Any) -> Value:
        """Return what is carried in the segment of a stage."""
        if len(registers) == 1:
            return Value.cast(registers[0])
        return entry_of(registers, stage.segment)

    def _following(self, m: Module, registers: list[Signal], leaving: Value) -> Value:
        """Return what the registers hold one cycle later, for the segment in s2."""
        s1, s2, s3 = (self.stages[number] for number in (1, 2, 3))
        written = Signal()
        of_segment = s1.segment == s3.segment if len(registers) > 1 else 1
        m.d.sync += written.eq(s3.valid & s3.final & of_segment)
        return Value.cast(Mux(written, leaving, self._of_segment(registers, s2)))
