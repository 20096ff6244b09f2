# SPDX-License-Identifier: Apache-2.0
"""The queue of answers of several streams: what comes to it leaves, in order, with mark and stream.

It is driven with symbols for codes, marks and streams, until what it holds is what it held once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from lmu_hw.plan import Plan
from lmu_hw.prove.algebra.forms import Value, symbol
from lmu_hw.prove.algebra.words import Word, join, part, unknown
from lmu_hw.prove.beats import answered
from lmu_hw.prove.claims import amount
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.buffers import wire
from lmu_hw.prove.data.instances import Correspondence, general, symbols_of
from lmu_hw.prove.data.part_bench import PartBench, known, must_equal, vector_of
from lmu_hw.prove.hardware.machine import State
from lmu_hw.prove.hardware.netlist import Netlist
from lmu_hw.prove.narrowing import Codes
from lmu_hw.prove.streams.layers_bench import queue_wires

__all__ = ["check_queue"]

_MOST_ANSWERS = 4096
"""Answers after which what is held must be what it was once."""


@dataclass(frozen=True, slots=True)
class _Pace:
    """Cycles before each beat that comes, and before each that leaves, over and over."""

    gaps: tuple[int, ...]
    waits: tuple[int, ...]


_PACES = (
    _Pace(gaps=(0,), waits=(0,)),
    _Pace(gaps=(0,), waits=(19,)),  # until it is full
    _Pace(gaps=(0, 1, 0, 5), waits=(0, 3, 0, 0, 9)),
)


@dataclass(frozen=True, slots=True)
class _Answer:
    codes: Codes
    mark: Value
    stream: Value

    @property
    def values(self) -> Iterator[Value]:
        return chain(self.codes, (self.mark, self.stream))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Situation:
    """What the queue holds, and where both sides are.

    Attributes
    ----------
    state : State
    answers : tuple of _Answer
        Those of which a beat came, and that have not left.
    came, left : int
        Beats of the last answer and of the first one.
    gap, wait : (int, int)
        Which one it is, and cycles of it that are over.
    """

    state: State
    answers: tuple[_Answer, ...] = ()
    came: int = 0
    left: int = 0
    gap: tuple[int, int] = (0, 0)
    wait: tuple[int, int] = (0, 0)

    @property
    def key(self) -> Hashable:
        """Equal for situations of which one may stand for the other."""
        registers = tuple(word if isinstance(word, int) else None for word in self.state.registers)
        return registers, len(self.answers), self.came, self.left, self.gap, self.wait


def check_queue(netlist: Netlist, plan: Plan) -> str:
    """Check that answers leave as they came, at several paces, for all time.

    Returns
    -------
    str
        How much was looked at.

    Raises
    ------
    Failure
    """
    answers = sum(_Queue(netlist, plan, pace).run() for pace in _PACES)
    return f"{amount(len(_PACES), 'pace')}, {amount(answers, 'answer')}"


class _Queue:
    """The queue, and what sends answers, at one pace."""

    def __init__(self, netlist: Netlist, plan: Plan, pace: _Pace) -> None:
        self.plan, self.pace, self.layer = plan, pace, plan.layers[-1]
        packet = plan.answer
        names = ["tvalid", "tdata", "tlast", "tid"]
        names += ["tkeep"] if plan.stream.packets else []
        names += ["tuser"] if packet.marks else []
        ports = netlist.ports("output")
        wires = {name: ports[f"m_axis_{name}"] for name in names}
        wires["freed"] = wire(netlist, "answers.i__freed")
        self.bench = PartBench(netlist, wires, queue_wires(netlist, plan))
        self.count = 0

    def run(self) -> int:
        """Let answers come and leave until all repeats; return how many came."""
        now = _Situation(state=self.bench.reset())
        earlier: dict[Hashable, list[_Situation]] = {}
        while self.count < _MOST_ANSWERS:
            count = self.count
            now = self._cycle(now)
            if self.count == count or self.count % self.plan.answers_held:
                continue
            now = self._general(now)
            situations = earlier.setdefault(now.key, [])
            if any(_stands_for(situation, now) for situation in situations):
                return self.count
            situations.append(now)
        raise Failure(f"given up after {self.count} answers: what is held does not repeat")

    def _general(self, now: _Situation) -> _Situation:
        symbols = symbols_of(chain(*(answer.values for answer in now.answers)))
        state = general(now.state, symbols, self.bench.machine.unknown_state())
        return replace(now, state=state)

    def _cycle(self, now: _Situation) -> _Situation:
        pace = self.pace
        comes = (
            bool(now.came or len(now.answers) < self.plan.answers_held)
            and now.gap[1] >= pace.gaps[now.gap[0]]
        )
        ready = now.wait[1] >= pace.waits[now.wait[0]]
        given: dict[str, Word] = {"valid": int(comes), "m_axis_tready": int(ready)}
        after = now
        if comes:
            after, beat = self._comes(now)
            given |= beat
        seen, state = self.bench.cycle(now.state, given)
        valid = known(seen["tvalid"], "m_axis_tvalid")
        freed = 0
        if valid:
            freed = int(ready and now.left == self.plan.answer.beats - 1)
            self._check(now, seen)
        if known(seen["freed"], "that an answer has left") != freed:
            raise Failure("an answer must be gone when its last beat is taken, only then")
        moves = bool(valid and ready)
        gap = ((now.gap[0] + 1) % len(pace.gaps), 0) if comes else (now.gap[0], now.gap[1] + 1)
        wait = (now.wait[0], min(now.wait[1] + valid, pace.waits[now.wait[0]]))
        return replace(
            after,
            state=state,
            answers=after.answers[freed:],
            left=0 if freed else now.left + moves,
            gap=(gap[0], min(gap[1], pace.gaps[gap[0]])),
            wait=((now.wait[0] + 1) % len(pace.waits), 0) if moves else wait,
        )

    def _comes(self, now: _Situation) -> tuple[_Situation, dict[str, Word]]:
        """Let the next beat of an answer come."""
        answers = now.answers
        if not now.came:
            vector = self.layer.layer.output
            codes, mark = vector_of(f"answer {self.count}", vector)
            ids = (1 << self.plan.stream.id_bits) - 1
            stream = symbol("input", (f"answer {self.count}", "stream"), 0, ids)
            answers = (*answers, _Answer(codes, mark, stream))
        answer, beat = answers[-1], self.layer.beat
        first, width = now.came * beat, self.layer.layer.output.format.width
        lanes = [(code, width) for code in answer.codes[first : first + beat]]
        missing = width * (beat - len(lanes))
        beside = [(unknown(missing, "no element"), missing)] if missing else []
        whole = first + beat >= len(answer.codes)
        self.count += whole
        given = {"codes": join([*lanes, *beside]), "last": answer.mark, "stream": answer.stream}
        return replace(now, answers=answers, came=0 if whole else now.came + 1), given

    def _check(self, now: _Situation, seen: dict[str, Word]) -> None:
        """Compare a beat that is offered."""
        if not now.answers:
            raise Failure("there must be no answer, but there is one")
        packet, answer = self.plan.answer, now.answers[0]
        ends = now.left == packet.beats - 1
        last: Value = int(ends) if packet.marks else answer.mark if ends else 0
        must_equal("m_axis_tlast", seen["tlast"], last, 1)
        must_equal("m_axis_tid", seen["tid"], answer.stream, self.plan.stream.id_bits)
        if packet.marks:
            must_equal("m_axis_tuser", seen["tuser"], answer.mark, 1)
        if "tkeep" in seen and known(seen["tkeep"], "m_axis_tkeep") != packet.keep(ends=ends):
            raise Failure("m_axis_tkeep must be that of the beat")
        for element, low, bits, value in answered(packet, answer.codes, now.left):
            word = part(seen["tdata"], packet.width, low, bits)
            must_equal(f"element {element} of an answer", word, value, bits)


def _stands_for(general: _Situation, other: _Situation) -> bool:
    """Say whether what is shown of a situation is shown of another one of its key."""
    stands = Correspondence()
    return stands.pairs(
        chain(*(answer.values for answer in general.answers)),
        chain(*(answer.values for answer in other.answers)),
    ) and stands.state(general.state, other.state)
