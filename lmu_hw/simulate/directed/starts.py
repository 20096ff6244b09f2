# SPDX-License-Identifier: Apache-2.0
"""Sequences from which searches start: constants, square waves and noise of several sizes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat

__all__ = ["codes_of", "fitted", "start_sequences"]

Codes = NDArray[np.int64]


def start_sequences(
    inputs: int, fmt: FixedFormat, length: int, random: np.random.Generator
) -> Iterator[Codes]:
    """Yield sequences without end, (length, inputs) each."""
    while True:
        signs = random.choice([-1, 1], inputs)
        size = 1.0 if random.random() < 0.5 else random.random()
        period = int(random.integers(1, 2 * length))
        wave = np.where((np.arange(length) // period) % 2, -1, 1)[:, None] * signs
        noise = random.uniform(-1, 1, (length, inputs))
        yield codes_of(size * (wave if random.random() < 0.7 else noise), fmt)


def codes_of(values: NDArray[np.float64], fmt: FixedFormat) -> Codes:
    """Return codes of values from -1 to 1, which are the ends of the format."""
    middle, half = (fmt.max_code + fmt.min_code) / 2, (fmt.max_code - fmt.min_code) / 2
    return np.floor(middle + half * values + 0.5).astype(np.int64).clip(fmt.min_code, fmt.max_code)


def fitted(codes: Codes, length: int) -> Codes:
    """Return a sequence cut or repeated to a length."""
    return np.resize(codes, (length, codes.shape[1]))
