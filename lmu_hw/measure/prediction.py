# SPDX-License-Identifier: Apache-2.0
"""The errors that statistics predict, beside the measured ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lmu_hw.design import Design
from lmu_hw.measure.results import SignalReport
from lmu_hw.measure.rounding import rounded, rounded_all
from lmu_hw.proofs import predict_errors
from lmu_hw.sequences import Sequences

__all__ = ["MOST_STEPS", "evenly_spaced", "sampled_lengths", "with_predictions"]

Array = NDArray[np.float64]

MOST_STEPS = 50_000
"""Steps, over all sequences, from which predictions and rounding noise are taken."""

_LENGTHS = 8  # that are looked at, about
_TRACE_BYTES = 96 * 2**20  # of the float trace; following errors along it takes about four times


def evenly_spaced(sequences: int, steps: int, most: int = MOST_STEPS) -> tuple[NDArray, int]:
    """Return evenly spaced sequences, and where to cut them, so that `most` steps are left."""
    count = min(sequences, max(1, most // steps))
    return np.unique(np.linspace(0, sequences - 1, count).astype(int)), min(steps, most)


def sampled_lengths(lengths: NDArray[np.int64], most: int = MOST_STEPS) -> NDArray[np.int64]:
    """Return how many steps to look at of each sequence, of evenly spaced ones; of others 0.

    They are of few different lengths, since what is predicted depends on the length.
    """
    chosen, steps = evenly_spaced(len(lengths), int(lengths.max()), most)
    own = np.minimum(lengths[chosen], steps)
    if len(np.unique(own)) > _LENGTHS:
        grid = -(-int(own.max()) // _LENGTHS)
        own = np.maximum(own // grid * grid, own.min())
    sampled = np.zeros(len(lengths), np.int64)
    sampled[chosen] = own
    return sampled


def with_predictions(
    signals: Iterable[SignalReport], design: Design, x: Sequences
) -> tuple[SignalReport, ...]:
    """Return signals with the RMS error that is predicted for them.

    Parameters
    ----------
    signals : iterable of SignalReport
    design : Design
    x : Sequences of float64
        In the network's own units; part of it is used.
    """
    reference = design.reference
    width = design.network.inputs + sum(node.signal.size for node in design.network.nodes) * 2
    most = min(MOST_STEPS, _TRACE_BYTES // (8 * width))
    steps = sampled_lengths(x.lengths, most)
    power: dict[str, Array | float] = {}
    samples: dict[str, int] = {}
    for length in np.unique(steps[steps > 0]):
        part = x.padded[steps == length, :length]
        trace = reference.trace(design.reference_input(part))
        for name, rms in predict_errors(design.network, reference, trace).items():
            count = trace[name][..., 0].size if name in trace else part[..., 0].size
            power[name] = power.get(name, 0.0) + count * np.square(rms)
            samples[name] = samples.get(name, 0) + count
    predicted = {name: np.sqrt(total / samples[name]) for name, total in power.items()}
    return tuple(_predicted(signal, predicted.get(signal.name)) for signal in signals)


def _predicted(signal: SignalReport, values: Array | None) -> SignalReport:
    if values is None or not signal.ulp or signal.fitted:
        return signal
    ulps = values / signal.ulp
    return dataclasses.replace(
        signal,
        predicted_rms_ulp=rounded(float(np.sqrt(np.mean(np.square(ulps))))),
        predicted_worst_ulp=rounded(float(ulps.max())),
        element_predicted_ulp=rounded_all(ulps.tolist()) if signal.element_rms_ulp else (),
    )
