# SPDX-License-Identifier: Apache-2.0
"""What a run was worth: every word against the golden model, the protocol, the cycles."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.measure.simulation import Mismatch
from lmu_hw.plan import Plan
from lmu_hw.simulate.answers import answer_words, wrong_last
from lmu_hw.simulate.coefficient_sets import CoefficientSet
from lmu_hw.simulate.epochs import Epoch, epochs_of, expected_words
from lmu_hw.simulate.job import Cut, Job, Record
from lmu_hw.simulate.resets import written_after
from lmu_hw.simulate.scoreboard import (
    Expectation,
    Words,
    compare_words,
    unpack_beats,
    words_in_beats,
)
from lmu_hw.simulate.stimuli import Stall
from lmu_hw.simulate.throughput import (
    interleaved_throughput,
    last_layer_throughput,
    step_throughput,
)

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
    streams : list of (beats,) int64
        Whose step stored each of them.
    starts : list of (layer, cycle)
        When time steps began.
    counts : (cuts, 1 + layers) int64
        Starts, and beats of each layer, before each cut.
    """

    beats: list[NDArray[np.int64]]
    unknown: list[NDArray[np.bool_]]
    streams: list[NDArray[np.int64]]
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
    cycles_per_step : float or None
        At full load; None if too few steps ran.
    epochs : list of Epoch
        What was computed.
    """

    compared: int
    mismatches: int
    first: Mismatch | None
    failure: str
    cycles: int
    cycles_per_step: float | None
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
        job.turns,
    )
    compared, mismatches, first, wrong_mark = _compare_streams(plan, job, record, stored, epochs)
    per_step, wrong = (None, "") if stored is None else _cycles_per_step(plan, job, record, stored)
    offered = sum(len(sequence.codes) for sequence in job.sequences)
    accepted = cuts[-1].accepted
    unfinished = "" if accepted == offered else f"{accepted} beats were taken of {offered}"
    return Verdict(
        compared=compared,
        mismatches=mismatches,
        first=first,
        failure=next(iter(record.failures), "") or wrong_mark or unfinished or wrong,
        cycles=cuts[-1].cycle,
        cycles_per_step=per_step,
        epochs=epochs,
    )


def _compare_streams(
    plan: Plan, job: Job, record: Record, stored: Stored | None, epochs: list[Epoch]
) -> tuple[int, int, Mismatch | None, str]:
    """Compare the words and marks of each stream with what it must have computed on its own."""
    compared, mismatches, firsts, marks = 0, 0, list[Mismatch](), list[str]()
    streams = np.array([answer.split()[2:3] or ["0"] for answer in record.answers]).ravel()
    ends = np.array([cut.answers for cut in record.cuts])
    for stream in range(plan.stream.streams):
        own = [_of_stream(epoch, job.turns.streams, stream) for epoch in epochs]
        words, counts = _words(plan, stored, len(epochs), stream)
        mine = streams == str(stream)
        answers = [answer for answer, yes in zip(record.answers, mine, strict=True) if yes]
        given = np.diff(np.concatenate([[0], np.cumsum(mine)])[ends], prepend=0)
        words.append(answer_words(plan.answer, answers))
        counts.append(given * epochs[0].network.output.size)
        expected = expected_words(own, plan, np.stack(counts, axis=1).tolist())[-len(words) :]
        here, wrong, first = _compare_all(expected, words)
        compared, mismatches = compared + here, mismatches + wrong
        firsts += [] if first is None else [first]
        marks.append(wrong_last(own, given.tolist(), answers))
    earliest = min(firsts, key=lambda first: (first.sequence, first.step), default=None)
    return compared, mismatches, earliest, next(filter(None, marks), "")


def _of_stream(epoch: Epoch, streams: NDArray[np.int64], stream: int) -> Epoch:
    """Return what one stream ran."""
    pieces = [piece for piece in epoch.pieces if streams[piece.sequence] == stream]
    return replace(epoch, pieces=pieces)


def _words(
    plan: Plan, stored: Stored | None, cuts: int, stream: int
) -> tuple[list[Words], list[NDArray[np.int64]]]:
    """Return the words of a stream in each layer, and how many there are in each epoch."""
    if stored is None:
        return [], [np.zeros(cuts, np.int64)] * len(plan.layers)
    words, counts = [], []
    for place, layer in enumerate(plan.layers):
        beats, unknown = stored.beats[place], stored.unknown[place]
        own = stored.streams[place] == stream
        words.append(unpack_beats(layer, beats[own], unknown[own]))
        sums = np.concatenate([[0], np.cumsum(words_in_beats(layer, beats, unknown) * own)])
        ends = np.minimum(stored.counts[:cuts, 1 + place], len(beats))
        counts.append(np.diff(sums[ends], prepend=0))
    return words, counts


def _cycles_per_step(
    plan: Plan, job: Job, record: Record, stored: Stored
) -> tuple[int | float | None, str]:
    """Return the cycles between steps at full load, and a complaint if any are not the plan's."""
    if len(record.cuts) < CALM_EPOCH:
        return None, ""
    before, cut = stored.counts[CALM_EPOCH - 1, 0], record.cuts[CALM_EPOCH - 1]
    if plan.stream.streams > 1:
        return interleaved_throughput(plan, stored.starts[before:], _at_full_load(job, cut))
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


def _at_full_load(job: Job, cut: Cut) -> NDArray[np.int64]:
    """Return whose the steps after a cut are, while all are at full load; -1 where one may wait.

    That is where a sequence ends: its last step may take longer.
    """
    turns, lengths = job.turns, np.array([len(sequence.codes) for sequence in job.sequences])
    calm = np.array([sequence.stall == Stall.NONE for sequence in job.sequences])
    ends = turns.step == lengths[turns.sequence] - 1
    streams = np.where(ends, -1, turns.stream)[cut.accepted :]
    return streams[: int(calm[turns.sequence][cut.accepted :].sum())]


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
