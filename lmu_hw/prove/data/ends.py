# SPDX-License-Identifier: Apache-2.0
"""Both ends of a design: a source's vector becomes beats, and beats become answers.

Both are run in all their states, with vectors of symbols.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import chain, product

from lmu_hw.hdl.ports import instance_name
from lmu_hw.network import element_bits
from lmu_hw.plan import Plan
from lmu_hw.prove.algebra.forms import freeze, symbol
from lmu_hw.prove.algebra.words import Pieces, Word, join, part, unknown
from lmu_hw.prove.claims import amount
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.buffers import memory_below, wire
from lmu_hw.prove.data.instances import symbols_of
from lmu_hw.prove.data.part_bench import PartBench, key_of, known, must_equal, vector_of
from lmu_hw.prove.hardware.machine import Machine, State
from lmu_hw.prove.hardware.netlist import Netlist
from lmu_hw.prove.hardware.parts import memory_of, part_of

__all__ = ["check_answers", "check_entering", "check_queue"]


def check_entering(netlist: Netlist, plan: Plan) -> str:
    """Check that an offered vector is sent in beats, in order, and taken with the last one.

    Returns
    -------
    str
        How much was looked at.

    Raises
    ------
    Failure
    """
    fmt, beat = plan.layers[0].layer.input.format, plan.layers[0].beat
    source = f"{instance_name(plan.layers[0])}.source"
    wires = {
        "ready": netlist.ports("output")["s_axis_tready"],
        "sent": wire(netlist, f"{source}.check_buffer.valid"),
        "last": wire(netlist, f"{source}.check_buffer.last"),
        "payload": wire(netlist, f"{source}.i__payload")[:-1],
    }
    bench = PartBench(netlist, wires, {"room": wire(netlist, "from_axi.check_room.room")})
    x, mark = vector_of("offered", plan.layers[0].layer.input)
    bits = element_bits(plan.layers[0].layer.input)
    padding = [(unknown(bits - fmt.width, "padding"), bits - fmt.width)] if bits > fmt.width else []
    data = join([*chain.from_iterable([(code, fmt.width), *padding] for code in x)])
    offer = {"s_axis_tdata": data, "s_axis_tlast": mark}
    beats = [x[first : first + beat] for first in range(0, len(x), beat)]
    pending, seen_states = [(bench.reset(), 0)], set[Hashable]()
    while pending:
        state, sent = pending.pop()
        key = tuple(known(word, "what enters") for word in state.registers), sent
        if key in seen_states:
            continue
        seen_states.add(key)
        for valid, room in product((0, 1), repeat=2):
            given = {"s_axis_tvalid": valid, "room": room, **(offer if valid else {})}
            seen, after = bench.cycle(state, given)
            if known(seen["sent"], "that a beat is sent") != (valid & room):
                raise Failure("a beat must be sent where one is offered and has room, only then")
            ends = valid & room and sent == len(beats) - 1
            if valid and known(seen["ready"], "s_axis_tready") != ends:
                raise Failure("a vector must be taken with its last beat, only then")
            if valid & room:
                must_equal("the mark of a vector", seen["last"], mark, 1)
                for lane, code in enumerate(beats[sent]):
                    word = part(seen["payload"], fmt.width * beat, lane * fmt.width, fmt.width)
                    must_equal(f"beat {sent} of an input vector", word, code, fmt.width)
            pending.append((after, 0 if ends else sent + (valid & room)))
    return f"{amount(len(seen_states), 'state')}, {amount(len(beats), 'beat')}"


def check_queue(netlist: Netlist, plan: Plan) -> str:
    """Check that the beats of answers are written and read where the queue says.

    Raises
    ------
    Failure
    """
    memory, layer = memory_below(netlist, "answers."), plan.layers[-1]
    width, size = netlist.memories[memory]
    if (width, size) != (layer.layer.output.format.width * layer.beat, layer.output_beats):
        raise Failure("the queue of answers must have room for one vector")
    (reader, *others) = [
        cell
        for cell in netlist.cells.values()
        if cell["type"] == "$memrd" and memory_of(cell) == memory
    ]
    leaving = wire(netlist, "answers.check_queue.leaving")
    address = [bit for bit in reader["connections"]["ADDR"] if bit != "0"]
    if others or address != (leaving if size > 1 else []):
        raise Failure("the beat that leaves must be read, and no other")
    cut = {end: wire(netlist, f"answers.check_queue.{end}") for end in ("valid", "entering")}
    cut["payload"] = wire(netlist, "answers.i__payload")[:-1]
    machine = Machine(part_of(netlist, [], cut, written=[memory]), {})
    if machine.registers:
        raise Failure("beats of answers must be stored as they come")
    data = symbol("input", ("beat", 0), 0, (1 << width) - 1)
    for valid, place in product((0, 1), range(size)):
        machine.state = before = machine.unknown_state()
        machine.cycle({"clk": 0, "rst": 0, "valid": valid, "entering": place, "payload": data})
        rows, old = machine.state.memories[memory], before.memories[memory]
        expected = [data if valid and place == at else word for at, word in enumerate(old)]
        if any(not _same(word, must) for word, must in zip(rows, expected, strict=True)):
            raise Failure("a beat of an answer must be stored in its place, and no other")
    return amount(size, "place")


def _same(word: Word, must: Word) -> bool:
    return word is must or (
        not isinstance(word, Pieces | int)
        and not isinstance(must, Pieces | int)
        and freeze(word) == freeze(must)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answering:
    """Where the end of a design is.

    Attributes
    ----------
    state : State
    which : int
        Number of the vector that is offered next, modulo 2.
    fetched : int
        Beats that were read of it, and of the one after it.
    """

    state: State
    which: int = 0
    fetched: int = 0

    @property
    def key(self) -> Hashable:
        """Equal for the same situations."""
        return tuple(map(key_of, self.state.registers)), self.which, self.fetched


def check_answers(netlist: Netlist, plan: Plan) -> str:
    """Check that the beats that are read become the answers that are offered, whatever waits.

    Raises
    ------
    Failure
    """
    return _Answers(netlist, plan).explore()


class _Answers:
    def __init__(self, netlist: Netlist, plan: Plan) -> None:
        layer = plan.layers[-1]
        self.layer, self.vector = layer, layer.layer.output
        ports = netlist.ports("output")
        wires = {
            **{name: ports[f"m_axis_{name}"] for name in ("tvalid", "tdata", "tlast")},
            **{
                name: wire(netlist, f"answers.check_queue.{name}")
                for name in ("fetch", "taken", "offered")
            },
        }
        level = wire(netlist, "answers.level")
        cut = {"level": level, "marked": wire(netlist, "answers.check_queue.marked")}
        self.levels = range(1 << len(level))
        self.bench = PartBench(netlist, wires, cut, memory_below(netlist, "answers."))
        self.vectors = [vector_of(f"answer {which}", self.vector) for which in (0, 1)]
        self.symbols = [symbols_of([*codes, mark]) for codes, mark in self.vectors]

    def explore(self) -> str:
        """Follow every state; say how many there are."""
        pending = [_Answering(state=self.bench.reset())]
        follows: dict[Hashable, Hashable] = {}
        while pending:
            now = pending.pop()
            state = self.bench.general(now.state, self.symbols[0] | self.symbols[1])
            now = replace(now, state=state)
            if now.key in follows:
                continue
            for ready in (0, 1):
                nothing, *others = [self._cycle(now, level, ready) for level in self.levels]
                pending.append(nothing[0])
                if now.fetched < 2 * self.layer.output_beats:  # more than two are not there
                    if any(other[0].key != others[0][0].key for other in others):
                        raise Failure("a beat must be read where there is one, however many")
                    pending.append(others[0][0])
                    goes_on = others[0]
                else:
                    goes_on = nothing
                follows[now.key] = "taken" if goes_on[1] else goes_on[0].key  # if ready, at last
        for key in follows:
            passed = set[Hashable]()
            while key != "taken":
                if key in passed:
                    raise Failure("an answer that is there must be offered, but is not")
                passed.add(key)
                key = follows[key]
        return amount(len(follows), "state")

    def _cycle(self, now: _Answering, level: int, ready: int) -> tuple[_Answering, bool]:
        """Return what follows, and whether an answer was taken."""
        codes, mark = self.vectors[now.which]
        given: dict[str, Word] = {"level": level, "m_axis_tready": ready}
        offered = self.bench.cycle(now.state, given)[0]["offered"]
        if known(offered, "that a beat is offered"):
            given["marked"] = mark
        seen, state = self.bench.cycle(now.state, given, self._beat(now))
        valid = known(seen["tvalid"], "m_axis_tvalid")
        if valid:
            bits, size = element_bits(self.vector), self.vector.size
            for n, code in enumerate(codes):
                word = part(seen["tdata"], bits * size, n * bits, bits)
                must_equal(f"element {n} of an answer", word, code, bits)
            must_equal("the mark of an answer", seen["tlast"], mark, 1)
        taken = bool(valid and ready)
        if known(seen["taken"], "that an answer is taken") != taken:
            raise Failure("an answer must be gone when it is taken, only then")
        fetched = now.fetched + known(seen["fetch"], "that a beat is read")
        if taken:
            # What is left of the answer is of no use; another one has its symbols later.
            state = self.bench.general(state, self.symbols[1 - now.which])
            fetched -= self.layer.output_beats
            return _Answering(state=state, which=1 - now.which, fetched=fetched), True
        state = self.bench.general(state, self.symbols[0] | self.symbols[1])
        return _Answering(state=state, which=now.which, fetched=fetched), False

    def _beat(self, now: _Answering) -> Word:
        """Return the beat that is read next."""
        beats, beat, width = self.layer.output_beats, self.layer.beat, self.vector.format.width
        codes, _ = self.vectors[(now.which + now.fetched // beats) % 2]
        first = now.fetched % beats * beat
        lanes = [(code, width) for code in codes[first : first + beat]]
        missing = width * beat - width * len(lanes)
        return join([*lanes, *([(unknown(missing, "no element"), missing)] if missing else [])])
