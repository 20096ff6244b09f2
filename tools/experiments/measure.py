# SPDX-License-Identifier: Apache-2.0
"""Errors as the paper states them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["nrmse", "recall_error"]

Array = NDArray[np.float64]


def nrmse(answer: Array, wanted: NDArray[np.floating]) -> float:
    """Return rms(answer - wanted) / rms(wanted)."""
    wanted = np.asarray(wanted, np.float64)
    return float(np.sqrt(np.square(answer - wanted).mean() / np.square(wanted).mean()))


def recall_error(x: Array, y: Array, window: int, delays: Sequence[float]) -> list[float]:
    """Return the mean squared error of each delayed copy of the input.

    Parameters
    ----------
    x : (sequences, steps, 1) float64
    y : (sequences, steps, delays) float64
        ``y[:, t, k]`` recalls ``x[:, t - delays[k] * window]``.
    window : int
        In steps; only t >= window counts.
    delays : sequence of float
        In windows.
    """
    found = []
    for place, delay in enumerate(delays):
        lag = round(delay * window)
        wanted = x[:, window - lag : x.shape[1] - lag, 0]
        found.append(float(np.square(y[:, window:, place] - wanted).mean()))
    return found
