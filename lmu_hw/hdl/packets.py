# SPDX-License-Identifier: Apache-2.0
"""Vectors as packets of narrow beats: received into the memory of the first layer, and sent."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from lmu_hw.hdl.assertions import add_checker, count_bits
from lmu_hw.hdl.multiples import entry_of
from lmu_hw.hdl.storage import lane_enables
from lmu_hw.hdl.streams import VECTORS_HELD, beat_signature, has_room, vector_signature
from lmu_hw.network import Packet
from lmu_hw.plan import ANSWERS_HELD

__all__ = ["AnswerMemory", "PacketReceiver", "PacketSender"]


def count(m: Module, name: str, number: int, advance: Value) -> tuple[Value, Value]:
    """Return a count from 0 to ``number - 1``, over and over, and whether it is at its end.

    Counting to 1 takes nothing.
    """
    if number == 1:
        return Const(0), Const(1)
    place = Signal(range(number), name=name)
    ends = place == number - 1
    with m.If(advance):
        m.d.sync += place.eq(Mux(ends, 0, place + 1))
    return place, ends


class PacketReceiver(wiring.Component):
    """Hands the elements of beats on as they come; at most a part of one element is stored.

    A vector is always handed on whole. What a packet lacks is 0: bytes without ``tkeep``, and all
    that comes after an early ``tlast``. What it has too much is left out, up to its ``tlast``: the
    next beat begins the next packet.

    Parameters
    ----------
    packet : Packet
    beat : int
        Elements that are handed on at once: of a beat, a whole fraction.
    watched : bool
    id_bits : int
        Of ``tid``; 0: there is none.
    room : int
        Vectors that what receives them has room for.

    Members
    -------
    tdata, tkeep, tvalid, tlast : In;  tready : Out
    tid : In, if there are several streams
        Looked at in the beat that ends a vector, as ``tuser``.
    tuser : In(1), if ``tlast`` ends every vector
        The vector is the last one of its sequence; looked at in the beat that ends it.
    o : Out(vector_signature)
    malformed : Out(1)
        In the cycle before, a beat was taken that is not as it must be.
    busy : Out(1), if it is watched
        A vector that was taken is not read yet.
    """

    def __init__(
        self,
        packet: Packet,
        beat: int,
        *,
        watched: bool = False,
        id_bits: int = 0,
        room: int = VECTORS_HELD,
    ) -> None:
        self.room = room
        self.packet, self.beat, self.watched, self.id_bits = packet, beat, watched, id_bits
        super().__init__(
            {
                "tdata": In(packet.width),
                "tkeep": In(packet.bytes),
                "tvalid": In(1),
                "tready": Out(1),
                "tlast": In(1),
                **({"tuser": In(1)} if packet.marks else {}),
                **({"tid": In(id_bits)} if id_bits else {}),
                "o": Out(vector_signature(packet.vector.format, beat, id_bits)),
                "malformed": Out(1),
                **({"busy": Out(1)} if watched else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        packet = self.packet
        pieces = packet.elements // self.beat  # of a beat
        writes = -(-packet.vector.size // self.beat)
        filling = Signal()  # after an early tlast
        skipping = Signal()  # until a late one
        moves = Signal()
        complete = Signal()
        room, empty = has_room(m, platform, self.o.freed, complete, self.room)
        read = Signal()  # all of this beat is
        part, last_part = count(m, "part", packet.parts, moves & read)
        write, last_write = count(m, "write", writes, self.o.valid)
        whole = last_write & last_part  # with this beat, the vector is there
        taken = moves & read & ~filling
        early = taken & self.tlast & ~whole
        late = taken & whole & ~self.tlast if packet.marks else 0
        unkept = self.tkeep != Mux(whole, packet.keep(ends=True), packet.keep(ends=False))
        mark = Signal()
        last = self.tuser if packet.marks else self.tlast
        m.d.comb += [
            read.eq(write[: exact_log2(pieces)].all() | last_write),
            moves.eq((filling | (self.tvalid & ~skipping)) & room),
            complete.eq(moves & whole),
            self.tready.eq(skipping | (room & read & ~filling)),
            self.o.valid.eq(moves & last_part),
            self.o.payload.last.eq(Mux(filling, mark, last)),
        ]
        if self.id_bits:
            identity = Signal(self.id_bits)
            m.d.comb += self.o.payload.stream.eq(Mux(filling, identity, self.tid))
            with m.If(early):
                m.d.sync += identity.eq(self.tid)
        if self.watched:
            m.d.comb += self.busy.eq(filling | ~empty)
        word = self._elements(m, write[: exact_log2(pieces)], part, moves, filling)
        m.d.sync += self.malformed.eq(early | late | (taken & unkept))
        with m.If(early):
            m.d.sync += [filling.eq(1), mark.eq(last)]
        with m.If(complete):
            m.d.sync += filling.eq(0)
        if packet.marks:
            with m.If(late):
                m.d.sync += skipping.eq(1)
            with m.If(skipping & self.tvalid & self.tlast):
                m.d.sync += skipping.eq(0)
        add_checker(
            m,
            platform,
            "receiver",
            BEATS=packet.beats,
            MARKS=int(packet.marks),
            WIDTH=packet.width,
            BITS=count_bits(packet.beats),
            valid=self.tvalid,
            ready=self.tready,
            last=self.tlast,
            filled=filling & moves & read,
            complete=complete,
            filling=filling,
            word=word,
        )
        return m

    def _elements(
        self, m: Module, piece: Value, part: Value, moves: Signal, filling: Signal
    ) -> Value:
        """Choose the elements that are handed on; return a beat, in which what is not kept is 0."""
        packet, width = self.packet, self.packet.vector.format.width
        octets = [
            self.tdata.word_select(n, 8) & (self.tkeep[n] & ~filling).replicate(8)
            for n in range(packet.bytes)
        ]
        kept = Value.cast(Cat(octets))
        word = kept
        if packet.parts > 1:
            parts = []
            for number in range(min(packet.parts - 1, -(-width // packet.width))):
                earlier = Signal(packet.width, name=f"part_{number}", reset_less=True)
                with m.If(moves & (part == number)):
                    m.d.sync += earlier.eq(word)
                parts.append(earlier)
            word = Cat(*parts, word)
        with m.Switch(piece):
            for number in range(packet.elements // self.beat):
                with m.Case(number) if len(piece) else m.Default():
                    for lane in range(self.beat):
                        start = (number * self.beat + lane) * packet.element_bits
                        code = word[start : start + width]
                        m.d.comb += self.o.payload.data[lane].eq(code)
        return kept


class AnswerMemory(wiring.Component):
    """Keeps answers, and gives one word after the other to be sent.

    Parameters
    ----------
    packet : Packet
    beat : int
        Elements that are written at once.
    word : int
        Elements of a word.
    held : int
        Answers that it has room for: a number before a power of two.
    id_bits : int
        Of ``tid``; 0: there is none.

    Members
    -------
    i : In(vector_signature)
    o : Out(stream of words)
        ``last`` marks all words of the last vector of a sequence.
    taken : In(1)
        The last beat of a vector was taken.
    """

    def __init__(
        self, packet: Packet, beat: int, word: int, *, held: int = ANSWERS_HELD, id_bits: int = 0
    ) -> None:
        self.beat, self.word, self.held, self.id_bits = beat, word, held, id_bits
        fmt, size = packet.vector.format, packet.vector.size
        self.beats, self.words = -(-size // beat), -(-size // word)
        self.width = fmt.width * word
        super().__init__(
            {
                "i": In(vector_signature(fmt, beat, id_bits)),
                "o": Out(beat_signature(fmt, word, id_bits)),
                "taken": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        depth, per_word = self.held * self.words, self.word // self.beat
        m.submodules.words = memory = Memory(shape=self.width, depth=depth, init=[])
        write = memory.write_port(domain="sync", granularity=self.width // per_word)
        read = memory.read_port(domain="sync")
        stored = Signal()
        fetch = Signal()
        beat, ends = count(m, "beat", self.beats, self.i.valid)
        entering, _ = count(m, "entering", depth, stored)
        leaving, _ = count(m, "leaving", depth, fetch)
        level = Signal(range(depth + 1))
        # Memory, its output, and a register behind it: block RAM is slow.
        read_out = Signal()
        offered = Signal()
        word = Signal(self.width, reset_less=True)
        moves = ~offered | self.o.ready
        moved = Signal()
        _, all_moved = count(m, "place", self.words, moved)
        # A mark for each answer, from its first beat until its last word is in the register.
        marks = Signal(self.held + 1)
        newest = Signal(range(len(marks)))
        oldest = Signal(range(len(marks)))
        mark = Signal()
        lanes = lane_enables(beat, self.beats - 1, per_word)
        m.d.comb += [
            stored.eq(self.i.valid & (beat[: exact_log2(per_word)].all() | ends)),
            fetch.eq((level != 0) & (~read_out | moves)),
            self.i.freed.eq(self.taken),
            write.addr.eq(entering),
            write.data.eq(self.i.payload.data.as_value().replicate(per_word)),
            write.en.eq(Cat(self.i.valid & lane for lane in lanes)),
            read.addr.eq(leaving),
            read.en.eq(fetch),
            self.o.valid.eq(offered),
            self.o.payload.data.eq(word),
            self.o.payload.last.eq(mark),
            moved.eq(moves & read_out),
        ]
        m.d.sync += level.eq(level + stored - fetch)
        with m.If(self.i.valid):
            m.d.sync += marks.bit_select(newest, 1).eq(self.i.payload.last)
            with m.If(ends):
                m.d.sync += newest.eq(newest + 1)
        with m.If(~read_out | moves):
            m.d.sync += read_out.eq(fetch)
        with m.If(moves):
            m.d.sync += offered.eq(read_out)
        with m.If(moved):
            m.d.sync += [word.eq(read.data), mark.eq(marks.bit_select(oldest, 1))]
        with m.If(moved & all_moved):
            m.d.sync += oldest.eq(oldest + 1)
        if self.id_bits:
            streams = Signal(data.ArrayLayout(self.id_bits, len(marks)), reset_less=True)
            with m.If(self.i.valid):
                m.d.sync += entry_of(streams, newest).eq(self.i.payload.stream)
            with m.If(moved):
                m.d.sync += self.o.payload.stream.eq(entry_of(streams, oldest))
        add_checker(
            m,
            platform,
            "stream_answers" if self.id_bits else "answers",
            BEATS=self.beats,
            WORDS=depth,
            OF_ANSWER=self.words,
            VECTORS=self.held,
            BITS=count_bits(max(self.beats, depth)),
            valid=self.i.valid,
            last=self.i.payload.last,
            stored=stored,
            fetch=fetch,
            moved=moved,
            taken=self.taken,
            offered=self.o.valid,
            marked=self.o.payload.last,
            entering=entering,
            leaving=leaving,
        )
        return m


class PacketSender(wiring.Component):
    """Sends the words of an answer as beats.

    Parameters
    ----------
    packet : Packet
    word : int
        Elements of a word.
    id_bits : int
        Of ``tid``; 0: there is none.

    Members
    -------
    i : In(stream of words)
        As `AnswerMemory` gives them.
    tdata, tkeep, tvalid, tlast : Out;  tready : In
    tuser : Out(1), if ``tlast`` ends every vector
        The vector is the last one of its sequence.
    taken : Out(1)
        The last beat of a vector is taken.
    """

    def __init__(self, packet: Packet, word: int, *, id_bits: int = 0) -> None:
        self.packet, self.word, self.id_bits = packet, word, id_bits
        super().__init__(
            {
                "i": In(beat_signature(packet.vector.format, word, id_bits)),
                "tdata": Out(packet.width),
                "tkeep": Out(packet.bytes),
                "tvalid": Out(1),
                "tready": In(1),
                "tlast": Out(1),
                **({"tuser": Out(1)} if packet.marks else {}),
                **({"tid": Out(id_bits)} if id_bits else {}),
                "taken": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        packet = self.packet
        per_word = self.word // packet.elements * packet.parts  # beats of a word
        beat, ends = count(m, "beat", packet.beats, self.tvalid & self.tready)
        place = beat[: exact_log2(per_word)]
        mark = self.i.payload.last
        m.d.comb += [
            self.tvalid.eq(self.i.valid),
            self.tkeep.eq(Mux(ends, packet.keep(ends=True), packet.keep(ends=False))),
            self.tlast.eq(ends if packet.marks else ends & mark),
            self.taken.eq(self.tvalid & self.tready & ends),
            self.i.ready.eq(self.tready & (place.all() | ends)),
        ]
        if packet.marks:
            m.d.comb += self.tuser.eq(mark)
        if self.id_bits:
            m.d.comb += self.tid.eq(self.i.payload.stream)
        elements = []
        for lane in range(self.word):
            element = Signal(packet.element_bits, name=f"element_{lane}")
            m.d.comb += element.eq(self.i.payload.data[lane])  # extends the sign
            elements.append(element)
        m.d.comb += self.tdata.eq(Cat(elements).word_select(place, self._bits))
        add_checker(
            m,
            platform,
            "sender",
            BEATS=packet.beats,
            BITS=count_bits(packet.beats),
            valid=self.tvalid,
            ready=self.tready,
            taken=self.taken,
            beat=beat,
        )
        return m

    @property
    def _bits(self) -> int:
        """Bits of a beat that elements take."""
        return min(self.packet.elements * self.packet.element_bits, self.packet.width)
