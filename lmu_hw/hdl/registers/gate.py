# SPDX-License-Identifier: Apache-2.0
"""The gate before the core of a design: it starts and stops, ends sequences, and clears."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.assertions import add_checker
from lmu_hw.hdl.packets import count
from lmu_hw.hdl.registers.map import BITS
from lmu_hw.network import Packet

__all__ = ["Gate"]


class Gate(wiring.Component):
    """Lets beats through, or keeps them waiting between two vectors: never within one.

    A beat passes in the cycle in which it comes. What was offered to the core stays offered: the
    gate closes where nothing is, or with the last beat of a vector.

    Parameters
    ----------
    packet : Packet
    moves : bool
        The place within a sequence can be read and written.

    Members
    -------
    valid, last : In;  ready : Out
        Of the source. `last` marks what ends a sequence: ``tuser`` where there is one.
    tlast : In(1)
        Of the source; it ends a packet.
    core_valid, core_last : Out;  core_ready, core_busy : In
        Of the core. `core_busy`: a vector, a step or an answer is inside.
    run : In(1)
    clear : In(1)
        For one cycle.
    length : In(32)
        Steps after which a sequence ends in any case; 0: never. Those of each stream count.
    tid : In, if there are several streams
        Of the source, whose the beat is.
    accepting, clearing, busy, still : Out(1)
        See the register ``STATUS``.
    reset : Out(1)
        Of the core, for one cycle in which nothing is inside.
    step, ends : Out(1)
        A vector is there with the beat that is taken in this cycle; it is the last of its sequence.
    position : Out(32);  move : In(1);  move_to : In(32), if it moves
        Of its sequence, the next vector is the first, the second ...; make it another one.
    moved : In, if it moves and there are several streams
        Whose `position` that is.
    """

    def __init__(self, packet: Packet, *, moves: bool = False) -> None:
        self.packet, self.moves = packet, moves
        inputs = ("valid", "last", "tlast", "core_ready", "core_busy", "run", "clear")
        outputs = ("ready", "core_valid", "core_last", "accepting", "clearing", "busy", "still")
        super().__init__(
            {
                **dict.fromkeys(inputs, In(1)),
                **dict.fromkeys((*outputs, "reset", "step", "ends"), Out(1)),
                "length": In(BITS),
                **({"position": Out(BITS), "move": In(1), "move_to": In(BITS)} if moves else {}),
                **({"tid": In(packet.id_bits)} if packet.id_bits else {}),
                **({"moved": In(packet.id_bits)} if packet.id_bits and moves else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        is_open = Signal(init=1)
        taken = Signal()
        m.d.comb += [
            self.core_valid.eq(self.valid & is_open),
            self.ready.eq(self.core_ready & is_open),
            taken.eq(self.core_valid & self.core_ready),
        ]
        between, whole, complete, too_long = self._vectors(m, taken)
        due = self._sequences(m, whole, complete)
        offered_none = between & ~self.core_valid
        want = self.run & ~self.clearing
        with m.If(want):
            m.d.sync += is_open.eq(1)
        with m.Elif(offered_none | (self.step & ~too_long)):
            m.d.sync += is_open.eq(0)
        m.d.comb += [
            self.accepting.eq(is_open),
            self.busy.eq(self.core_busy | ~offered_none),
            self.still.eq(~is_open & ~self.busy & ~self.clearing),
            self.step.eq(complete),
            self.core_last.eq(self.last | due),
        ]
        with m.If(self.clear):
            m.d.sync += self.clearing.eq(1)
        with m.Elif(self.reset):
            m.d.sync += self.clearing.eq(0)
        m.d.sync += self.reset.eq(self.clearing & ~is_open & ~self.busy & ~self.reset)
        watched = ("core_valid", "core_ready", "accepting", "busy", "still", "reset")
        add_checker(m, platform, "gate", **{name: getattr(self, name) for name in watched})
        return m

    def _vectors(self, m: Module, taken: Signal) -> tuple[Signal, Value, Signal, Signal]:
        """Follow the packets as the core does.

        Returns
        -------
        tuple
            Whether no vector is begun; whether a beat would be the last one of a vector; whether
            the beat that is taken completes one; whether its packet goes on behind it.
        """
        packet = self.packet
        between, complete, too_long, skipping = (
            Signal(name=name) for name in ("between", "complete", "too_long", "skipping")
        )
        counts = taken & ~skipping
        place, whole = count(m, "beat", packet.beats, counts)
        early = Const(0) if packet.whole else self.tlast
        m.d.comb += [
            between.eq((place == 0) & ~skipping),
            complete.eq(counts & (whole | early)),
        ]
        if packet.beats > 1:
            with m.If(complete):
                m.d.sync += place.eq(0)
        if packet.marks:
            m.d.comb += too_long.eq(counts & whole & ~self.tlast)
            with m.If(too_long):
                m.d.sync += skipping.eq(1)
            with m.Elif(taken & self.tlast):
                m.d.sync += skipping.eq(0)
        return between, whole, complete, too_long

    def _sequences(self, m: Module, whole: Value, complete: Signal) -> Signal:
        """Count the steps of a sequence; return whether this beat ends one, whatever it says."""
        due = Signal()
        several = bool(self.packet.id_bits)
        # Of its sequence, the next vector is the first, the second ...
        step = Signal(BITS, init=0 if several else 1)
        # Where tlast ends sequences, one before the last beat of a packet would cut it short.
        m.d.comb += [
            due.eq((self.length != 0) & (step >= self.length) & whole),
            self.ends.eq(complete & (self.last | due)),
        ]
        if several:
            self._steps_of_streams(m, step, complete)
            return due
        with m.If(self.reset | self.ends):
            m.d.sync += step.eq(1)
        with m.Elif(complete):
            m.d.sync += step.eq(step + 1)
        if self.moves:
            m.d.comb += self.position.eq(step)
            with m.If(self.move):
                m.d.sync += step.eq(self.move_to)
        return due

    def _steps_of_streams(self, m: Module, step: Signal, complete: Signal) -> None:
        """Keep the step of each stream in a memory, and say which one that of the beat is.

        Whether a stream has begun a sequence is a flip-flop: a reset clears no memory.
        """
        m.submodules.steps = memory = Memory(shape=BITS, depth=1 << len(self.tid), init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        begun = Signal(memory.depth)
        m.d.comb += [
            read.addr.eq(self.tid),
            step.eq(Mux(begun.bit_select(self.tid, 1), read.data, 1)),
            write.addr.eq(self.tid),
            write.data.eq(step + 1),
            write.en.eq(complete),
        ]
        with m.If(self.reset):
            m.d.sync += begun.eq(0)
        with m.Elif(complete):
            m.d.sync += begun.bit_select(self.tid, 1).eq(~self.ends)
        if not self.moves:
            return
        moved = memory.read_port(domain="comb")
        m.d.comb += [
            moved.addr.eq(self.moved),
            self.position.eq(Mux(begun.bit_select(self.moved, 1), moved.data, 1)),
        ]
        with m.If(self.move):
            m.d.comb += [
                write.addr.eq(self.moved),
                write.data.eq(self.move_to),
                write.en.eq(1),
            ]
            m.d.sync += begun.bit_select(self.moved, 1).eq(1)
