# SPDX-License-Identifier: Apache-2.0
"""The bilinear memory by two passes as hardware: both on one multiplier, in turns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.utils import bits_for

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import Rounding
from lmu_hw.hdl.beats import write_beats
from lmu_hw.hdl.memory_unit import MemoryUnit, must_equal
from lmu_hw.hdl.multiples import entry_of
from lmu_hw.hdl.pipeline import pipeline
from lmu_hw.hdl.requantize import is_outside, requantize, shape_of
from lmu_hw.hdl.storage import Rom
from lmu_hw.network import MemoryNode
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.plan import LayerPlan

__all__ = ["TwoPassUnit"]


class TwoPassUnit(MemoryUnit):
    """Computes a memory whose update is a two-pass one, one segment after the other.

    A state takes two cycles: a product, then its sums. While the second pass adds, the first pass
    of the next step multiplies, and the other way round; it follows the second one and reads the
    new states on their way to memory. Before that, T is multiplied digit by digit. If the plan is
    reloadable, the port ``load`` takes other constants, which are one word of a ROM.

    Parameters
    ----------
    plan : LayerPlan
    node : MemoryNode
    """

    keeps_sums = True

    def __init__(
        self,
        plan: LayerPlan,
        node: MemoryNode,
        *,
        accessible: bool = False,
        watched: bool = False,
    ) -> None:
        super().__init__(plan, node, accessible=accessible, watched=watched)
        self.update: TwoPass = node.update
        running = self.update.running.format
        self.running = shape_of(running)
        self.source_up = running.frac_bits - self.source.frac_bits
        self.state_up = running.frac_bits - node.requant.format.frac_bits

    @classmethod
    def word_layout(cls, plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
        """Return the layout of the constants: K, G and H.

        ``rate`` has room for every K whose largest factor is a digit: so the schedule stays.
        """
        largest = (1 << plan.node(node).digit) - 1
        closing = shape_of(node.update.closing.format)
        rate = unsigned((largest // (2 * node.rows - 1)).bit_length())
        return data.StructLayout({"rate": rate, "G": closing, "H": closing})

    @classmethod
    def words(cls, plan: LayerPlan, node: MemoryNode, update: TwoPass) -> list[int]:
        """Return the constants of an update as one word."""
        G, H = (int(code) for code in update.closing.codes)
        constants = {"rate": _rate(node, update), "G": G, "H": H}
        return [cls.word_layout(plan, node).const(constants).as_value().value]

    @classmethod
    def check(cls, plan: LayerPlan, node: MemoryNode, replacement: MemoryNode) -> None:
        name, update = replacement.name, replacement.update
        must_equal(name, "running", node.update.running, update.running)
        formats = node.update.closing.format, update.closing.format
        must_equal(name, "the format of closing", *formats)
        frac_bits, most = update.rate.format.frac_bits, node.update.rate.format.frac_bits
        if frac_bits > most:
            raise NetworkError(
                f"{name}: its rate must have at most {most} fraction bits, as the hardware has "
                f"them, not {frac_bits}"
            )
        largest, digit = _rate(node, update) * (2 * node.rows - 1), plan.node(node).digit
        if largest.bit_length() > digit:
            raise NetworkError(
                f"{name}: its largest factor must have at most {digit} bits, as the hardware has "
                f"them, not be {largest}: its window is too short"
            )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # The second pass: s1 multiplies, s2 adds, s4 has the new code.
        # The first pass of the next step with the same state: s4 multiplies, s5 adds.
        control = data.StructLayout(
            {
                "valid": 1,
                "segment": bits_for(max(self.node.segments - 1, 1)),
                "state": bits_for(max(self.node.rows - 1, 1)),
                "begins": 1,
                "ends": 1,
            }
        )
        stages = pipeline(m, control, 6)
        s0, _, s2, _, s4, _ = stages
        running, tick, segment = self._control(m, s0)
        code = Signal(self.state, name="s4_code", reset_less=True)
        old = self._states(m, stages, code)
        busy = running | Cat(stage.valid for stage in stages[1:]).any()
        product = self._passes(m, (busy, tick, segment), stages, Mux(s2.valid, old, code))
        self._code(m, stages, old, product, code)
        write_beats(
            m,
            self.write,
            code,
            words_per_beat=self.plan.beat,
            rows=self.node.rows,
            present=s4.valid,
            segment=s4.segment,
            word=s4.state,
            ends=s4.ends,
        )
        return m

    def _later(self, m: Module, name: str, value: Value, clocked: Value) -> Signal:
        """Return a value one cycle later, where `clocked` says so."""
        later = Signal(value.shape(), name=name, reset_less=True)
        with m.If(clocked):
            m.d.sync += later.eq(value)
        return later

    def _aligned(self, state: Value) -> Value:
        """Return a state with the fraction bits of the running sums."""
        return Value.cast(state.shift_left(self.state_up))

    def _code(
        self, m: Module, stages: list[Signal], old: Signal, product: Signal, code: Signal
    ) -> None:
        """Compute the code of s4 from state and product in s2.

        ``m + narrow(p)`` is ``2m + 1 + (p >> drop-1) >> 1``: rounding costs no adder.
        """
        requant = self.node.requant
        drop = self.update.sum_frac_bits(requant.format).state - requant.format.frac_bits
        half = Const(int(requant.rounding is Rounding.HALF_UP), 1)
        doubled = Cat(half, old).as_signed() if self.state.signed else Cat(half, old)
        change = product.shift_right(drop - 1) if drop else product.shift_left(1)
        total = Value.cast(doubled) + Value.cast(self.change(change))
        s3_total = self._later(m, "s3_total", total, stages[2].valid)
        rounded = replace(requant, rounding=Rounding.FLOOR)
        outside = is_outside(s3_total, requant.format.frac_bits + 1, rounded)
        self.count_saturated(m, [outside], stages[3].valid, Const(0))
        with m.If(stages[3].valid):
            m.d.sync += code.eq(requantize(s3_total, requant.format.frac_bits + 1, rounded))

    def _control(self, m: Module, s0: Signal) -> tuple[Signal, Signal, Signal]:
        """Walk through segments; return whether it does, the cycle within one, and the segment."""
        period = self.schedule.period
        first = period - 2 * self.node.rows - 2  # cycle in which the second pass enters s0
        running = Signal()
        tick = Signal(range(period))
        segment = Signal.like(s0.segment)
        state = Signal.like(s0.state)
        passing = Signal()
        m.d.comb += [
            s0.valid.eq(passing & ~(tick - first)[0]),
            s0.segment.eq(segment),
            s0.state.eq(state),
            s0.begins.eq(state == 0),
            s0.ends.eq(state == self.node.rows - 1),
            passing.eq(running & (tick >= first) & (tick < first + 2 * self.node.rows)),
        ]
        with m.If(s0.valid):
            m.d.sync += state.eq(Mux(s0.ends, 0, state + 1))
        with m.If(running):
            m.d.sync += tick.eq(tick + 1)
            with m.If(tick == period - 1):
                m.d.sync += [tick.eq(0), segment.eq(segment + 1)]
                with m.If(segment == self.node.segments - 1):
                    m.d.sync += [segment.eq(0), running.eq(0)]
        with m.If(self.start):
            m.d.sync += running.eq(1)
        return running, tick, segment

    def _states(self, m: Module, stages: list[Signal], code: Signal) -> Signal:
        """Add the memory of states, rewritten in place; return the one in s2."""
        s0, s1, _, _, s4, _ = stages
        rows = self.node.rows
        m.submodules.states = memory = Memory(
            shape=self.state, depth=self.state_depth(rows), init=[]
        )
        read = memory.read_port(domain="sync")
        write = memory.write_port(domain="sync")
        m.d.comb += [
            read.addr.eq(self.state_address(s0.segment, rows, s0.state)),
            read.en.eq(s0.valid),
            write.addr.eq(self.state_address(s4.segment, rows, s4.state, written=True)),
            write.data.eq(code),
            write.en.eq(s4.valid),
        ]
        self.access_states(m, read, write, 1)
        return self._later(m, "s2_m", Mux(self.first_step, 0, read.data), s1.valid)

    def _passes(
        self,
        m: Module,
        control: tuple[Value, Signal, Signal],
        stages: list[Signal],
        state: Value,
    ) -> Signal:
        """Add multiplier and running sums; return the product of the pass that adds.

        Parameters
        ----------
        m : Module
        control : tuple of Value
            Whether there is something to do, the cycle within a segment, and the segment.
        stages : list of Signal
        state : Value
            Of the pass that adds.
        """
        busy, tick, segment = control
        s0, _, _, s3, _, s5 = stages
        digit = unsigned(self.schedule.digit)
        # The pass that multiplies, and the one that adds: each is in one, then in the other.
        s, before, y_s, y_before = (
            Signal(self.running, name=name, reset_less=True)
            for name in ("x_s", "x_before", "y_s", "y_before")
        )
        factor = Signal(signed(digit.width + 1), name="x_factor", reset_less=True)
        y_factor = Signal(digit, name="y_factor", reset_less=True)
        y_product = self._later(m, "y_product", factor * s, busy)
        with m.If(busy):
            m.d.sync += [y_s.eq(s), y_before.eq(before), y_factor.eq(factor)]

        # before + 2 mean, where mean = state + narrow(product): the state comes last, being chosen.
        following = Signal(self.running, name="following")
        frac_bits = self.update.rate.format.frac_bits
        half = Const(int(self.update.running.rounding is Rounding.HALF_UP), 1)
        change = y_product.shift_right(frac_bits - 1)
        narrowed = (Cat(half, y_before[1:]).as_signed() + change).shift_right(1)
        m.d.comb += following.eq(Cat(y_before[0], narrowed + self._aligned(state)))
        k, G, H = self._constants(m)
        twice = 2 * k if isinstance(k, int) else k.shift_left(1)
        with m.If(busy):
            m.d.sync += [s.eq(following), before.eq(y_s), factor.eq(y_factor + twice)]
        with m.If(s3.valid & s3.begins):
            m.d.sync += [s.eq(0), before.eq(0), factor.eq(k)]
        u = Value.cast(entry_of(self.u, segment).shift_left(self.source_up))
        T = self._closing(m, busy, tick, y_product)
        with m.If(s0.valid & s0.begins):
            m.d.sync += [s.eq(u - T), before.eq(-u - T), factor.eq(k)]
        sums = self.add_sums(m, self.running)
        sums.write(s5.valid & s5.ends, s5.segment, (following + y_s).shift_right(1))
        R = Mux(self.first_step, 0, sums.read(segment))
        self._digits(m, tick, s, factor, ((H, u), (G, R)))
        return y_product

    def _constants(self, m: Module) -> tuple[Any, Any, Any]:
        """Return K, G and H; those that can be written come from a ROM, which a reset leaves."""
        if not self.schedule.reloadable:
            G, H = (int(code) for code in self.update.closing.codes)
            return self.update.rate.codes.item(), G, H
        layout = self.word_layout(self.plan, self.node)
        m.submodules.constants = rom = Rom(
            name=f"{self.node.name.replace('.', '_')}_constants",
            words=self.words(self.plan, self.node, self.update),
            width=layout.size,
            writable=True,
        )
        rom.load(m, self.load.enable, Const(0), self.load.word)
        constants = data.View(layout, rom.data)
        return Value.cast(constants.rate), Value.cast(constants.G), Value.cast(constants.H)

    def _digits(
        self,
        m: Module,
        tick: Signal,
        s: Signal,
        factor: Signal,
        products: tuple[tuple[Any, Value], ...],
    ) -> None:
        """Multiply u and the sum of the first pass by H and G, digit by digit, highest first."""
        width, digits = self.schedule.digit, self.schedule.digits
        for place in range(digits):
            low = width * (digits - 1 - place)
            for offset, (code, operand) in enumerate(products):
                with m.If(tick == 2 * place + offset):
                    digit = _digit(code, low, None if place == 0 else width)
                    m.d.sync += [s.eq(operand), factor.eq(digit)]

    def _closing(self, m: Module, busy: Value, tick: Signal, product: Signal) -> Signal:
        """Return T, from the products of the digits; a product comes 2 cycles after its digit."""
        update, state = self.update, self.node.requant.format
        bits, largest = update.sum_frac_bits(state), update.sum_bounds(state).closing
        if self.schedule.reloadable:
            largest = 2 * update.closing.format.max_magnitude * update.running.format.max_magnitude
        total = Signal(signed(largest.bit_length() + 2), name="closing", reset_less=True)
        shifted = total.shift_left(self.schedule.digit)
        before = Mux(tick[0], total, Mux(tick == 2, 0, shifted))  # digits of u come at even ticks
        with m.If(busy):
            m.d.sync += total.eq(before + product)
        T = Signal(self.running, name="T", reset_less=True)
        with m.If(tick == 2 * self.schedule.digits + 2):
            m.d.sync += T.eq(requantize(total, bits.closing, update.running))
        return T


def _rate(node: MemoryNode, update: TwoPass) -> int:
    """Return K of an update, with the fraction bits that the hardware of a node has."""
    return update.rate.codes.item() << (
        node.update.rate.format.frac_bits - update.rate.format.frac_bits
    )


def _digit(code: Any, low: int, width: int | None) -> Any:
    """Return a digit of a constant; the highest one, of no width, keeps what lies above it."""
    if isinstance(code, int):
        return code >> low if width is None else code >> low & (1 << width) - 1
    if width is not None:
        return code[low : low + width]
    return code.shift_right(low)
