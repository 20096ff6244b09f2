# SPDX-License-Identifier: Apache-2.0
"""What is measured, and the pieces of work that may run in any process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lmu_hw.design import Design
from lmu_hw.errors import ConfigError, FormatError, NetworkError, RangeError
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Network
from lmu_hw.measure.task import UNCOUNTED, Labels
from lmu_hw.quantize import Config, Options, choose_formats, quantize
from lmu_hw.quantize.transform import in_hardware_units
from lmu_hw.search.lengths import WordLengths
from lmu_hw.sequences import Sequences

__all__ = [
    "BLOCK",
    "INFEASIBLE",
    "Losses",
    "Problem",
    "Refusal",
    "block_losses",
    "configured",
    "float_answers",
]

Array = NDArray[np.float64]

BLOCK = 250  # sequences of one task: what the golden model and the float network run in one pass

INFEASIBLE = (ConfigError, FormatError, RangeError, NetworkError)
"""What word lengths that cannot be built raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why word lengths cannot be built."""

    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A trained network with the data that designs of it are measured on.

    Parameters
    ----------
    network : Network
        As trained.
    calibration : Sequences
        What ranges are taken from.
    options : Options
        Everything but the word lengths that are tried.
    x : Sequences of float64
        What designs are measured on.
    labels : array or None
        As `lmu_hw.measure.task.check_labels` returns them; None: not known yet, or none.
    floats : array or None
        Answers of the float network to `x`; None: not computed yet.
    """

    network: Network
    calibration: Sequences
    options: Options
    x: Sequences
    labels: Labels | None
    floats: Array | None = None

    @property
    def starts(self) -> list[int]:
        """First sequence of each block."""
        return list(range(0, len(self.x), BLOCK))

    @property
    def reference(self) -> Network:
        """The trained network without a final softmax, which hardware leaves to the host."""
        return in_hardware_units(self.network, Fraction(1))

    @property
    def has_classes(self) -> bool:
        """True if the labels are classes, one integer for each answer."""
        return self.labels is not None and self.labels.dtype == np.int64

    def reordered(self, order: NDArray[np.int64]) -> Problem:
        """Return the same problem with its sequences in another order."""
        if self.floats is None:
            raise ValueError("sequences are put in order by what the float network answers")
        return replace(
            self,
            x=self.x[order],
            labels=None if self.labels is None else self.labels[order],
            floats=self.floats[order],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Losses:
    """How far a design is off, by sequence.

    Attributes
    ----------
    wrong : (sequences,) int64
        Answers whose largest output is not the label; zeros without class labels.
    error : (sequences,) float64
        Squared difference from the float network, summed over the sequence's outputs.
    """

    wrong: NDArray[np.int64]
    error: Array


def float_answers(problem: Problem, start: int) -> Array:
    """Return what the float network answers to a block of sequences."""
    return problem.reference.run(problem.x[start : start + BLOCK])


def configured(problem: Problem, lengths: WordLengths) -> Config | Refusal:
    """Return the formats of a design, or why it cannot be built."""
    try:
        options = lengths.applied(problem.options)
        quantization = choose_formats(problem.network, problem.calibration, options)
        return Design.of(quantization, problem.calibration).config
    except INFEASIBLE as error:
        return Refusal(reason=str(error))


def block_losses(problem: Problem, work: tuple[Config, int]) -> Losses:
    """Run one design over the block of sequences that begins at a number.

    Parameters
    ----------
    problem : Problem
        With the answers of the float network.
    work : (Config, int)
        Formats, and the first sequence.
    """
    config, start = work
    block = slice(start, start + BLOCK)
    if problem.floats is None:
        raise ValueError("a block is measured against the answers of the float network")
    golden = GoldenModel(quantize(problem.network, config, model_digest=""))
    y_codes, _ = golden.run(golden.count_input(problem.x[block])[0])
    fixed, floats = golden.output_values(y_codes), problem.floats[block]
    wrong = np.zeros(len(fixed), dtype=np.int64)
    if problem.labels is not None and problem.has_classes:
        labels = problem.labels[block]
        differs = (fixed.argmax(axis=-1) != labels) & (labels != UNCOUNTED)
        wrong = np.count_nonzero(differs.reshape(len(fixed), -1), axis=1)
    error = np.square(fixed - floats).reshape(len(fixed), -1).sum(axis=1)
    return Losses(wrong=wrong, error=error)
