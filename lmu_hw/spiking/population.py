# SPDX-License-Identifier: Apache-2.0
"""A population of spiking neurons as hardware: pseudo-random words, comparisons, a count."""

from __future__ import annotations

from functools import reduce
from operator import add

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, exact_log2

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.pipeline import pipeline
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.spiking.memory import GENERATOR, SEEDER, WORD_BITS, SpikingMemory, Xorshift

__all__ = ["Population", "next_word", "population_cycles"]


def population_cycles(memory: SpikingMemory, lanes: int) -> int:
    """Return the cycles from the start of a population to its count."""
    return memory.neurons // lanes + 4


def next_word(word: Value, shifts: Xorshift) -> Value:
    """Return what a generator makes of a word."""
    word = word ^ word.shift_left(shifts.first)[:WORD_BITS]
    word = word ^ word.shift_right(shifts.second)
    return word ^ word.shift_left(shifts.third)[:WORD_BITS]


class Population(wiring.Component):
    """Draws a word for every neuron of a population, `lanes` a cycle, and counts the spikes.

    The count is at the output `latency` cycles after the start, with `done`, for one cycle.

    Parameters
    ----------
    memory : SpikingMemory
    lanes : int
        A power of two, at most the neurons of a population.

    Members
    -------
    start : In(1)
        Begin a population; not before the one before is done.
    number : In
        Of the population; populations of a step come in order. Steady while one runs.
    current : In(signed)
        v; steady while the population runs.
    first_step : In(1)
        Words are seeds; steady while a step runs.
    done : Out(1)
    spikes : Out(signed)
        Spikes with e = +1 less those with e = -1.

    Raises
    ------
    NetworkError
        If `lanes` is not such a number.
    """

    def __init__(self, memory: SpikingMemory, lanes: int) -> None:
        if lanes < 1 or lanes & lanes - 1 or lanes > memory.neurons:
            raise NetworkError(
                f"the lanes must be a power of two up to {memory.neurons} neurons, not {lanes}"
            )
        self.memory, self.lanes = memory, lanes
        self.words = memory.neurons // lanes
        super().__init__(
            {
                "start": In(1),
                "number": In(range(max(memory.order, 2))),
                "current": In(shape_of(memory.current.format)),
                "first_step": In(1),
                "done": Out(1),
                "spikes": Out(signed(memory.spike_bits)),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the start of a population to its count."""
        return population_cycles(self.memory, self.lanes)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # s0: words are addressed; s1: they are there; s2: the next ones; s3: spikes of a word.
        control = data.StructLayout(
            {"valid": 1, "word": bits_for(max(self.words - 1, 1)), "begins": 1, "ends": 1}
        )
        s0, s1, s2, s3 = pipeline(m, control, 4)
        running = Signal()
        word = Signal.like(s0.word)
        m.d.comb += [
            s0.valid.eq(running),
            s0.word.eq(word),
            s0.begins.eq(word == 0),
            s0.ends.eq(word == self.words - 1),
        ]
        with m.If(running):
            m.d.sync += [word.eq(Mux(s0.ends, 0, word + 1)), running.eq(~s0.ends)]
        with m.If(self.start):
            m.d.sync += running.eq(1)

        words = self._words(m, s0, s1, s2)
        s3_spikes = Signal.like(self.spikes, name="s3_spikes", reset_less=True)
        m.d.sync += s3_spikes.eq(reduce(add, self._signed_spikes(m, s2, words)))
        with m.If(s3.valid):
            m.d.sync += self.spikes.eq(Mux(s3.begins, 0, self.spikes) + s3_spikes)
        m.d.sync += self.done.eq(s3.valid & s3.ends)
        return m

    def _words(self, m: Module, s0: Signal, s1: Signal, s2: Signal) -> list[Signal]:
        """Add the words of all neurons, rewritten in place; return the next ones, in s2."""
        depth, width = self.memory.order * self.words, WORD_BITS * self.lanes
        m.submodules.words = memory = Memory(shape=unsigned(width), depth=depth, init=[])
        read, write = memory.read_port(domain="sync"), memory.write_port(domain="sync")
        seed = Signal(WORD_BITS, reset_less=True)
        seeds = [seed]
        for _ in range(self.lanes):
            seeds.append(Signal(WORD_BITS, name=f"seed_{len(seeds)}"))
            m.d.comb += seeds[-1].eq(next_word(seeds[-2], SEEDER))
        with m.If(self.start & (self.number == 0)):
            m.d.sync += seed.eq(self.memory.seed)
        with m.Elif(s1.valid):
            m.d.sync += seed.eq(seeds[-1])
        next_words = [
            Signal(WORD_BITS, name=f"s2_word_{n}", reset_less=True) for n in range(self.lanes)
        ]
        for lane, new in enumerate(next_words):
            stored = read.data[lane * WORD_BITS : (lane + 1) * WORD_BITS]
            m.d.sync += new.eq(next_word(Mux(self.first_step, seeds[lane], stored), GENERATOR))
        first = Cat(Const(0, exact_log2(self.words)), self.number)
        m.d.comb += [
            read.addr.eq(first | s0.word),
            write.addr.eq(first | s2.word),
            write.data.eq(Cat(next_words)),
            write.en.eq(s2.valid),
        ]
        return next_words

    def _signed_spikes(self, m: Module, s2: Signal, words: list[Signal]) -> list[Value]:
        """Return e times the spike of each neuron of a word."""
        spikes: list[Value] = []
        width = self.memory.current.format.width
        for lane, word in enumerate(words):
            odd = Const(lane & 1) if self.lanes > 1 else s2.word[0]
            top = word[-width:].as_signed()
            spike = Signal(name=f"spike_{lane}")
            m.d.comb += spike.eq(Mux(odd, -self.current, self.current) > top)
            spikes.append(Mux(odd, -spike, spike))
        return spikes
