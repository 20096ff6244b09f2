# SPDX-License-Identifier: Apache-2.0
"""Both ends of a design whose vectors are packets, in all their states, for all packets.

What a packet means is written here once more, from its documents: what it lacks is 0, what it has
too much is left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from lmu_hw.hdl.ports import instance_name
from lmu_hw.plan import Plan
from lmu_hw.prove.algebra.forms import Value, symbol
from lmu_hw.prove.algebra.words import Word, join, number, part, unknown
from lmu_hw.prove.claims import amount
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.buffers import wire
from lmu_hw.prove.data.part_bench import PartBench, key_of, known, must_equal
from lmu_hw.prove.hardware.machine import Machine, State
from lmu_hw.prove.hardware.netlist import Bit, Netlist
from lmu_hw.prove.hardware.parts import part_of

__all__ = ["check_bytes", "check_packets"]


def check_bytes(netlist: Netlist, plan: Plan) -> str:
    """Check that a byte counts if ``tkeep`` says so, and is 0 otherwise and in what is filled up.

    Raises
    ------
    Failure
    """
    packet = plan.source
    bits: dict[str, Sequence[Bit]] = {"kept": wire(netlist, "from_axi.check_receiver.word")}
    filling = {"filling": wire(netlist, "from_axi.check_receiver.filling")}
    machine = Machine(part_of(netlist, bits.values(), filling), bits)
    if machine.registers:
        raise Failure("a byte of a beat must be read as it comes")
    data = symbol("input", ("byte", 0), 0, 255)
    for byte, kept, filled in product(range(packet.bytes), (0, 1), (0, 1)):
        inputs = {
            "s_axis_tdata": _among(data, 8, byte, packet.bytes),
            "s_axis_tkeep": _among(kept, 1, byte, packet.bytes),
        }
        (seen,) = machine.cycle({"clk": 0, "rst": 0, "filling": filled, **inputs})
        value = data if kept and not filled else 0
        must_equal(f"byte {byte} of a beat", part(seen, packet.width, 8 * byte, 8), value, 8)
    return amount(packet.bytes, "byte")


def _among(word: Word, width: int, place: int, size: int) -> Word:
    """Return a word among `size` of its width, the others of which are anything."""
    words = [(unknown(width, "other"), width)] * place + [(word, width)]
    return join([*words, *[(unknown(width, "other"), width)] * (size - place - 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arriving:
    """Where the receiver is in a packet.

    Attributes
    ----------
    state : State
    beat : int
        That comes next, or is handed on.
    piece : int
        Of the beat, that is handed on next.
    lacks : bool
        ``tlast`` came too early: what is missing is filled up.
    came : int
        Parts that came of an element that is filled up.
    skips : bool
        ``tlast`` did not come yet: what there is too much is left out.
    wrong : bool
        In the cycle before, a beat was taken that is not as it must be.
    """

    state: State
    beat: int = 0
    piece: int = 0
    lacks: bool = False
    came: int = 0
    skips: bool = False
    wrong: bool = False

    @property
    def key(self) -> Hashable:
        """Equal for the same situations."""
        where = self.beat, self.piece, self.lacks, self.came, self.skips, self.wrong
        return tuple(map(key_of, self.state.registers)), where


def check_packets(netlist: Netlist, plan: Plan) -> str:
    """Check that each packet becomes one vector with its mark, whatever it lacks or has too much.

    Raises
    ------
    Failure
    """
    return _Receiver(netlist, plan).explore()


class _Receiver:
    """The receiver from the bytes that count on; see `check_bytes` for what is before them."""

    def __init__(self, netlist: Netlist, plan: Plan) -> None:
        self.packet, self.lanes = plan.source, plan.layers[0].input_beat
        source = f"{instance_name(plan.layers[0])}.source"
        outputs = netlist.ports("output")
        wires = {
            "ready": outputs["s_axis_tready"],
            "malformed": outputs["s_axis_malformed"],
            "sent": wire(netlist, f"{source}.check_buffer.valid"),
            "last": wire(netlist, f"{source}.check_buffer.last"),
        }
        kept = wire(netlist, "from_axi.check_receiver.word")
        cut = {"room": wire(netlist, "from_axi.check_room.room"), "kept": kept}
        # What is handed on as it comes is the cut itself, not what is behind it.
        places = {bit: place for place, bit in enumerate(kept)}
        payload = wire(netlist, f"{source}.i__payload")[:-1]
        self._runs = _runs([places.get(bit, -1) for bit in payload])
        for low, size, place in self._runs:
            if place < 0:
                wires[f"payload {low}"] = payload[low : low + size]
        self.bench = PartBench(netlist, wires, cut)
        if "s_axis_tdata" in self.bench.inputs:
            raise Failure("bytes must be read where tkeep is looked at, and nowhere else")
        self.elements = [self._element(n) for n in range(self.packet.vector.size)]
        self.mark = symbol("input", ("mark", 0), 0, 1)

    def _element(self, number: int) -> list[tuple[Value, int]]:
        """Return symbols for the bits of an element that are read, those of each beat."""
        packet, left, pieces = self.packet, self.packet.vector.format.width, []
        while left > 0:
            size = min(left, packet.width)
            pieces.append((symbol("input", (number, len(pieces)), 0, (1 << size) - 1), size))
            left -= size
        return pieces

    def explore(self) -> str:
        """Follow every state; say how many there are."""
        pending, seen = [_Arriving(state=self.bench.reset())], set[Hashable]()
        while pending:
            now = pending.pop()
            if now.key in seen:
                continue
            seen.add(now.key)
            for valid, room, last in product((0, 1), repeat=3):
                if valid or not last:
                    pending += self._cycle(now, valid, room, last)
        return f"{amount(len(seen), 'state')}, {amount(self.packet.beats, 'beat')}"

    def _cycle(self, now: _Arriving, valid: int, room: int, last: int) -> Iterator[_Arriving]:
        """Check a cycle; return what follows, for all `tkeep`."""
        packet = self.packet
        moves = bool(room and (now.lacks or (valid and not now.skips)))
        ends = moves and now.piece == self._pieces(now.beat) - 1
        taken = ends and not now.lacks
        whole = ends and now.beat == packet.beats - 1
        after = replace(now, wrong=False)
        if now.skips:
            after = replace(after, skips=not (valid and last))
        elif ends:
            early, within = taken and last and not whole, (now.beat + 1) % packet.parts
            after = replace(
                after,
                beat=0 if whole else now.beat + 1,
                piece=0,
                lacks=not whole and (now.lacks or early),
                came=within if early else now.came if within else 0,
                skips=bool(whole and taken and packet.marks and not last),
            )
        elif moves:
            after = replace(after, piece=now.piece + 1)
        misplaced = taken and (after.skips or (last and not whole))
        given: dict[str, Word] = {"s_axis_tvalid": valid, "room": room}
        if valid:
            given["s_axis_tlast"] = last
            if last or now.beat == packet.beats - 1:
                given["s_axis_tuser"] = self.mark
        given["kept"] = 0 if now.lacks else self._beat(now.beat)
        must = packet.keep(ends=now.beat == packet.beats - 1)
        keeps = self._keeps(must) if taken else [(unknown(packet.bytes, "tkeep"), False)]
        for keep, wrong in keeps:
            seen, state = self.bench.cycle(now.state, {**given, "s_axis_tkeep": keep})
            payload = self._payload(given["kept"], seen)
            self._check(now, seen, valid=valid, taken=taken or now.skips)
            self._check_elements(now, seen["sent"], payload, moves=moves)
            if whole:
                must_equal("the mark of a vector", seen["last"], self._mark(now, last), 1)
                # What is left of a vector is none of the next one's, which has the same symbols.
                state = self.bench.general(state, set())
            yield replace(after, state=state, wrong=bool(taken and (misplaced or wrong)))

    def _mark(self, now: _Arriving, last: int) -> Value:
        if self.packet.marks:
            return self.mark
        return 1 if now.lacks else last

    def _keeps(self, must: int) -> Iterator[tuple[Word, bool]]:
        """Yield all `tkeep`: the right one, and by each byte those in which that is wrong."""
        yield must, False
        for byte in range(self.packet.bytes):
            yield _among(must >> byte & 1 ^ 1, 1, byte, self.packet.bytes), True

    def _pieces(self, beat: int) -> int:
        """Return the cycles that a beat takes: it is handed on in pieces of some elements."""
        packet = self.packet
        if packet.parts > 1:
            return 1
        elements = min(packet.per_beat, packet.vector.size - beat * packet.per_beat)
        return -(-elements // self.lanes)

    def _beat(self, beat: int) -> Word:
        """Return the bits of a beat; what is read of them are symbols, the rest is anything."""
        packet, width = self.packet, self.packet.vector.format.width
        words: list[tuple[Word, int]] = []
        if packet.parts > 1:
            element, place = divmod(beat, packet.parts)
            words += self.elements[element][place : place + 1]
        else:
            first = beat * packet.per_beat
            for element in self.elements[first : first + packet.per_beat]:
                beside = packet.element_bits - width
                words += [*element, (unknown(beside, "beside"), beside)][: 1 + (beside > 0)]
        rest = packet.width - sum(size for _, size in words)
        return join([*words, (unknown(rest, "beside"), rest)] if rest else words)

    def _payload(self, kept: Word, seen: dict[str, Word]) -> Word:
        """Return the elements that are handed on, beside each other."""
        width = self.packet.width
        return join(
            [
                (seen[f"payload {low}"] if place < 0 else part(kept, width, place, size), size)
                for low, size, place in self._runs
            ]
        )

    def _check(self, now: _Arriving, seen: dict[str, Word], *, valid: int, taken: bool) -> None:
        """Check whether the beat of a cycle is taken, and whether the one before was wrong."""
        if known(seen["malformed"], "s_axis_malformed") != now.wrong:
            raise Failure("s_axis_malformed must follow a malformed beat, and nothing else")
        if (valid or now.lacks) and known(seen["ready"], "s_axis_tready") != taken:
            raise Failure("a beat must be taken when all of it was handed on, only then")

    def _check_elements(self, now: _Arriving, sent: Word, payload: Word, *, moves: bool) -> None:
        """Check what is handed on in a cycle."""
        packet, width = self.packet, self.packet.vector.format.width
        sends = moves and (now.beat + 1) % packet.parts == 0
        if known(sent, "that elements are handed on") != sends:
            raise Failure("elements must be handed on as their beats come, or are filled up")
        if not sends:
            return
        first = now.beat // packet.parts * packet.per_beat + now.piece * self.lanes
        for lane, element in enumerate(self.elements[first : first + self.lanes]):
            came = len(element) if not now.lacks else now.came
            code = number(
                join([(bits if n < came else 0, size) for n, (bits, size) in enumerate(element)])
            )
            word = part(payload, width * self.lanes, lane * width, width)
            must_equal(f"element {first + lane} of a packet", word, code, width)


def _runs(places: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return the first index, length and first value of what follows on each other; -1: nothing."""
    runs = list[tuple[int, int, int]]()
    for index, place in enumerate(places):
        low, size, first = runs[-1] if runs else (0, 0, -2)
        if place == (first + size if first >= 0 else first):
            runs[-1] = low, size + 1, first
        else:
            runs.append((index, 1, place))
    return runs
