# SPDX-License-Identifier: Apache-2.0
"""What a run was worth: every word against the golden model, the protocol, the cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.measure.simulation import Mismatch
from lmu_hw.plan import Plan
from lmu_hw.simulate.answers import answer_words, wrong_last
from lmu_hw.simulate.coefficient_sets import CoefficientSet
from lmu_hw.simulate.epochs import Epoch, epochs_of, expected_words
from lmu_hw.simulate.job import Job, Record
from lmu_hw.simulate.resets import written_after
from lmu_hw.simulate.scoreboard import (
    Expectation,
    Words,
    compare_words,
    unpack_beats,
    words_in_beats,
)
from lmu_hw.simulate.stimuli import Stall
from lmu_hw.simulate.throughput import last_layer_throughput, step_throughput

__all__ = ["CALM_EPOCH", "Stored", "Verdict", "judge"]

CALM_EPOCH = 2  # what comes after the resets at power-up and in the middle of the first step


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """What was recorded inside the design.

    Attributes
    ----------
    beats : list of (beats, 4 + elements) int64
        What each layer stored; see `unpack_beats`.
    unknown : list of bool arrays of the same shapes
    starts : list of (layer, cycle)
        When time steps began.
    counts : (cuts, 1 + layers) int64
        Starts, and beats of each layer, before each cut.
    """

    beats: list[NDArray[np.int64]]
    unknown: list[NDArray[np.bool_]]
    starts: list[tuple[int, int]]
    counts: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a run compares with what it must be.

    Attributes
    ----------
    compared, mismatches : int
        Words.
    first : Mismatch or None
    failure : str
        What went wrong with the protocol or the cycles; empty if nothing did.
    cycles : int
    cycles_per_step : int or None
        At full load; None if too few steps ran.
    epochs : list of Epoch
        What was computed.
    """

    compared: int
    mismatches: int
    first: Mismatch | None
    failure: str
    cycles: int
    cycles_per_step: int | None
    epochs: list[Epoch]


def judge(
    sets: list[CoefficientSet], plan: Plan, job: Job, record: Record, stored: Stored | None
) -> Verdict:
    """Compare a run with the golden model.

    Parameters
    ----------
    sets : list of CoefficientSet
        What the hardware held, one after the other.
    plan : Plan
    job : Job
    record : Record
    stored : Stored or None
        None where only the ports were seen: answers are compared, and no cycles.
    """
    cuts = record.cuts
    after = np.array(written_after(sets, job.resets))
    # What is computed before the storm must be complete: its first reset waits until it is.
    settled = [cut.quiet > job.settle and not cut.waiting for cut in cuts]
    epochs = epochs_of(
        job.sequences,
        [cut.accepted for cut in cuts],
        [whole or number in (CALM_EPOCH, len(cuts) - 1) for number, whole in enumerate(settled)],
        [sets[int(np.sum(number >= after)) - 1].network for number in range(len(cuts))],
    )
    nothing_seen = [np.zeros(len(cuts), np.int64)] * len(plan.layers)
    words, counts = ([], nothing_seen) if stored is None else _words(plan, stored, len(cuts))
    words.append(answer_words(plan.answer, record.answers))
    answers = np.diff([0, *(cut.answers for cut in cuts)])
    counts.append(answers * sets[0].network.output.size)
    expected = expected_words(epochs, plan, np.stack(counts, axis=1).tolist())[-len(words) :]
    compared, mismatches, first = _compare_all(expected, words)
    per_step, wrong = (None, "") if stored is None else _cycles_per_step(plan, job, record, stored)
    offered = sum(len(sequence.codes) for sequence in job.sequences)
    accepted = cuts[-1].accepted
    unfinished = "" if accepted == offered else f"{accepted} beats were taken of {offered}"
    return Verdict(
        compared=compared,
        mismatches=mismatches,
        first=first,
        failure=next(iter(record.failures), "")
        or wrong_last(epochs, answers.tolist(), record.answers)
        or unfinished
        or wrong,
        cycles=cuts[-1].cycle,
        cycles_per_step=per_step,
        epochs=epochs,
    )


def _words(plan: Plan, stored: Stored, cuts: int) -> tuple[list[Words], list[NDArray[np.int64]]]:
    """Return the words of each layer, and how many of them there are in each epoch."""
    words, counts = [], []
    for place, layer in enumerate(plan.layers):
        beats, unknown = stored.beats[place], stored.unknown[place]
        words.append(unpack_beats(layer, beats, unknown))
        sums = np.concatenate([[0], np.cumsum(words_in_beats(layer, beats, unknown))])
        ends = np.minimum(stored.counts[:cuts, 1 + place], len(beats))
        counts.append(np.diff(sums[ends], prepend=0))
    return words, counts


def _cycles_per_step(
    plan: Plan, job: Job, record: Record, stored: Stored
) -> tuple[int | None, str]:
    """Return the cycles between steps at full load, and a complaint if any are not the plan's."""
    if len(record.cuts) < CALM_EPOCH:
        return None, ""
    before, cut = stored.counts[CALM_EPOCH - 1, 0], record.cuts[CALM_EPOCH - 1]
    lasts = [
        step == len(sequence.codes) - 1
        for sequence in job.sequences
        if sequence.stall == Stall.NONE
        for step in range(len(sequence.codes))
    ][cut.accepted :]
    taken = record.taken[cut.answers :]
    measured, wrong = step_throughput(plan, stored.starts[before:], taken, lasts)
    calm = stored.starts[before : stored.counts[CALM_EPOCH : CALM_EPOCH + 1, 0].sum()]
    return measured, wrong or last_layer_throughput(plan, calm, job.cycles_per_step)


def _compare_all(
    expectations: list[Expectation], words: list[Words]
) -> tuple[int, int, Mismatch | None]:
    """Compare all places; the first mismatch is the earliest in time, then in the network."""
    compared = mismatches = 0
    firsts: list[Mismatch] = []
    for expected, actual in zip(expectations, words, strict=True):
        here, wrong, first = compare_words(expected, actual)
        compared += here
        mismatches += wrong
        if first is not None:
            firsts.append(first)
    earliest = min(firsts, key=lambda first: (first.sequence, first.step), default=None)
    return compared, mismatches, earliest
