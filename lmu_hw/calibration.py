# SPDX-License-Identifier: Apache-2.0
"""The data that ranges are taken from: as much of what is given as shows them, or noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import LmuLayer, Network, window
from lmu_hw.sequences import Sequences

__all__ = ["calibration_rows", "calibration_subset", "synthetic_input"]

_CALIBRATION_STEPS = 100_000
_SYNTHETIC_SEQUENCES = 8
_MAX_SYNTHETIC_STEPS = 2_000


def calibration_subset(x: Sequences) -> Sequences:
    """Return evenly spaced sequences of about 100,000 steps in all, enough to see ranges."""
    chosen = calibration_rows(len(x), x.longest)
    return x if len(chosen) == len(x) else x[chosen]


def calibration_rows(sequences: int, steps: int) -> NDArray[np.int64]:
    """Return which of so many sequences `calibration_subset` takes."""
    most = max(1, _CALIBRATION_STEPS // max(1, steps))
    return np.linspace(0, sequences - 1, min(sequences, most)).astype(np.int64)


def synthetic_input(network: Network) -> NDArray[np.float64]:
    """Return noise in -1 to 1 to calibrate with where the user has no data.

    Each sequence holds every value for a random time, so that slow states are reached.
    """
    windows = [
        window(layer.memory) or layer.memory.order
        for layer in network.layers
        if isinstance(layer, LmuLayer)
    ]
    steps = int(min(_MAX_SYNTHETIC_STEPS, max(64.0, 2 * max(windows, default=0))))
    random = np.random.default_rng(0)
    shape = (_SYNTHETIC_SEQUENCES, steps, network.inputs)
    rates = np.logspace(0, -2, _SYNTHETIC_SEQUENCES)[:, None, None]
    changed = np.where(random.random(shape) < rates, np.arange(steps)[:, None], 0)
    latest = np.maximum.accumulate(changed, axis=1)
    return np.take_along_axis(random.uniform(-1.0, 1.0, shape), latest, axis=1)
