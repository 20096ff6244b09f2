# SPDX-License-Identifier: Apache-2.0
"""How far a score may be from that of more data of the same kind.

What is independent is a sequence, not an answer: the answers at the steps of one sequence are
alike. All intervals are of 95 %.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lmu_hw.measure.rounding import rounded

__all__ = [
    "FEWEST",
    "HOW",
    "NORMAL_95",
    "Interval",
    "accuracy_interval",
    "nrmse_interval",
    "share_interval",
]

Array = NDArray[np.float64]
Interval = tuple[float | None, float | None]
"""Both ends."""

NORMAL_95 = 1.959963984540054
"""Standard deviations within which 95 % of a normal distribution lie."""

FEWEST = 5
"""Sequences from which on their spread is known well enough."""

HOW = (
    "95 % intervals take sequences as independent of each other: Wilson's where a sequence has "
    "one answer, Wilson's of as many answers as vary like the sequences where it has several, "
    "Student's t of the logarithm for NRMSE. Of several answers or NRMSE of fewer than "
    f"{FEWEST} sequences there is none."
)
"""The intervals in words."""


def share_interval(share: float, count: float) -> tuple[float, float]:
    """Return the interval of a share among `count` independent answers (Wilson, 1927).

    Unlike the normal one it stays within 0 to 1, and is right for few answers and shares near 1.
    """
    square = NORMAL_95**2 / count
    centre = share + square / 2
    half = NORMAL_95 * math.sqrt(share * (1 - share) / count + square / count / 4)
    return max(0.0, (centre - half) / (1 + square)), min(1.0, (centre + half) / (1 + square))


def accuracy_interval(right: Array, answers: Array) -> Interval | None:
    """Return the interval of a share of right answers; None of too few sequences.

    One answer a sequence: Wilson's. With several, it is Wilson's of as many answers as have the
    variance that was seen between sequences (Korn and Graubard, Survey Methodology 24, 1998).

    Parameters
    ----------
    right : (sequences,) float64
        Right answers of each.
    answers : (sequences,) float64
        Of each; sequences without any say nothing.
    """
    right, answers = right[answers > 0], answers[answers > 0]
    count, total = len(right), float(answers.sum())
    share = float(right.sum()) / total
    if (answers == 1).all():
        return _both(share_interval(share, count))
    if count < FEWEST:
        return None
    spread = np.square(right - share * answers).sum()  # of a ratio: sequences differ in length
    variance = float(spread) * count / (count - 1) / total**2
    worth = float(count)
    if variance > 0.0:
        worth = share * (1 - share) / variance * (NORMAL_95 / _student(count)) ** 2
    return _both(share_interval(share, min(worth, total)))


def nrmse_interval(errors: Array, powers: Array) -> Interval | None:
    """Return the interval of ``sqrt(sum(errors) / sum(powers))``; None of too few sequences.

    Student's t of the logarithm of the ratio, whose variance is that of a ratio estimator
    (Cochran, Sampling Techniques, 1977, chapter 6). It is approximate, and too narrow where few
    sequences have most of the error.

    Parameters
    ----------
    errors, powers : (sequences,) float64
        Of each sequence, sums of squares.
    """
    count, error, power = len(errors), float(errors.sum()), float(powers.sum())
    if count < FEWEST or not (error > 0.0 and power > 0.0 and math.isfinite(error / power)):
        return None
    residues = errors / error - powers / power
    relative = math.sqrt(count / (count - 1) * float(np.sum(np.square(residues))))
    half, root = _student(count) * relative / 2, math.sqrt(error / power)
    return _both((root * math.exp(-half), root * math.exp(half)))


def _student(count: int) -> float:
    """Return the factor of the standard error of a mean of so many."""
    return float(stdtrit(count - 1, 0.975))


def _both(ends: tuple[float, float]) -> Interval:
    return rounded(ends[0]), rounded(ends[1])
