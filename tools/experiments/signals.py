# SPDX-License-Identifier: Apache-2.0
"""Inputs of the experiments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["band_limited"]


def band_limited(sequences: int, steps: int, cutoff: float, *, seed: int) -> NDArray[np.float64]:
    """Return white noise without frequencies above `cutoff` cycles a step, and without mean.

    Every sequence is periodic, has the peak 1, and starts where it is closest to zero, so that a
    memory at rest sees no jump.

    Returns
    -------
    (sequences, steps, 1) float64
    """
    random = np.random.default_rng(seed)
    frequencies = np.fft.rfftfreq(steps)
    real, imaginary = random.normal(size=(2, sequences, len(frequencies)))
    spectrum = real + 1j * imaginary
    spectrum[:, (frequencies > cutoff) | (frequencies == 0)] = 0.0
    x = np.fft.irfft(spectrum, steps)
    x /= np.abs(x).max(axis=1, keepdims=True)
    starts = np.argmin(np.abs(x), axis=1)
    return np.stack([np.roll(row, -start) for row, start in zip(x, starts, strict=True)])[
        :, :, None
    ]
