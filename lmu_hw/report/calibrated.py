# SPDX-License-Identifier: Apache-2.0
"""A first look at a design: fixed point beside float on part of its calibration data.

It takes about a second, and says in plain words where the two differ or where the data cannot be
right. What it finds is no proof of anything: `lmu_hw.report` measures a design on all of the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.design import Design
from lmu_hw.golden import GoldenModel
from lmu_hw.measure.outside import clipped
from lmu_hw.measure.prediction import MOST_STEPS, evenly_spaced
from lmu_hw.measure.results import TaskReport
from lmu_hw.measure.task import TaskStatistics, check_labels
from lmu_hw.measure.words import Level
from lmu_hw.report.verdict import task_sentence
from lmu_hw.sequences import SequencesLike

__all__ = ["FirstLook", "first_look"]

Array = NDArray[np.float64]

_PRODUCTS = 2.5e9
"""Of all nodes in all steps: about a second."""

_MOST_STEPS_IN_A_SEQUENCE = 5_000
_ENOUGH_ANSWERS = 20
_CHANCE = 1.2
"""Times the share of right answers that guessing gives."""

_USUAL = (1e-3, 1e3)
"""Largest magnitudes of inputs beyond which a scale is more likely wrong than meant.

Networks are trained on numbers of about 1; raw pixels and raw 8-bit samples lie inside.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLook:
    """What `first_look` saw.

    Attributes
    ----------
    sequences, steps : int
        Of the calibration data that were run.
    task : TaskReport
    summary : str
        Accuracy or SQNR, float beside fixed, in a sentence.
    warnings : tuple of str
        Where fixed point differs from float by more than a report lets pass, and what makes the
        data unlikely; empty if there is nothing.
    """

    sequences: int
    steps: int
    task: TaskReport
    summary: str
    warnings: tuple[str, ...]


def first_look(design: Design, labels: SequencesLike | None = None) -> FirstLook:
    """Run part of a design's calibration data in float and in fixed point.

    Parameters
    ----------
    design : Design
    labels : array, optional
        Of ``design.calibration``; see `check_labels`.

    Raises
    ------
    NetworkError
        If the labels do not fit.
    """
    network, x = design.network, design.calibration
    if labels is not None:
        labels = check_labels(labels, network, x)
    products = sum(layer.multiplications(last_step=False) for layer in network.layers)
    limit = int(min(MOST_STEPS, max(1.0, _PRODUCTS / max(products, 1))))
    chosen, _ = evenly_spaced(len(x), x.longest, limit)
    part = x[chosen]
    if not network.answers_once or labels is None:  # a label is of the whole sequence
        part = part.cut(_MOST_STEPS_IN_A_SEQUENCE)
    task = TaskStatistics(network, None if labels is None else labels[chosen])
    golden, clips, answers = GoldenModel(network), 0, []
    for rows, batch in part.batches(len(part)):
        x_codes, outside = golden.count_input(batch)
        floats = design.reference.run(design.reference_input(batch))
        task.add(rows, floats, golden.output_values(golden.run(x_codes)[0]))
        answers.append(floats.reshape(-1, floats.shape[-1]))
        clips += outside
    data = part.values
    task_report = task.report()
    level, sentence = task_sentence(task_report)
    count, _, lengths = part.described.partition(" ")
    summary = f"On {count} calibration {lengths}: {sentence}"
    warnings = [*_unlikely(x.values), *_constant(data, np.concatenate(answers))]
    warnings += _by_chance(task_report, network.output.size)
    if clips:
        warnings.append(clipped(network.input, clips, data.size))
    if level is not Level.GOOD:
        warnings.append("fixed point differs from float on the calibration data")
    return FirstLook(
        sequences=len(part),
        steps=part.longest,
        task=task_report,
        summary=summary,
        warnings=tuple(warnings),
    )


def _unlikely(x: Array) -> list[str]:
    """Return what is unlikely about calibration data as such."""
    low, high = float(x.min()), float(x.max())
    if low == high:
        return [f"all calibration inputs are {low + 0.0:g}, so ranges are those of a constant"]
    largest = max(-low, high)
    usual_low, usual_high = _USUAL
    if usual_low <= largest <= usual_high:
        return []
    return [
        f"calibration inputs reach {largest:.3g}; a network usually reads numbers of about 1: are "
        "they in its own units?"
    ]


def _by_chance(task: TaskReport, classes: int) -> list[str]:
    """Return that the float network is no better than chance, if it is not."""
    score = task.float_score
    if task.metric != "accuracy" or score is None or task.answers < _ENOUGH_ANSWERS:
        return []
    if score * classes >= _CHANCE:
        return []
    return [
        f"the float network itself is right in only {100 * score:.3g} % of these answers, where "
        f"chance is {100 / classes:.3g} %: are data and labels those that it was trained for?"
    ]


def _constant(x: Array, floats: Array) -> list[str]:
    """Return what is unlikely about the float network's answers, (answers, outputs)."""
    if not np.isfinite(floats).all():
        return ["the float network itself answers infinity or no number to calibration data"]
    if len(floats) > 1 and x.min() != x.max() and (floats == floats[0]).all():
        return ["the float network gives the same answer to all calibration data"]
    return []
