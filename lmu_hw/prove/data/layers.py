# SPDX-License-Identifier: Apache-2.0
"""Every step of a layer, whenever it begins: situations that stand for all that can come.

A step runs from each situation in which one can begin. Early in it, and again later, the situation
is made general: of what it holds, symbols of the step and of what it reads of the one before stay;
the rest may be anything. If an earlier one stands for it, it is followed no further. Between steps
the same is done with what the next step may read. When no situation is left, every step of any run
was seen, by induction over the cycles since reset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain, count

from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.algebra.names import Definitions, define_only
from lmu_hw.prove.algebra.undecided import Decide
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.instances import Correspondence, general, made_of, symbols_of
from lmu_hw.prove.data.layer_bench import LayerBench
from lmu_hw.prove.data.layer_situation import LayerSituation, Step
from lmu_hw.prove.specification import Past

__all__ = ["Explored", "explore", "same_meanings", "same_past"]

_FIRST_LOOK = 4
"""Cycles from the start of a step to the first comparison; each further one is twice as late."""
_MOST_STEPS = 200
"""Steps that are run before it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """What was seen of a layer.

    Attributes
    ----------
    situations, cycles, words : int
        Situations that stand for others; cycles that were run; words that were compared.
    """

    situations: int
    cycles: int
    words: int


def explore(bench: LayerBench, tell: Callable[[int], None] = lambda situations: None) -> Explored:
    """Follow a layer from reset until every situation is one that was seen.

    Raises
    ------
    Failure
        If a word is not the one that is due, or no end is found.
    """
    explorer = _Explorer(bench, tell)
    explorer.between(bench.reset())
    while explorer.pending:
        explorer.run(*explorer.pending.pop())
    return Explored(situations=explorer.situations, cycles=bench.part.cycles, words=bench.words)


class _Explorer:
    """What is to be followed, and what stands for others."""

    def __init__(self, bench: LayerBench, tell: Callable[[int], None]) -> None:
        self.bench, self.tell = bench, tell
        self.pending: list[tuple[LayerSituation, bool]] = []
        self.situations = 0
        self._known: dict[int, list[LayerSituation]] = {}
        self._numbers = count()
        self._ends = min(bench.cycles_of(mark) for mark in (0, 1))

    def between(self, situation: LayerSituation) -> None:
        """Follow a layer that waits; in every cycle its next step may begin.

        The one that begins last is followed first: it stands for most of the others.
        """
        while True:
            if situation.step is None or situation.step.done:
                situation = self._between(situation)
                if self._seen(situation, age=-1):
                    return
            self.pending.append((situation, True))
            define_only(situation.meanings)
            situation = self.bench.cycle(situation)

    def run(self, situation: LayerSituation, begins: bool) -> None:
        """Let a step begin, or go on with one, until the next one may."""
        bench = self.bench
        if begins:
            number = next(self._numbers)
            if number > _MOST_STEPS:
                raise Failure(f"given up after {number} steps")
            situation = bench.begin(situation, number)
        define_only(situation.meanings)
        while True:
            step = situation.step
            if step is None or bench.over(step):
                return self.between(situation)
            if step.mark is None and step.age == self._ends:
                return self._decide(situation)
            if situation.before is None and _looks(step.age):
                situation = self._within(situation, step)
                define_only(situation.meanings)
                if self._seen(situation, age=step.age):
                    return None
            try:
                situation = bench.cycle(situation)
            except Decide:
                return self._decide(situation)

    def _decide(self, situation: LayerSituation) -> None:
        self.pending += [(self.bench.decide(situation, mark), False) for mark in (0, 1)]

    def _within(self, situation: LayerSituation, step: Step) -> LayerSituation:
        """Return a general situation within a step."""
        symbols = symbols_of([*_codes(step.past), *step.x, *step.named])
        state = general(situation.state, symbols, self.bench.part.anything())
        return replace(situation, state=state, meanings=made_of(symbols, situation.meanings))

    def _between(self, situation: LayerSituation) -> LayerSituation:
        """Return a general situation between steps."""
        past = situation.left
        symbols = symbols_of(_codes(past))
        state = general(situation.state, symbols, self.bench.part.anything())
        meanings = made_of(symbols, situation.meanings)
        return replace(situation, state=state, step=None, past=past, meanings=meanings)

    def _seen(self, situation: LayerSituation, *, age: int) -> bool:
        """Say whether a situation is one that others stand for; if not, it stands for others."""
        known = self._known.setdefault(age, [])
        if any(_stands_for(other, situation) for other in known):
            return True
        known.append(situation)
        self.situations += 1
        self.tell(self.situations)
        return False


def _looks(age: int) -> bool:
    return age >= _FIRST_LOOK and age & age - 1 == 0


def _codes(vectors: Past | None) -> list[Value]:
    return [] if vectors is None else [code for codes in vectors.values() for code in codes]


def _stands_for(general: LayerSituation, other: LayerSituation) -> bool:
    """Say whether what is shown of a general situation is shown of another one."""
    stands = Correspondence()
    return (
        general.vectors == other.vectors
        and same_past(stands, general.past, other.past)
        and _same_step(stands, general.step, other.step)
        and same_meanings(stands, general.meanings, other.meanings)
        and stands.state(general.state, other.state)
    )


def same_past(stands: Correspondence, general: Past | None, other: Past | None) -> bool:
    """Say whether what a step before has left stands for what another has left."""
    if general is None or other is None:
        return general is other
    return general.keys() == other.keys() and all(
        stands.pairs(codes, other[name]) for name, codes in general.items()
    )


def _same_step(stands: Correspondence, general: Step | None, other: Step | None) -> bool:
    if general is None or other is None:
        return general is other
    return (
        (general.age, general.mark, general.dropped) == (other.age, other.mark, other.dropped)
        and same_past(stands, general.past, other.past)
        and stands.pairs(general.x, other.x)
        and stands.pairs(general.named, other.named)
        and same_past(stands, general.now, other.now)
        and general.codes.keys() == other.codes.keys()
        and stands.pairs(general.codes.values(), other.codes.values())
        and [len(beat) for beat in general.beats] == [len(beat) for beat in other.beats]
        and stands.pairs(chain(*general.beats), chain(*other.beats))
    )


def same_meanings(stands: Correspondence, general: Definitions, other: Definitions) -> bool:
    """Say whether symbols of the general situation have no meaning that the other's have not.

    Nor closer bounds: what was shown may rest on them.
    """
    for number, value in general.items():
        meaning = other.get(stands.of(number))
        if meaning is None or not stands.same(value, meaning):
            return False
        if meaning.low < value.low or meaning.high > value.high:
            return False
    return True
