# SPDX-License-Identifier: Apache-2.0
"""How the answers of a classifier fall on classes, and by how much the right one leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.measure.rounding import rounded, rounded_all

__all__ = ["MOST_CLASSES", "ClassReport", "ClassStatistics", "Confusion"]

Array = NDArray[np.float64]

MOST_CLASSES = 40
"""Of a network whose answers are counted by class."""
_MOST_MARGINS = 1_500


_MOST_CONFUSIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How many answers of a label were another class, in float and in fixed point."""

    label: int
    answer: int
    float_answers: int
    fixed_answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassReport:
    """Answers of float and of fixed point by class.

    Attributes
    ----------
    float_answers, fixed_answers : (classes, classes) int
        How many answers of each label (rows) were which class (columns); empty of more than
        `MOST_CLASSES`.
    ulp : float
        Of the outputs.
    float_margins, fixed_margins : (answers,)
        The output of the label minus the largest other one, of the first answers; not above 0:
        wrong.
    classes : int
        How many there are.
    largest_share : float
        Of the labels, those of the most frequent class.
    confusions : tuple of Confusion
        Of more than `MOST_CLASSES`, the most frequent of both together, most first.
    """

    float_answers: tuple[tuple[int, ...], ...]
    fixed_answers: tuple[tuple[int, ...], ...]
    ulp: float | None
    float_margins: tuple[float | None, ...]
    fixed_margins: tuple[float | None, ...]
    classes: int | None = None
    largest_share: float | None = None
    confusions: tuple[Confusion, ...] = ()


class ClassStatistics:
    """Accumulates the answers of both networks.

    Parameters
    ----------
    classes : int
    ulp : float
        Of the outputs.
    """

    def __init__(self, classes: int, ulp: float) -> None:
        self.classes, self.ulp = classes, ulp
        self._answers = np.zeros((2, classes, classes), np.int64)
        self._margins: tuple[list[float], list[float]] = ([], [])

    def add(self, labels: NDArray[np.int64], floats: Array, fixed: Array) -> None:
        """Add answers.

        Parameters
        ----------
        labels : (...) int64
        floats, fixed : (..., classes) float64
        """
        rows = labels.ravel()
        for which, values in enumerate((floats, fixed)):
            outputs = values.reshape(len(rows), self.classes)
            np.add.at(self._answers[which], (rows, outputs.argmax(axis=1)), 1)
            missing = _MOST_MARGINS - len(self._margins[which])
            self._margins[which].extend(_margins(rows[:missing], outputs[:missing]).tolist())

    def report(self) -> ClassReport:
        """Return what was added."""
        answers = self._answers if self.classes <= MOST_CLASSES else self._answers[:, :0]
        labels = self._answers[0].sum(axis=1)
        confusions = self._confusions() if self.classes > MOST_CLASSES else []
        matrices = [tuple(map(tuple, matrix.tolist())) for matrix in answers]
        return ClassReport(
            float_answers=matrices[0],
            fixed_answers=matrices[1],
            ulp=rounded(self.ulp),
            float_margins=rounded_all(self._margins[0]),
            fixed_margins=rounded_all(self._margins[1]),
            classes=self.classes,
            largest_share=rounded(float(labels.max() / labels.sum())),
            confusions=tuple(confusions),
        )

    def _confusions(self) -> list[Confusion]:
        """Return the most frequent wrong answers, of equally frequent ones the first classes."""
        wrong = self._answers.sum(axis=0)
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_CONFUSIONS]
        pairs = [divmod(int(place), self.classes) for place in order if wrong.flat[place]]
        return [
            Confusion(
                label=label,
                answer=answer,
                float_answers=int(self._answers[0, label, answer]),
                fixed_answers=int(self._answers[1, label, answer]),
            )
            for label, answer in pairs
        ]


def _margins(labels: NDArray[np.int64], outputs: Array) -> Array:
    """Return by how much the output of each label is above all others."""
    own = np.arange(outputs.shape[1]) == labels[:, None]
    return outputs[own] - np.where(own, -np.inf, outputs).max(axis=1, initial=-np.inf)
