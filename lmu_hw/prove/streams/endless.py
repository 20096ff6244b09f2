# SPDX-License-Identifier: Apache-2.0
"""An arrangement of vectors without end: a run goes on until it is where it was once.

After each round the situation is made general: what is made of the symbols of steps that go on, and
of what the last step of each stream has left, stays; the rest may be anything. When an earlier
general situation stands for the present one, all rounds of any run were seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.algebra.names import Definitions, define_only, definitions
from lmu_hw.prove.bench_situation import Answer, Due, Situation
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.instances import Correspondence, general, symbols_of
from lmu_hw.prove.data.layers import same_meanings, same_past
from lmu_hw.prove.specification import Past
from lmu_hw.prove.streams.arrangements import Arrangement
from lmu_hw.prove.streams.layers_bench import LayersBench

__all__ = ["Endless", "run_endless"]

_MOST_ROUNDS = 512
"""Rounds after which a run must be where it was once."""
_PATIENCE = 4
"""Times the cycles of all layers that nothing may happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endless:
    """What was seen of an arrangement.

    Attributes
    ----------
    rounds : int
        Until the run was where it was once.
    steps, cycles : int
        Steps from there to there, and their cycles.
    """

    rounds: int
    steps: int
    cycles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Where a run is at the end of a round.

    Attributes
    ----------
    situation : Situation
    meanings : Definitions
        Of the symbols of steps that go on.
    sink : (int, int, int)
        Answers that the queue holds, and that have left it, in turn with their waits; cycles that
        the first one has waited.
    cycle : int
    """

    situation: Situation
    meanings: Definitions
    sink: tuple[int, int, int]
    cycle: int


def run_endless(
    bench: LayersBench, arrangement: Arrangement, tell: Callable[[int], None] = lambda rounds: None
) -> Endless:
    """Run an arrangement from a reset until all that can follow was seen.

    Raises
    ------
    Failure
        If a word is not the one that is due, or no end is found.
    """
    run = _Run(bench, arrangement)
    rounds: list[_Round] = []
    while len(rounds) < _MOST_ROUNDS:
        tell(len(rounds))
        run.round()
        now = run.general()
        for number, earlier in enumerate(rounds):
            if _stands_for(earlier, now):
                steps = (len(rounds) - number) * len(arrangement.offers)
                cycles = now.cycle - earlier.cycle
                return Endless(rounds=len(rounds) + 1, steps=steps, cycles=cycles)
        rounds.append(now)
    raise Failure(f"given up after {len(rounds)} rounds: what is held does not repeat")


class _Run:
    """A source in front of the layers, and the queue behind them."""

    def __init__(self, bench: LayersBench, arrangement: Arrangement) -> None:
        self.bench, self.arrangement = bench, arrangement
        self.situation = bench.reset()
        self.held = self.left = self.waited = 0
        layers = bench.plan.layers
        longest = max(map(sum, ([offer.pause for offer in arrangement.offers], arrangement.waits)))
        cycles = sum(layer.cycles(last_step=True) for layer in layers) + 64 + longest
        self._patience = _PATIENCE * cycles * layers[0].contexts

    def round(self) -> None:
        """Offer all vectors of a round."""
        for offer in self.arrangement.offers:
            for _ in range(offer.pause):
                self._cycle(None, last=False, stream=0)
            self.situation, x = self.bench.take(
                self.situation, last=offer.last, stream=offer.stream
            )
            for _ in range(self._patience):
                if self._cycle(x, last=offer.last, stream=offer.stream):
                    break
            else:
                raise Failure("a vector must be taken, but is not")

    def _cycle(self, x: list[Value] | None, *, last: bool, stream: int) -> bool:
        waits, due = self.arrangement.waits, len(self.situation.answers)
        leaves = self.held > 0 and self.waited >= waits[self.left]
        self.situation, taken = self.bench.cycle(
            self.situation, x, last=last, ready=leaves, stream=stream
        )
        self.waited = self.waited + 1 if self.held and not leaves else 0
        self.left = (self.left + leaves) % len(waits)
        self.held += due - len(self.situation.answers) - leaves
        if self.held > self.bench.plan.answers_held:
            raise Failure("an answer must be sent where it has room, only then")
        return taken

    def general(self) -> _Round:
        """Go on from a general situation; return it."""
        now = self.situation
        due = list(chain(*now.due))
        left = [codes for layers in now.past for codes in layers]
        values = chain(
            *(_codes(past) for past in left),
            *(chain(_codes(step.past), step.x, step.named) for step in due),
            *(answer.codes for answer in now.answers),
        )
        state = general(now.state, symbols_of(values), self.bench.anything())
        meanings = definitions(symbols_of(chain(*(step.named for step in due))))
        define_only(meanings)
        self.situation = replace(now, state=state)
        sink = self.held, self.left, self.waited
        cycle = self.bench.tally.cycles
        return _Round(situation=self.situation, meanings=meanings, sink=sink, cycle=cycle)


def _codes(vectors: Past | None) -> Iterator[Value]:
    return chain() if vectors is None else chain(*vectors.values())


def _stands_for(general: _Round, other: _Round) -> bool:
    """Say whether what is shown of a general situation is shown of another one."""
    stands = Correspondence()
    before, now = general.situation, other.situation
    pasts = zip(chain(*before.past), chain(*now.past), strict=True)
    dues = list(zip(before.due, now.due, strict=True))
    return (
        general.sink == other.sink
        and (before.offered, before.answered) == (now.offered, now.answered)
        and len(before.answers) == len(now.answers)
        and all(len(steps) == len(others) for steps, others in dues)
        and all(same_past(stands, *pair) for pair in pasts)
        and all(
            _same_due(stands, *pair)
            for steps, others in dues
            for pair in zip(steps, others, strict=True)
        )
        and all(
            _same_answer(stands, *pair) for pair in zip(before.answers, now.answers, strict=True)
        )
        and same_meanings(stands, general.meanings, other.meanings)
        and stands.state(before.state, now.state)
    )


def _same_due(stands: Correspondence, general: Due, other: Due) -> bool:
    return (
        (general.stream, general.last, general.begun) == (other.stream, other.last, other.begun)
        and same_past(stands, general.past, other.past)
        and stands.pairs(general.x, other.x)
        and len(general.named) == len(other.named)
        and stands.pairs(general.named, other.named)
        and general.codes.keys() == other.codes.keys()
        and stands.pairs(general.codes.values(), other.codes.values())
    )


def _same_answer(stands: Correspondence, general: Answer, other: Answer) -> bool:
    return (general.stream, general.last) == (other.stream, other.last) and stands.pairs(
        general.codes, other.codes
    )
