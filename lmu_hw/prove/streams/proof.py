# SPDX-License-Identifier: Apache-2.0
"""What a design of several streams computes, in some arrangements without end, and when."""

from __future__ import annotations

from lmu_hw.plan import step_cycles
from lmu_hw.prove.attempts import in_some_form, tried
from lmu_hw.prove.claims import Lemma, Part, Status, amount
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.proof import DataProof, linked
from lmu_hw.prove.naming import Symbols
from lmu_hw.prove.streams.arrangements import Arrangement, arrangements_of
from lmu_hw.prove.streams.endless import Endless, run_endless
from lmu_hw.prove.streams.layers_bench import LayersBench
from lmu_hw.prove.streams.queue import check_queue
from lmu_hw.prove.subject import Subject, Tell

__all__ = ["prove_streams"]

_WITHHELD = (
    "the same of streams in any order, with any pauses, back-pressure, ends of sequences and "
    "malformed packets"
)
_TIME = "where all streams take turns at full load, a step takes the cycles of the plan"


def prove_streams(subject: Subject, tell: Tell) -> DataProof:
    """Show what the layers do with vectors of all streams, and the queue with answers.

    Steps of different streams overlap, in as many ways as vectors may come. So it is shown for some
    arrangements only, of each for all time; that others are not looked at is a claim that is not
    shown.

    Parameters
    ----------
    subject : Subject
    tell : callable
        Told what is being shown.
    """
    netlist, plan = subject.netlist, subject.plan
    assumed: set[str] = set()
    lemmas = [
        tried(
            Part.DATA,
            "links: what a part sends is what the next one receives",
            lambda: linked(subject),
        )
    ]
    paces: list[Lemma] = []
    for arrangement in arrangements_of(plan.stream.streams):
        claim = (
            "words and answers of every stream are what the network says of it alone, in order, "
            f"once, for all inputs and all time: {arrangement.name}"
        )
        tell(claim)
        seen: list[Endless] = []

        def shown(arrangement: Arrangement = arrangement, seen: list[Endless] = seen) -> str:
            endless, words = _run(subject, arrangement, assumed, tell)
            seen.append(endless)
            amounts = ("round", endless.rounds), ("step", endless.steps), ("word", words)
            return ", ".join(amount(count, noun) for noun, count in amounts)

        lemmas.append(tried(Part.DATA, claim, shown))
        if arrangement.full_load:
            paces.append(tried(Part.TIME, _TIME, lambda seen=seen: _pace(subject, seen)))
    claim = (
        "answers: what comes to the queue leaves it in order, with its mark and tid, at some paces"
    )
    tell(claim)
    lemmas.append(tried(Part.DATA, claim, lambda: check_queue(netlist, plan)))
    withheld = Lemma(
        part=Part.DATA,
        claim=_WITHHELD,
        status=Status.NOT_SHOWN,
        detail="not tried: steps of different streams overlap in too many ways; simulate it",
    )
    return DataProof(lemmas=(*lemmas, withheld, *paces), ranges=tuple(sorted(assumed)))


def _run(
    subject: Subject, arrangement: Arrangement, assumed: set[str], tell: Tell
) -> tuple[Endless, int]:
    """Run an arrangement; return what was seen, and the words that were compared.

    Raises
    ------
    Failure
        If a word is not the one that is due, or no end is found.
    """

    def repeats(symbols: Symbols) -> tuple[Endless, LayersBench]:
        bench = LayersBench(subject.netlist, subject.network, subject.plan, symbols)
        endless = run_endless(
            bench, arrangement, lambda rounds: tell(f"{arrangement.name}: {rounds} rounds")
        )
        return endless, bench

    endless, bench = in_some_form(repeats)
    assumed |= bench.tally.assumed
    return endless, bench.tally.words


def _pace(subject: Subject, seen: list[Endless]) -> str:
    """Compare the cycles of a run that repeats with those of the plan."""
    if not seen:
        raise Failure("the words of this run are not shown")
    (endless,) = seen
    planned = step_cycles(subject.plan)
    if endless.cycles != planned * endless.steps:
        raise Failure(
            f"{amount(endless.steps, 'step')} must take {float(planned * endless.steps):g} cycles, "
            f"not {endless.cycles:,}"
        )
    return f"{amount(endless.steps, 'step')} in {amount(endless.cycles, 'cycle')}"
