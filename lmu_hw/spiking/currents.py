# SPDX-License-Identifier: Apache-2.0
"""The currents of spiking populations as hardware: one product a cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from lmu_hw.hdl.pipeline import pipeline
from lmu_hw.hdl.requantize import requantize, shape_of
from lmu_hw.hdl.storage import Rom, pack
from lmu_hw.spiking.memory import SpikingMemory

__all__ = ["Currents", "current_cycles"]


def current_cycles(memory: SpikingMemory) -> int:
    """Return the cycles from the start of a row to its current."""
    return memory.order + 1 + 5


class Currents(wiring.Component):
    """Computes ``v[j] = A'[j] y + B'[j] u``, a product a cycle.

    The current is at the output `latency` cycles after the start, with `done`; it stays until the
    next row. So does the state y[j] as it was.

    Parameters
    ----------
    memory : SpikingMemory

    Members
    -------
    start : In(1)
        Begin a row; not before the one before is done.
    row : In
        Steady while it is computed.
    u : In(signed)
        Steady while a step runs.
    page : In(1)
        The states before this step.
    first_step : In(1)
        They are zero.
    store : In(1);  code : In(signed)
        Replace state `row` in the other page.
    done : Out(1)
    current, own : Out(signed)
    """

    def __init__(self, memory: SpikingMemory) -> None:
        self.memory = memory
        state = shape_of(memory.state.format)
        super().__init__(
            {
                "start": In(1),
                "row": In(range(max(memory.order, 2))),
                "u": In(shape_of(memory.source)),
                "page": In(1),
                "first_step": In(1),
                "store": In(1),
                "code": In(state),
                "done": Out(1),
                "current": Out(shape_of(memory.current.format)),
                "own": Out(state),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the start of a row to its current."""
        return current_cycles(self.memory)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        d = self.memory.order
        # s0: addresses; s1: words; s2: factors; s3: product; s4: the sum.
        control = data.StructLayout({"valid": 1, "column": bits_for(d), "begins": 1, "ends": 1})
        s0, s1, _, s3, s4 = pipeline(m, control, 5)
        running = Signal()
        column = Signal.like(s0.column)
        m.d.comb += [
            s0.valid.eq(running),
            s0.column.eq(column),
            s0.begins.eq(column == 0),
            s0.ends.eq(column == d),
        ]
        with m.If(running):
            m.d.sync += [column.eq(Mux(s0.ends, 0, column + 1)), running.eq(~s0.ends)]
        with m.If(self.start):
            m.d.sync += running.eq(1)

        weight, operand = self._factors(m, s0, s1)
        s2_weight = Signal(weight.shape(), name="s2_weight", reset_less=True)
        s2_operand = Signal(operand.shape(), name="s2_operand", reset_less=True)
        product = s2_weight * s2_operand
        s3_product = Signal(product.shape(), name="s3_product", reset_less=True)
        total = Signal(
            signed(self.memory.current_bound.bit_length() + 1), name="s4_total", reset_less=True
        )
        m.d.sync += [s2_weight.eq(weight), s2_operand.eq(operand), s3_product.eq(product)]
        with m.If(s3.valid):
            m.d.sync += total.eq(Mux(s3.begins, 0, total) + s3_product)
        m.d.sync += self.done.eq(s4.valid & s4.ends)
        with m.If(s4.valid & s4.ends):
            narrowed = requantize(total, self.memory.current_frac_bits, self.memory.current)
            m.d.sync += self.current.eq(narrowed)
        return m

    def _factors(self, m: Module, s0: Signal, s1: Signal) -> tuple[Value, Value]:
        """Add coefficients and states; return what is multiplied, in s1."""
        memory, d = self.memory, self.memory.order
        weights = memory.weights
        m.submodules.weights = rom = Rom(
            name="weights",
            words=pack(weights.codes.reshape(-1, 1), weights.format.width),
            width=weights.format.width,
        )
        address = Signal(rom.address_width)
        with m.If(s0.valid):
            m.d.sync += address.eq(Mux(s0.ends & (self.row == d - 1), 0, address + 1))
        state = shape_of(memory.state.format)
        pages = 1 << bits_for(d - 1)
        m.submodules.states = states = Memory(shape=state, depth=2 * pages, init=[])
        read, write = states.read_port(domain="sync"), states.write_port(domain="sync")
        index = bits_for(d - 1)
        m.d.comb += [
            rom.address.eq(address),
            read.addr.eq(Cat(s0.column[:index], self.page)),
            write.addr.eq(Cat(self.row[:index], ~self.page)),
            write.data.eq(self.code),
            write.en.eq(self.store),
        ]
        before = Mux(self.first_step, Const(0, state), read.data)
        with m.If(s1.valid & (s1.column == self.row)):
            m.d.sync += self.own.eq(before)
        # The input may be larger than any current, and than any state.
        u = self.u.shift_left(memory.source_up)
        width = max(len(before), len(u) + int(not memory.source.signed))
        operand = Signal(signed(width), name="s1_operand")
        m.d.comb += operand.eq(Mux(s1.ends, u, before))
        return rom.data.as_signed(), operand
