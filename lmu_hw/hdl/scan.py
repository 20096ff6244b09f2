# SPDX-License-Identifier: Apache-2.0
"""The forward Euler memory by running sums as hardware: one word of states in every cycle."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.utils import bits_for

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import Rounding
from lmu_hw.hdl.beats import write_beats
from lmu_hw.hdl.memory_unit import MemoryUnit, SegmentSums, must_equal
from lmu_hw.hdl.multiples import entry_of, times
from lmu_hw.hdl.pipeline import pipeline
from lmu_hw.hdl.requantize import is_outside, requantize, shape_of
from lmu_hw.hdl.storage import Rom
from lmu_hw.network import MemoryNode
from lmu_hw.network.scan import Scan
from lmu_hw.plan import LayerPlan
from lmu_hw.plan.scan import RELOADABLE_DROP, RELOADABLE_RATE

__all__ = ["ScanUnit"]


class ScanUnit(MemoryUnit):
    """Computes a memory whose update is a scan, one segment after the other.

    It reads the states from the first to the last, one word in every cycle, and replaces each by
    its new value; the sum of all states, with which the next step begins, is taken from the states
    as they are written. If the plan is reloadable, the port ``load`` takes another window.

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
        self.update: Scan = node.update
        running = self.update.running
        self.running = shape_of(running)
        self.source_up = running.frac_bits - self.source.frac_bits
        self.state_up = running.frac_bits - node.requant.format.frac_bits

    @classmethod
    def word_layout(cls, plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
        """Return the layout of a window, `Scan.rate` in two numbers.

        ``rate`` is K; ``drop`` is how far a product is shifted before the last bit is rounded off:
        one less than F and what the running sum has more fraction bits than the states.
        """
        window = _window(node, node.update)
        rate, drop = node.update.rate.format.width, window["drop"]
        if plan.node(node).reloadable:
            rate, drop = max(rate, RELOADABLE_RATE), max(drop, RELOADABLE_DROP)
        return data.StructLayout({"rate": unsigned(rate), "drop": bits_for(drop)})

    @classmethod
    def words(cls, plan: LayerPlan, node: MemoryNode, update: Scan) -> list[int]:
        """Return the window of an update as one word."""
        return [cls.word_layout(plan, node).const(_window(node, update)).as_value().value]

    @classmethod
    def check(cls, plan: LayerPlan, node: MemoryNode, replacement: MemoryNode) -> None:
        must_equal(replacement.name, "running", node.update.running, replacement.update.running)
        layout = cls.word_layout(plan, node)
        for what, value in _window(replacement, replacement.update).items():
            width = layout[what].width
            if value.bit_length() > width:
                raise NetworkError(
                    f"{replacement.name}: {what} must have at most {width} bits, not {value}"
                )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # A word is read in s0; its new codes are at the output in s7.
        control = data.StructLayout(
            {
                "valid": 1,
                "segment": bits_for(max(self.node.segments - 1, 1)),
                "word": bits_for(max(self.schedule.words - 1, 1)),
                "begins": 1,
                "ends": 1,
            }
        )
        stages = pipeline(m, control, 8)
        s0, s1, s2, *_, s7 = stages
        self._control(m, s0)
        rate, drop = self._window(m)
        codes = Signal(data.ArrayLayout(self.state, self.schedule.lanes), name="s7_codes")
        states = self._states(m, stages, codes)
        sums = self._running(m, s1, s2, states, self._sums(m, s7, codes))
        factors = self._factors(m, s1, s2, rate)
        self._outside: list[Value] = []
        for lane, (s, factor) in enumerate(zip(sums, factors, strict=True)):
            code = self._code(m, stages, lane, states[lane], s, factor, drop)
            m.d.comb += codes[lane].eq(code)
        s6 = stages[6]
        self.count_saturated(m, self._outside, s6.valid, s6.ends)
        write_beats(
            m,
            self.write,
            codes.as_value(),
            words_per_beat=self.plan.beat // self.schedule.lanes,
            rows=self.node.rows,
            present=s7.valid,
            segment=s7.segment,
            word=s7.word,
            ends=s7.ends,
        )
        return m

    def _control(self, m: Module, s0: Signal) -> None:
        """Walk through segments and words."""
        last_word = self.schedule.words - 1
        running = Signal()
        word = Signal.like(s0.word)
        segment = Signal.like(s0.segment)
        m.d.comb += [
            s0.valid.eq(running),
            s0.segment.eq(segment),
            s0.word.eq(word),
            s0.begins.eq(word == 0),
            s0.ends.eq(word == last_word),
        ]
        with m.If(running):
            m.d.sync += word.eq(word + 1)
            with m.If(s0.ends):
                m.d.sync += [word.eq(0), segment.eq(segment + 1)]
                with m.If(segment == self.node.segments - 1):
                    m.d.sync += [segment.eq(0), running.eq(0)]
        with m.If(self.start):
            m.d.sync += running.eq(1)

    def _window(self, m: Module) -> tuple[Value, Value | int]:
        """Return K, and how far a product is shifted right.

        A window that can be written is one word of a ROM, like the coefficients of a semiseparable
        memory: a reset leaves what was written.
        """
        layout, init = self.word_layout(self.plan, self.node), _window(self.node, self.update)
        if not self.schedule.reloadable:
            return Const(init["rate"], layout["rate"].width), init["drop"]
        m.submodules.window = rom = Rom(
            name=f"{self.node.name.replace('.', '_')}_window",
            words=self.words(self.plan, self.node, self.update),
            width=layout.size,
            writable=True,
        )
        m.d.comb += [rom.write.eq(self.load.enable), rom.write_data.eq(self.load.word)]
        window = data.View(layout, rom.data)
        return Value.cast(window.rate), Value.cast(window.drop)

    def _states(self, m: Module, stages: list[Signal], codes: Signal) -> list[Signal]:
        """Add the memory of states, rewritten in place; return those of a word in s2."""
        s0, s1, *_, s7 = stages
        words = self.schedule.words
        m.submodules.states = memory = Memory(
            shape=codes.shape(), depth=self.state_depth(words), init=[]
        )
        read = memory.read_port(domain="sync")
        # Whole words, but for a code that comes from outside.
        write = memory.write_port(domain="sync", granularity=1 if self.accessible else None)
        m.d.comb += [
            read.addr.eq(self.state_address(s0.segment, words, s0.word)),
            read.en.eq(s0.valid),
            write.addr.eq(self.state_address(s7.segment, words, s7.word, written=True)),
            write.data.eq(codes),
            write.en.eq(s7.valid.replicate(len(write.en))),
        ]
        self.access_states(m, read, write, self.schedule.lanes)
        lanes = range(self.schedule.lanes)
        registers = [Signal(self.state, name=f"s2_m_{lane}", reset_less=True) for lane in lanes]
        with m.If(s1.valid):
            m.d.sync += [
                registers[lane].eq(Mux(self.first_step, 0, read.data[lane])) for lane in lanes
            ]
        return registers

    def _sums(self, m: Module, s7: Signal, codes: Signal) -> SegmentSums:
        """Return the sum of the states of each segment as they were written last.

        It may wrap: with the running sum, only so many bits of it count.
        """
        lanes, rows = self.schedule.lanes, self.node.rows
        shape = signed(self.running.width - self.state_up)
        sums = self.add_sums(m, shape)
        padding = self.schedule.words * lanes - rows
        added = [
            Mux(s7.ends, 0, code) if lane >= lanes - padding else code
            for lane, code in enumerate(codes[lane] for lane in range(lanes))
        ]
        before = Mux(s7.begins, 0, sums.read(s7.segment))
        sums.write(s7.valid, s7.segment, reduce(add, added, before))
        return sums

    def _running(
        self, m: Module, s1: Signal, s2: Signal, states: list[Signal], sums: SegmentSums
    ) -> list[Value]:
        """Return s of each state of a word, in s2."""
        s, before = (Signal(self.running, name=name, reset_less=True) for name in ("s", "before"))
        running, previous, sums_before = s, before, []
        for lane, state in enumerate(states):
            sums_before.append(running)
            following = Signal(self.running, name=f"following_{lane}")
            m.d.comb += following.eq(previous + state.shift_left(self.state_up + 1))
            previous, running = running, following
        with m.If(s2.valid):
            m.d.sync += [s.eq(running), before.eq(previous)]
        with m.If(s1.valid & s1.begins):
            total = Mux(self.first_step, 0, sums.read(s1.segment)).shift_left(self.state_up)
            u = Value.cast(entry_of(self.u, s1.segment).shift_left(self.source_up))
            m.d.sync += [s.eq(u - total), before.eq(-u - total)]
        return sums_before

    def _factors(self, m: Module, s1: Signal, s2: Signal, rate: Value) -> list[Value]:
        """Return ``K (2i+1)`` of each state of a word, in s2."""
        lanes = self.schedule.lanes
        largest = 2 * self.schedule.words * lanes - 1
        shape = unsigned(len(rate) + largest.bit_length())
        factor = Signal(shape, name="factor", reset_less=True)
        with m.If(s2.valid):
            m.d.sync += factor.eq(factor + times(rate, 2 * lanes))
        with m.If(s1.valid & s1.begins):
            m.d.sync += factor.eq(rate)
        return [factor + times(rate, 2 * lane) for lane in range(lanes)]

    def _code(
        self,
        m: Module,
        stages: list[Signal],
        lane: int,
        state: Signal,
        s: Value,
        factor: Value,
        drop: Value | int,
    ) -> Signal:
        """Return the new code of a state, in s7.

        ``m + narrow(p)`` is ``2m + 1 + (p >> drop-1) >> 1``: rounding costs no adder.
        """
        requant = self.node.requant
        width = int(self.update.factors[-1]).bit_length()
        if self.schedule.reloadable:
            width = len(factor)
        s3_s = Signal(self.running, name=f"s3_s_{lane}", reset_less=True)
        s3_factor = Signal(unsigned(width), name=f"s3_factor_{lane}", reset_less=True)
        s4_product = Signal(
            signed(self.running.width + width), name=f"s4_product_{lane}", reset_less=True
        )
        shifted = s4_product.shift_right(drop) if isinstance(drop, int) else s4_product >> drop
        s5_change = Signal(shifted.shape(), name=f"s5_change_{lane}", reset_less=True)
        s3_m, s4_m, s5_m = (
            Signal(self.state, name=f"s{n}_m_{lane}", reset_less=True) for n in (3, 4, 5)
        )
        half = Const(int(requant.rounding is Rounding.HALF_UP), 1)
        doubled = Cat(half, s5_m).as_signed() if self.state.signed else Cat(half, s5_m)
        total = doubled + s5_change
        s6_total = Signal(total.shape(), name=f"s6_total_{lane}", reset_less=True)
        s7_code = Signal(self.state, name=f"s7_code_{lane}", reset_less=True)
        rounded = replace(requant, rounding=Rounding.FLOOR)
        self._outside.append(is_outside(s6_total, requant.format.frac_bits + 1, rounded))
        for stage, following in {
            2: [s3_s.eq(s), s3_factor.eq(factor), s3_m.eq(state)],
            3: [s4_product.eq(s3_s * s3_factor), s4_m.eq(s3_m)],
            4: [s5_change.eq(self.change(shifted)), s5_m.eq(s4_m)],
            5: [s6_total.eq(total)],
            6: [s7_code.eq(requantize(s6_total, requant.format.frac_bits + 1, rounded))],
        }.items():
            with m.If(stages[stage].valid):
                m.d.sync += following
        return s7_code


def _window(node: MemoryNode, update: Scan) -> dict[str, int]:
    """Return what a word holds of an update, for states in the format of a node."""
    up = update.running.frac_bits - node.requant.format.frac_bits
    return {"rate": update.rate.codes.item(), "drop": update.rate.format.frac_bits + up - 1}
