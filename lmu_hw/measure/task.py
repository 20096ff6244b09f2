# SPDX-License-Identifier: Apache-2.0
"""The network's answers: task metric of float and of fixed, and the two against each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import Network
from lmu_hw.lmu.activations import SOFTMAX, activation
from lmu_hw.measure.classes import ClassReport, ClassStatistics
from lmu_hw.measure.interval import Interval, accuracy_interval, nrmse_interval
from lmu_hw.measure.results import ExampleReport, TaskReport
from lmu_hw.measure.rounding import rounded, rounded_all
from lmu_hw.measure.statistics import sqnr_db
from lmu_hw.network import QuantizedNetwork
from lmu_hw.sequences import Sequences, SequencesLike

__all__ = ["UNCOUNTED", "Labels", "TaskStatistics", "check_labels"]

Array = NDArray[np.float64]
Labels = NDArray[np.int64] | NDArray[np.float64]

UNCOUNTED = -1
"""Class of an answer that does not count, and of what stands behind the end of a sequence."""

_NOT_COUNTED = (UNCOUNTED, -100)  # the latter is PyTorch's
_MAX_LINES = 3
_MAX_STEPS = 400
_MAX_ANSWERS = 1_500
_WHICH = ("float", "fixed")


def check_labels(
    labels: SequencesLike, network: Network | QuantizedNetwork, x: Sequences
) -> Labels:
    """Return labels as int64 classes or as float64 targets, in the shape of the answers to `x`.

    Classes may come as integers, as floats that are integers, as a column, or one-hot. Of a network
    that answers at every step, -1 and -100 say that an answer does not count; behind the end of a
    sequence the result has -1, and zeros where labels are targets.

    Parameters
    ----------
    labels : array, list of arrays (steps, ...), or Sequences
        One class for each answer, or one real number for each output. An array has an entry for
        every step of the longest sequence, masked steps included.
    network : Network or QuantizedNetwork
    x : Sequences
        What the answers are to.

    Raises
    ------
    NetworkError
        If type or shape is neither, or a class or a target is impossible, or no answer counts.
    """
    answers = (len(x),) if network.answers_once else (len(x), x.given_steps)
    outputs = network.outputs if isinstance(network, Network) else network.output.size
    shape = (*answers, outputs)
    given = np.asarray(labels) if network.answers_once else x.beside(labels, "labels")
    if given.dtype.kind in "biuf" and given.shape in (answers, (*answers, 1), shape):
        values = given.reshape(*answers, -1).astype(np.float64)
        if not network.answers_once:
            values = x.aligned(values)
        if not np.all(np.isfinite(values)):
            raise NetworkError("labels must be finite, but hold NaN or infinity")
        counts = np.ones(len(x), bool) if network.answers_once else x.valid
        whole = bool((values == np.rint(values)).all())
        if given.shape == shape and (outputs > 1 or given.dtype.kind == "f"):
            one_hot = _one_hot(values[counts])
            return np.where(counts, values.argmax(axis=-1), UNCOUNTED) if one_hot else values
        if whole and (outputs > 1 or given.dtype.kind != "f"):
            classes = np.where(counts, values[..., 0].astype(np.int64), UNCOUNTED)
            return _check_classes(classes, counts, (*values.shape[:-1], outputs))
        if outputs == 1:
            return values
    classes = f"integers of shape {answers} (one class for each answer) or " if outputs > 1 else ""
    raise NetworkError(
        f"labels must be {classes}real numbers of shape {shape} (one for each output), not "
        f"{given.dtype} of shape {given.shape}"
    )


def _one_hot(values: Array) -> bool:
    """Say whether every answer has a single 1 among zeros, of several outputs."""
    ones = values == 1.0
    return values.shape[-1] > 1 and bool(
        ((values == 0.0) | ones).all() and (ones.sum(axis=-1) == 1).all()
    )


def _check_classes(
    labels: NDArray[np.int64], counts: NDArray[np.bool_], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Return class labels of a network whose output has `shape`, or raise; `counts`: of steps."""
    outputs = shape[-1]
    if outputs < 2:
        raise NetworkError(
            "labels must be real targets for a network with one output, not class numbers; "
            f"give an array of floats of shape {shape}"
        )
    if labels.ndim > 1:
        counts = counts & ~np.isin(labels, _NOT_COUNTED)
        if not counts.any():
            raise NetworkError("an answer at least must count, but all class labels are -1 or -100")
        labels = np.where(counts, labels, UNCOUNTED)
    low, high = int(labels[counts].min()), int(labels[counts].max())
    if low < 0 or high >= outputs:
        raise NetworkError(f"class labels must be 0 to {outputs - 1}, not {low} to {high}")
    return labels


class TaskStatistics:
    """Accumulates answers of both networks.

    Parameters
    ----------
    network : QuantizedNetwork
    labels : array or None
        As `check_labels` returned them.
    bounds : (outputs,) float64, optional
        What no output is further from float than, while nothing leaves its format with a loss.
    """

    def __init__(
        self, network: QuantizedNetwork, labels: Labels | None, bounds: Array | None = None
    ) -> None:
        self.network = network
        self.bounds = bounds if network.output.size > 1 else None
        self.labels = labels
        self.by_class = (
            ClassStatistics(network.output.size, network.output.format.ulp)
            if labels is not None and labels.dtype == np.int64
            else None
        )
        self.agreement_counts = network.output.size > 1 and (
            labels is None or self.by_class is not None
        )
        self.answers = self.uncounted = self.values = self.agreeing = self.certain = 0
        self.correct = [0, 0]
        self.float_power = self.error_power = self.target_power = 0.0
        self.task_power = [0.0, 0.0]
        self.max_error = 0.0
        self._by_sequence: dict[str, list[float]] = {}
        self._examples: dict[int, tuple[Array, Array]] = {}

    def add(
        self,
        rows: NDArray[np.int64],
        floats: Array,
        fixed: Array,
        inside: NDArray[np.bool_] | None = None,
    ) -> None:
        """Add answers: (sequences, outputs) or (sequences, steps, outputs) values of both.

        `rows` are the numbers of the sequences, of one length; `inside` says of which of them
        (sequences,) nothing left its format with a loss.
        """
        error = fixed - floats
        self.values += error.size
        self.float_power += float(np.sum(np.square(floats)))
        self.error_power += float(np.sum(np.square(error)))
        self.max_error = max(self.max_error, float(np.max(np.abs(error))))
        self._keep("to float", np.square(error))
        self._keep("floats", np.square(floats))
        counts = np.ones(error.shape[:-1], bool)
        if self.labels is not None:
            labels = self.labels[rows]
            if error.ndim == 3:
                labels = labels[:, : error.shape[1]]
            if self.by_class is not None:
                labels = labels.astype(np.int64)
                counts = labels != UNCOUNTED
                self.by_class.add(labels[counts], floats[counts], fixed[counts])
                for which, values in enumerate((floats, fixed)):
                    right = values.argmax(axis=-1) == labels
                    self.correct[which] += int(np.count_nonzero(right))
                    self._keep(_WHICH[which], right)
            else:
                self._add_targets(labels.astype(np.float64), floats, fixed)
        if self.bounds is not None and inside is not None:
            certain = _leads(fixed[inside], self.bounds) & counts[inside]
            self.certain += int(np.count_nonzero(certain))
        self._keep("answers", counts)
        self.answers += int(np.count_nonzero(counts))
        self.uncounted += int(np.count_nonzero(~counts))
        same = floats.argmax(axis=-1) == fixed.argmax(axis=-1)
        self.agreeing += int(np.count_nonzero(same & counts))
        wanted = 1 if error.ndim == 3 and error.shape[1] > 1 else _MAX_ANSWERS
        for place in np.flatnonzero(rows < wanted):
            self._examples[int(rows[place])] = floats[place], fixed[place]

    def _add_targets(self, targets: Array, floats: Array, fixed: Array) -> None:
        self.target_power += float(np.sum(np.square(targets)))
        self._keep("targets", np.square(targets))
        for which, values in enumerate((floats, fixed)):
            answer = values
            if self.network.softmax:  # left to the host by both networks
                answer = activation(SOFTMAX, where=self.network.name)(values)
            self.task_power[which] += float(np.sum(np.square(answer - targets)))
            self._keep(_WHICH[which], np.square(answer - targets))

    def _keep(self, what: str, values: NDArray[np.generic]) -> None:
        """Keep the sum of (sequences, ...) values over each sequence."""
        sums = values.reshape(len(values), -1).sum(axis=1, dtype=np.float64)
        self._by_sequence.setdefault(what, []).extend(sums.tolist())

    def _interval(self, what: str, of: str) -> Interval | None:
        """Return the interval of what was kept under that name; None if nothing was."""
        kept = {name: np.array(self._by_sequence.get(name, ())) for name in (what, of)}
        if not len(kept[what]):
            return None
        if of == "targets" and self.by_class is not None:
            return accuracy_interval(kept[what], np.array(self._by_sequence["answers"]))
        return nrmse_interval(kept[what], kept[of])

    def report(self) -> TaskReport:
        """Return the metrics of all answers added."""
        metric, scores = self._scores()
        return TaskReport(
            metric=metric,
            float_score=scores[0],
            fixed_score=scores[1],
            answers=self.answers,
            uncounted=self.uncounted,
            agreement=rounded(self.agreeing / self.answers) if self.agreement_counts else None,
            certain=None if self.bounds is None else self.certain,
            nrmse_to_float=_root_ratio(self.error_power, self.float_power),
            sqnr_db=sqnr_db(self.float_power, self.error_power),
            exact=self.error_power == 0.0,
            rms_error=rounded(float(np.sqrt(self.error_power / self.values))),
            max_error=rounded(self.max_error),
            float_interval=self._interval("float", "targets"),
            fixed_interval=self._interval("fixed", "targets"),
            to_float_interval=self._interval("to float", "floats"),
        )

    def _scores(self) -> tuple[str | None, list[float | None]]:
        if self.labels is None:
            return None, [None, None]
        if self.by_class is not None:
            return "accuracy", [rounded(count / self.answers) for count in self.correct]
        return "nrmse", [_root_ratio(power, self.target_power) for power in self.task_power]

    def classes(self) -> ClassReport | None:
        """Return how answers fall on classes; None unless the labels are classes."""
        return None if self.by_class is None else self.by_class.report()

    def example(self) -> ExampleReport:
        """Return the first answers, for the picture."""
        examples = [self._examples[row] for row in sorted(self._examples)]
        by_step = not self.network.answers_once and len(examples[0][0]) > 1
        pair = []
        for which in (0, 1):
            parts = [example[which] for example in examples]
            if by_step:
                lines = parts[0][:_MAX_STEPS, :_MAX_LINES].T
            else:
                lines = np.concatenate([part.ravel() for part in parts])[None, :_MAX_ANSWERS]
            pair.append(tuple(rounded_all(line) for line in lines))
        return ExampleReport(
            by_step=by_step,
            ulp=rounded(self.network.output.format.ulp),
            float_values=pair[0],
            fixed_values=pair[1],
        )


def _leads(fixed: Array, bounds: Array) -> NDArray[np.bool_]:
    """Say which answers have a largest output that leads by more than both bounds together."""
    first = fixed.argmax(axis=-1)[..., None]
    lead = np.take_along_axis(fixed, first, axis=-1) - bounds[first]
    others = np.where(np.arange(len(bounds)) == first, -np.inf, fixed + bounds)
    return lead[..., 0] > others.max(axis=-1)


def _root_ratio(power: float, of: float) -> float | None:
    return rounded(float(np.sqrt(power / of))) if of > 0.0 else None
