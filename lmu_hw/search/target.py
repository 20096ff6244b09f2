# SPDX-License-Identifier: Apache-2.0
"""The target of a search: what must be reached, and what a part of the data says about it.

Both targets are a budget of losses that add up over sequences: wrong answers, or squared error.
Losses are never negative. A design that has spent more than its budget on a part of the data has
therefore missed the target on all of it, whatever the rest would give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import share
from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.measure.rounding import rounded
from lmu_hw.measure.task import UNCOUNTED
from lmu_hw.search.problem import BLOCK, Losses, Problem

__all__ = [
    "AccuracyTarget",
    "ErrorTarget",
    "Figures",
    "Target",
    "figures",
    "joined",
    "target_of",
]

Array = NDArray[np.float64]

_SIGMAS = 3.0
_GOLDEN = 2_654_435_769  # 2**32 divided by the golden ratio: multiples of it are spread evenly


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a design reaches on all data.

    Attributes
    ----------
    accuracy, float_accuracy : float or None
        Share of answers whose largest output is the label; None without class labels.
    error : float or None
        ``rms(fixed - float) / rms(float)`` of the outputs; None if float answers zeros only.
    """

    accuracy: float | None
    float_accuracy: float | None
    error: float | None


class Target(Protocol):
    """What designs must reach on a problem."""

    def check(self, problem: Problem) -> None:
        """Raise `NetworkError` if the target says nothing about such a problem."""
        ...

    def order(self, problem: Problem) -> NDArray[np.int64]:
        """Return the order in which sequences are run, most telling first."""
        ...

    def budget(self, problem: Problem) -> float:
        """Return the largest sum of losses that reaches the target."""
        ...

    def spent(self, losses: Losses) -> float:
        """Return the sum of losses."""
        ...

    def total(self, losses: Losses, problem: Problem) -> tuple[float, float]:
        """Return between what the losses on all data are expected, from those of the first."""
        ...

    def first_blocks(self, problem: Problem) -> int:
        """Return the blocks to run before the first look."""
        ...

    def reached(self, figures: Figures) -> str:
        """Return in words what a design reaches, beside float."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTarget:
    """``rms(fixed - float) / rms(float)`` of the network's outputs, at most `limit`.

    Sequences are run in an even spread over the data. From a part, the total is expected within
    three standard errors.

    Raises
    ------
    ConfigError
        If the limit is not positive and finite.
    """

    limit: float

    def __post_init__(self) -> None:
        limit = share(self.limit, "`target_error`")
        if limit <= 0:
            raise ConfigError(f"`target_error` must be positive, not {float(limit):.6g}")
        object.__setattr__(self, "limit", float(limit))

    def __str__(self) -> str:
        return f"an error of at most {self.limit:.6g}"

    def check(self, problem: Problem) -> None:
        """Accept any problem."""

    def order(self, problem: Problem) -> NDArray[np.int64]:
        """Return an order of which every beginning is spread over the data."""
        return np.argsort(np.arange(len(problem.x)) * _GOLDEN % 2**32, kind="stable")

    def budget(self, problem: Problem) -> float:
        """Return the squared error allowed."""
        return self.limit**2 * _power(problem)

    def spent(self, losses: Losses) -> float:
        """Return the squared error so far."""
        return float(losses.error.sum())

    def total(self, losses: Losses, problem: Problem) -> tuple[float, float]:
        """Return the total within three standard errors of the mean loss."""
        measured, everything = len(losses.error), len(problem.x)
        spent = self.spent(losses)
        if measured == everything:
            return spent, spent
        expected = spent * everything / measured
        if measured < 2:
            return spent, math.inf
        unseen = 1.0 - measured / everything
        spread = everything * float(losses.error.std(ddof=1)) * math.sqrt(unseen / measured)
        return max(spent, expected - _SIGMAS * spread), expected + _SIGMAS * spread

    def first_blocks(self, problem: Problem) -> int:
        """Return one block."""
        return 1

    def reached(self, figures: Figures) -> str:
        """Return the error in words."""
        return f"an error of {figures.error:.6g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyTarget:
    """A share of answers whose largest output is the label, at least `share`.

    The hardest sequences are run first: those where float is wrong, the surest mistake first, then
    those where float is right by the smallest margin. On the rest float's answers are expected,
    with at most as many mistakes more as the last block had.

    Raises
    ------
    ConfigError
        If the share is not within 0 and 1.
    """

    share: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "share", share(self.share, "`target_accuracy`"))
        if not 0 < self.share <= 1:
            raise ConfigError(
                "`target_accuracy` must be above 0 and at most 1, or a percentage such as 95%, "
                f"not {float(self.share):.6g}"
            )

    def __str__(self) -> str:
        return f"an accuracy of at least {float(100 * self.share):.6g} %"

    def check(self, problem: Problem) -> None:
        """Raise `NetworkError` without class labels."""
        if not problem.has_classes:
            raise NetworkError(
                "`target_accuracy` needs class labels, one integer for each answer, of the data "
                "that is measured on"
            )

    def order(self, problem: Problem) -> NDArray[np.int64]:
        """Return sequences by float's mistakes, then by its smallest margin."""
        floats, labels = _answers(problem)
        right = np.take_along_axis(floats, labels[..., None], axis=-1)
        others = np.where(np.arange(floats.shape[-1]) == labels[..., None], -np.inf, floats)
        margins = right[..., 0] - others.max(axis=-1)
        margins = np.where(labels == UNCOUNTED, np.inf, margins)
        margin = margins.reshape(len(floats), -1).min(axis=1)
        digits = np.array([rounded(value) for value in margin.tolist()])  # alike on every machine
        return np.lexsort([digits, -_float_wrong(problem)])

    def budget(self, problem: Problem) -> float:
        """Return the number of wrong answers allowed."""
        return math.floor(_counted(problem) * (1 - self.share))

    def spent(self, losses: Losses) -> float:
        """Return the number of wrong answers so far."""
        return int(losses.wrong.sum())

    def total(self, losses: Losses, problem: Problem) -> tuple[float, float]:
        """Return what is certain, and float's mistakes on the rest with as many as just now."""
        spent, measured = self.spent(losses), len(losses.wrong)
        rest = _float_wrong(problem)[measured:]
        if not len(rest):
            return spent, spent
        if measured < self._telling(problem):
            return spent, math.inf
        return spent, spent + int(rest.sum()) + int(losses.wrong[-BLOCK:].sum())

    def first_blocks(self, problem: Problem) -> int:
        """Return as many blocks as a design needs that gets nearly everything wrong."""
        answers = _answers(problem)[1][0].size
        return int(self.budget(problem)) // (BLOCK * answers) + 1

    def reached(self, figures: Figures) -> str:
        """Return the accuracy in words."""
        return (
            f"{100 * (figures.accuracy or 0.0):.6g} % "
            f"(float: {100 * (figures.float_accuracy or 0.0):.6g} %)"
        )

    def _telling(self, problem: Problem) -> int:
        """Return the sequences without which nothing is said: one block that float has right."""
        mistakes = np.count_nonzero(_float_wrong(problem))
        answers = _answers(problem)[1][0].size
        return max(int(mistakes), -(-int(self.budget(problem)) // answers)) + BLOCK


def figures(losses: Losses, problem: Problem) -> Figures:
    """Return what complete losses amount to."""
    if problem.floats is None:
        raise ValueError("figures compare with the answers of the float network")
    accuracy = float_accuracy = error = None
    if problem.has_classes:
        answers = _counted(problem)
        accuracy = rounded((answers - int(losses.wrong.sum())) / answers)
        float_accuracy = rounded((answers - int(_float_wrong(problem).sum())) / answers)
    if (power := float(np.square(problem.floats).sum())) > 0.0:
        error = rounded(math.sqrt(float(losses.error.sum()) / power))
    return Figures(accuracy=accuracy, float_accuracy=float_accuracy, error=error)


def target_of(
    *, error: float | Fraction | str | None, accuracy: float | Fraction | str | None
) -> ErrorTarget | AccuracyTarget:
    """Return the one target that is given.

    Raises
    ------
    ConfigError
        If none or both are given, or the given one is impossible.
    """
    if (error is None) == (accuracy is None):
        raise ConfigError("exactly one of `target_error` and `target_accuracy` must be given")
    if accuracy is None:
        return ErrorTarget(limit=float(share(error, "`target_error`")))
    return AccuracyTarget(share=share(accuracy, "`target_accuracy`"))


def joined(parts: list[Losses]) -> Losses:
    """Return losses of blocks, one after the other."""
    return Losses(
        wrong=np.concatenate([np.zeros(0, dtype=np.int64), *(part.wrong for part in parts)]),
        error=np.concatenate([np.zeros(0), *(part.error for part in parts)]),
    )


def _power(problem: Problem) -> float:
    if problem.floats is None or not (power := float(np.square(problem.floats).sum())):
        raise NetworkError(
            "the float network must answer something other than zero: there is no relative error"
        )
    return power


def _answers(problem: Problem) -> tuple[Array, NDArray[np.int64]]:
    """Return answers of the float network, (..., outputs), and class labels, (...)."""
    labels = problem.labels
    if problem.floats is None or labels is None or not problem.has_classes:
        raise NetworkError("an accuracy must be measured with class labels, one integer an answer")
    return problem.floats, labels.astype(np.int64)


def _counted(problem: Problem) -> int:
    """Return how many answers count."""
    return int(np.count_nonzero(_answers(problem)[1] != UNCOUNTED))


def _float_wrong(problem: Problem) -> NDArray[np.int64]:
    """Return the wrong answers of the float network in each sequence."""
    floats, labels = _answers(problem)
    wrong = (floats.argmax(axis=-1) != labels) & (labels != UNCOUNTED)
    return np.count_nonzero(wrong.reshape(len(wrong), -1), axis=1)
