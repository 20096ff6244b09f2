# SPDX-License-Identifier: Apache-2.0
"""Answers that leave as packets: the memory that keeps their words, and the beats that are sent."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from lmu_hw.plan import ANSWERS_HELD, Plan
from lmu_hw.prove.algebra.forms import Value, symbol
from lmu_hw.prove.algebra.words import Word, join, number, part, unknown
from lmu_hw.prove.beats import answered
from lmu_hw.prove.claims import amount
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.buffers import memory_below, wire
from lmu_hw.prove.data.instances import symbols_of
from lmu_hw.prove.data.part_bench import PartBench, key_of, known, must_equal, vector_of
from lmu_hw.prove.hardware.machine import Machine, State
from lmu_hw.prove.hardware.netlist import Bit, Netlist
from lmu_hw.prove.hardware.parts import memory_of, part_of

__all__ = ["check_sent", "check_words"]

_VECTORS = 3
"""Answers of which words may be on their way to the output at once, where each has one word."""


def check_words(netlist: Netlist, plan: Plan) -> str:
    """Check that beats of answers fill words, which are written and read where the account says.

    Raises
    ------
    Failure
    """
    return _Memory(netlist, plan).check()


class _Memory:
    """The memory of answers, and what writes it, cut where its checker sees it."""

    def __init__(self, netlist: Netlist, plan: Plan) -> None:
        layer = plan.layers[-1]
        self.memory = memory_below(netlist, "answers.")
        self.beats, self.per_word = layer.output_beats, plan.answer_word // layer.beat
        self.width = layer.layer.output.format.width * layer.beat
        words = -(-layer.layer.output.size // plan.answer_word)
        self.size = ANSWERS_HELD * words
        if netlist.memories[self.memory] != (self.width * self.per_word, self.size):
            raise Failure(f"the memory of answers must have room for {ANSWERS_HELD}")
        addresses = [
            [bit for bit in cell["connections"]["ADDR"] if bit != "0"]
            for cell in netlist.cells.values()
            if cell["type"] == "$memrd" and memory_of(cell) == self.memory
        ]
        leaving = wire(netlist, "answers.check_answers.leaving")
        if addresses != [[bit for bit in leaving if bit != "0"]]:
            raise Failure("the word that leaves must be read, and no other")
        stored: dict[str, Sequence[Bit]] = {"stored": wire(netlist, "answers.check_answers.stored")}
        if stored["stored"] == wire(netlist, "answers.check_answers.valid"):
            del stored["stored"]  # that a beat comes says it
        cut = {end: wire(netlist, f"answers.check_answers.{end}") for end in ("valid", "entering")}
        cut["payload"] = wire(netlist, "answers.i__payload")[:-1]
        part_netlist = part_of(netlist, stored.values(), cut, written=[self.memory])
        self.machine = Machine(part_netlist, stored)
        inputs = part_netlist.ports("input").items()
        self.free = {name: unknown(len(bits), name) for name, bits in inputs}
        self.before = self.machine.unknown_state().memories[self.memory]
        self.data = symbol("input", ("beat", 0), 0, (1 << self.width) - 1)

    def check(self) -> str:
        """Send the beats of an answer; say how many places were looked at."""
        self.machine.cycle({**self.free, "clk": 0, "rst": 1})
        first = self.machine.state.registers
        if not all(isinstance(word, int) for word in first):
            raise Failure("the place of a beat in a word must be known after a reset")
        registers = after = first
        for beat in range(self.beats):
            if self._nothing(registers) != registers:
                raise Failure("beats of an answer must be counted when they come only")
            for place in range(self.size):
                after = self._beat(registers, beat, place)
            registers = after
        if registers != first:
            raise Failure("an answer must begin a word of its own")
        return f"{amount(self.beats, 'beat')}, {amount(self.size, 'place')}"

    def _run(self, registers: list[Word], **given: Word) -> tuple[bool, list[Word], list[Word]]:
        """Let a cycle pass; return whether a word is stored, the memory, and the registers."""
        self.machine.state = State(registers, {self.memory: self.before})
        seen = self.machine.cycle({**self.free, **given, "clk": 0, "rst": 0})
        state = self.machine.state
        stored = known(seen[0] if seen else given["valid"], "that a word is stored")
        return bool(stored), state.memories[self.memory], state.registers

    def _nothing(self, registers: list[Word]) -> list[Word]:
        """Check a cycle in which no beat comes; return the registers behind it."""
        stored, rows, after = self._run(registers, valid=0)
        if stored or any(a is not b for a, b in zip(rows, self.before, strict=True)):
            raise Failure("answers must be stored when their beats come only")
        return after

    def _beat(self, registers: list[Word], beat: int, place: int) -> list[Word]:
        """Check a cycle in which a beat comes; return the registers behind it."""
        lane, data = beat % self.per_word, self.data
        stored, rows, after = self._run(registers, valid=1, entering=place, payload=data)
        if stored != (lane == self.per_word - 1 or beat == self.beats - 1):
            raise Failure("a word of answers must be there with its last beat, only then")
        changed = {n for n, (a, b) in enumerate(zip(rows, self.before, strict=True)) if a is not b}
        if changed != {place}:
            raise Failure("a beat of an answer must be stored in its word, and no other")
        word, old = rows[place], self.before[place]
        total, low = self.width * self.per_word, lane * self.width
        must_equal(
            f"beat {beat} of an answer", part(word, total, low, self.width), data, self.width
        )
        if low:  # those of the word before it stay
            kept = number(part(old, total, 0, low))
            must_equal("a beat that was stored", part(word, total, 0, low), kept, low)
        return after


def check_sent(netlist: Netlist, plan: Plan) -> str:
    """Check that the words that are read become the beats that are offered, whatever waits.

    Raises
    ------
    Failure
    """
    return _Sender(netlist, plan).explore()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """Where the end of a design is.

    Attributes
    ----------
    state : State
    which : int
        Number of the answer that is offered next, modulo `_VECTORS`.
    beat : int
        Of that answer, that is offered next.
    fetched : int
        Words that were read of it, and of those after it.
    """

    state: State
    which: int = 0
    beat: int = 0
    fetched: int = 0

    @property
    def key(self) -> Hashable:
        """Equal for the same situations."""
        return tuple(map(key_of, self.state.registers)), self.which, self.beat, self.fetched


class _Sender:
    def __init__(self, netlist: Netlist, plan: Plan) -> None:
        self.packet, self.word = plan.answer, plan.answer_word
        self.words = -(-self.packet.vector.size // self.word)
        names = ["tvalid", "tdata", "tlast", "tkeep", *(["tuser"] if self.packet.marks else [])]
        ports, checker = netlist.ports("output"), "answers.check_answers"
        wires = {
            **{name: ports[f"m_axis_{name}"] for name in names},
            **{name: wire(netlist, f"{checker}.{name}") for name in ("fetch", "taken", "offered")},
        }
        level = wire(netlist, "answers.level")
        cut = {"level": level, "marked": wire(netlist, f"{checker}.marked")}
        # Every number of words but none: what depends on which one it is, is not known.
        self.some = symbol("input", ("level", 0), 1, (1 << len(level)) - 1)
        # A port that is this wire is what the account says of it.
        self.marks = [name for name, bits in wires.items() if bits == cut["marked"]]
        for name in self.marks:
            del wires[name]
        self.bench = PartBench(netlist, wires, cut, memory_below(netlist, "answers."))
        self.answers = [vector_of(f"answer {n}", self.packet.vector) for n in range(_VECTORS)]
        self.symbols = [symbols_of([*codes, mark]) for codes, mark in self.answers]

    def explore(self) -> str:
        """Follow every state; say how many there are."""
        pending, seen = [_Sending(state=self.bench.reset())], dict[Hashable, Hashable]()
        while pending:
            now = pending.pop()
            if now.key in seen:
                continue
            most = now.fetched == ANSWERS_HELD * self.words  # more words are not there
            for ready in (0, 1):
                for level in (0,) if most else (0, self.some):
                    after, taken = self._cycle(now, level, ready)
                    pending.append(after)
            seen[now.key] = "taken" if taken else after.key  # if ready, where words are there
        for key in seen:
            passed = set[Hashable]()
            while key != "taken":
                if key in passed:
                    raise Failure("an answer that is there must be offered, but is not")
                passed.add(key)
                key = seen[key]
        return f"{amount(len(seen), 'state')}, {amount(self.packet.beats, 'beat')}"

    def _cycle(self, now: _Sending, level: Value, ready: int) -> tuple[_Sending, bool]:
        """Return what follows, and whether a beat was taken."""
        given: dict[str, Word] = {"level": level, "m_axis_tready": ready}
        offered = self.bench.cycle(now.state, given)[0]["offered"]
        if known(offered, "that a word is offered"):
            given["marked"] = self.answers[now.which][1]
        seen, state = self.bench.cycle(now.state, given, self._row(now))
        seen |= dict.fromkeys(self.marks, given.get("marked", 0))
        valid = known(seen["tvalid"], "m_axis_tvalid")
        if valid:
            self._check_beat(now, seen)
        moves, ends = bool(valid and ready), now.beat == self.packet.beats - 1
        if known(seen["taken"], "that an answer is taken") != (moves and ends):
            raise Failure("an answer must be gone when its last beat is taken, only then")
        fetched = now.fetched + known(seen["fetch"], "that a word is read")
        after = replace(now, state=state, beat=now.beat + moves, fetched=fetched)
        if moves and ends:
            which = (now.which + 1) % _VECTORS
            after = replace(after, which=which, beat=0, fetched=fetched - self.words)
        # What is left of an answer is of no use; another one has its symbols later.
        left = {
            n
            for ahead in range(_VECTORS - (moves and ends))
            for n in self.symbols[(after.which + ahead) % _VECTORS]
        }
        return replace(after, state=self.bench.general(after.state, left)), moves

    def _check_beat(self, now: _Sending, seen: dict[str, Word]) -> None:
        packet, (codes, mark) = self.packet, self.answers[now.which]
        ends = now.beat == packet.beats - 1
        if known(seen["tkeep"], "m_axis_tkeep") != packet.keep(ends=ends):
            raise Failure("m_axis_tkeep must be that of the beat")
        last: Value = int(ends) if packet.marks else mark if ends else 0
        must_equal("m_axis_tlast", seen["tlast"], last, 1)
        if packet.marks:
            must_equal("m_axis_tuser", seen["tuser"], mark, 1)
        for element, low, bits, value in answered(packet, codes, now.beat):
            word = part(seen["tdata"], packet.width, low, bits)
            must_equal(f"element {element} of an answer", word, value, bits)

    def _row(self, now: _Sending) -> Word:
        """Return the word that is read next."""
        ahead, word = divmod(now.fetched, self.words)
        codes, _ = self.answers[(now.which + ahead) % _VECTORS]
        width, first = self.packet.vector.format.width, word * self.word
        lanes: list[tuple[Word, int]] = [(c, width) for c in codes[first : first + self.word]]
        missing = width * (self.word - len(lanes))
        return join([*lanes, (unknown(missing, "no element"), missing)] if missing else lanes)
