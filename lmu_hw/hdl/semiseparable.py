# SPDX-License-Identifier: Apache-2.0
"""The semiseparable memory as hardware: control, memories, and the states on their way out."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.utils import exact_log2

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.beats import write_beats
from lmu_hw.hdl.memory_unit import MemoryUnit, must_equal
from lmu_hw.hdl.multiples import times
from lmu_hw.hdl.pipeline import pipeline
from lmu_hw.hdl.semiseparable_cells import SemiseparableCells
from lmu_hw.hdl.semiseparable_layouts import coefficient_layout, control_layout
from lmu_hw.hdl.storage import Rom
from lmu_hw.network import MemoryNode
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.plan import LayerPlan

__all__ = ["SemiseparableUnit"]


class SemiseparableUnit(MemoryUnit):
    """Computes a memory whose update is semiseparable.

    It reads all states from the last to the first (backward recursion), keeps what is carried into
    each state, then reads them from the first to the last (forward recursion) and replaces each by
    its new value. Segments follow each other, or take turns at every state. If the plan is
    reloadable, the port ``load`` takes new coefficients of a state.

    Parameters
    ----------
    plan : LayerPlan
    node : MemoryNode
    """

    @classmethod
    def word_layout(cls, plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
        """Return the layout of the coefficients of a state."""
        return coefficient_layout(plan, node)

    @classmethod
    def words(cls, plan: LayerPlan, node: MemoryNode, update: Semiseparable) -> list[int]:
        """Return the coefficients of each state of an update."""
        schedule = plan.node(node)
        layout = coefficient_layout(plan, node)
        return [
            layout.const(
                {
                    "decay": int(update.decay.codes[state]),
                    "coupling": update.coupling.codes[state].tolist(),
                    "carry": [int(update.carry.codes[state][place]) for place in schedule.carried],
                    "up": schedule.max_shift - update.shifts[state],
                }
            )
            .as_value()
            .value
            for state in range(update.order)
        ]

    @classmethod
    def check(cls, plan: LayerPlan, node: MemoryNode, replacement: MemoryNode) -> None:
        expected, update = node.update, replacement.update
        for what in ("rank", "forward", "backward"):
            must_equal(replacement.name, what, getattr(expected, what), getattr(update, what))
        for what in ("decay", "carry"):
            formats = getattr(expected, what).format, getattr(update, what).format
            must_equal(replacement.name, f"the format of {what}", *formats)
        schedule = plan.node(node)
        if update.max_shift > schedule.max_shift:
            raise NetworkError(
                f"{replacement.name}: row shifts must be at most {schedule.max_shift}, not "
                f"{update.max_shift}"
            )
        needed = {(int(i), int(j)) for i, j in zip(*update.carried.nonzero(), strict=True)}
        if not needed <= set(schedule.carried):
            raise NetworkError(
                f"{replacement.name}: W must be zero where that of the hardware is, but not at "
                f"{sorted(needed - set(schedule.carried))}"
            )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # A state is read in s0; its new code is at the output in s7.
        stages = pipeline(m, control_layout(self.plan, self.node), 8)
        s0, s3, s7 = stages[0], stages[3], stages[7]
        following, walking = self._control(m, s0)
        m.submodules.cells = cells = SemiseparableCells(self.plan, self.node, watched=self.counts)
        m.d.comb += [stage.eq(s) for stage, s in zip(cells.stages, stages, strict=False)]
        m.d.comb += cells.u.eq(self.u)
        if self.counts:
            s6 = stages[6]
            present = s6.valid & s6.final & ~s6.backward
            self.count_saturated(m, list(cells.outside), present, s6.ends)
        # A loop of one cycle needs coefficients and states already in s0.
        segment, word, read = s0.segment, s0.word, s0.valid
        if self.schedule.loop_cycles == 1:
            (segment, word), read = following, walking
        self._coefficients(m, cells, word, read)
        self._states(m, cells, segment, word, read, s7)
        self._history(m, cells, s3)
        write_beats(
            m,
            self.write,
            cells.codes.as_value(),
            words_per_beat=self.plan.beat // self.schedule.chain,
            rows=self.node.rows,
            present=s7.valid & s7.final & ~s7.backward,
            segment=s7.segment,
            word=s7.word,
            ends=s7.ends,
        )
        return m

    def _control(self, m: Module, s0: Signal) -> tuple[tuple[Signal, Signal], Value]:
        """Walk through segments, recursions, words and slots.

        Returns
        -------
        Signal, Signal
            Segment and word one cycle before s0.
        Value
            There may be a word in s0 one cycle later.
        """
        schedule = self.schedule
        last_word = schedule.words - 1
        running = Signal()
        pause = Signal(range(max(schedule.pause, 1) + 1))  # cycles until the next segment
        segment = Signal.like(s0.segment)
        slot = Signal.like(s0.slot)
        backward = Signal(init=1)
        word = Signal.like(s0.word, init=last_word)
        next_segment = Signal.like(segment)
        next_word = Signal.like(word)
        last_slot = Mux(backward, schedule.backward_slots - 1, schedule.forward_slots - 1)
        m.d.comb += [
            s0.valid.eq(running & (pause == 0)),
            s0.segment.eq(segment),
            s0.backward.eq(backward),
            s0.word.eq(word),
            s0.slot.eq(slot),
            s0.final.eq(slot == last_slot),
            s0.ends.eq(word == Mux(backward, 0, last_word)),
            next_segment.eq(segment),
            next_word.eq(word),
        ]
        with m.If(s0.valid & s0.final):
            m.d.sync += [segment.eq(next_segment), word.eq(next_word)]
        with m.If(pause != 0):
            m.d.sync += pause.eq(pause - 1)
        with m.If(self.start):
            m.d.sync += running.eq(1)
        with m.If(s0.valid):
            m.d.sync += slot.eq(slot + 1)
        last_segment = segment == self.node.segments - 1
        turn = s0.final & last_segment if schedule.interleaved else s0.final
        with m.If(s0.valid & s0.final):
            m.d.sync += slot.eq(0)
            if schedule.interleaved:
                m.d.comb += next_segment.eq(Mux(last_segment, 0, segment + 1))
        with m.If(s0.valid & turn & ~s0.ends):
            m.d.comb += next_word.eq(Mux(backward, word - 1, word + 1))
        with m.If(s0.valid & turn & s0.ends):
            # The next recursion begins with the word that this one ends with.
            m.d.sync += backward.eq(~backward)
            with m.If(~backward):
                m.d.sync += running.eq(~last_segment)
                if not schedule.interleaved:
                    m.d.comb += next_segment.eq(Mux(last_segment, 0, segment + 1))
                    m.d.sync += pause.eq(schedule.pause)
        return (next_segment, next_word), self.start | running

    def _coefficients(self, m: Module, cells: SemiseparableCells, word: Value, read: Value) -> None:
        """Add the ROMs, one for each state of a word."""
        node, chain, reloadable = self.node, self.schedule.chain, self.schedule.reloadable
        words = self.words(self.plan, node, node.update)
        words += [0] * (chain * self.schedule.words - len(words))
        for lane in range(chain):
            rom = Rom(
                name=f"{node.name.replace('.', '_')}_sweeps" + (f"_{lane}" if chain > 1 else ""),
                words=words[lane::chain],
                width=coefficient_layout(self.plan, node).size,
                writable=reloadable,
            )
            m.submodules[rom.name] = rom
            m.d.comb += [
                rom.address.eq(word),
                rom.enable.eq(read),
                cells.coefficients[lane].eq(rom.data),
            ]
            if reloadable:
                position = exact_log2(chain)
                m.d.comb += [
                    rom.write.eq(self.load.enable & (self.load.state[:position] == lane)),
                    rom.write_address.eq(self.load.state >> position),
                    rom.write_data.eq(self.load.word),
                ]

    def _states(
        self,
        m: Module,
        cells: SemiseparableCells,
        segment: Value,
        word: Value,
        enable: Value,
        s7: Signal,
    ) -> None:
        """Add the memory of states, rewritten in place."""
        words = self.schedule.words
        memory = Memory(shape=cells.codes.shape(), depth=self.state_depth(words), init=[])
        m.submodules.state_memory = memory
        read = memory.read_port(domain="sync")
        # Whole words, but for a code that comes from outside.
        write = memory.write_port(domain="sync", granularity=1 if self.accessible else None)
        written = s7.valid & s7.final & ~s7.backward
        m.d.comb += [
            read.addr.eq(self.state_address(segment, words, word)),
            read.en.eq(enable),
            cells.states.eq(Mux(self.first_step, 0, read.data.as_value())),
            write.addr.eq(self.state_address(s7.segment, words, s7.word, written=True)),
            write.data.eq(cells.codes),
            write.en.eq(written.replicate(len(write.en))),
        ]
        self.access_states(m, read, write, self.schedule.chain)

    def _history(self, m: Module, cells: SemiseparableCells, s3: Signal) -> None:
        """Add the memory of what the backward recursion carries into each state."""
        words, segments = self.schedule.words, self.node.segments
        # Segments that follow each other share the words.
        stride, depth = (words, segments * words) if self.schedule.interleaved else (0, words)
        memory = Memory(shape=cells.carried.shape(), depth=depth, init=[])
        m.submodules.history_memory = memory
        read = memory.read_port(domain="sync")
        write = memory.write_port(domain="sync")
        address = times(s3.segment, stride) + s3.word
        m.d.comb += [
            read.addr.eq(address),
            read.en.eq(s3.valid & s3.final & ~s3.backward),
            write.addr.eq(address),
            write.data.eq(cells.carried),
            write.en.eq(s3.valid & s3.final & s3.backward),
            cells.history.eq(read.data),
        ]
