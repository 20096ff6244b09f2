# SPDX-License-Identifier: Apache-2.0
"""Small spiking memories, and inputs that reach their limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from lmu_hw.fixed import FixedFormat
from lmu_hw.spiking.memory import SpikingMemory
from lmu_hw.spiking.quantize import spiking_memory

SOURCE = FixedFormat(signed=True, int_bits=0, frac_bits=11)


def small(order: int = 3, neurons: int = 8, **options: Any) -> SpikingMemory:
    """Return a memory with a window of 20 steps.

    Currents have so few bits that some are equal to the words that they are compared with.
    """
    usual = {"synapse": 3, "range_bits": 1, "current_bits": 7, "source": SOURCE, "seed": 12345}
    return spiking_memory(order, 20.0, neurons=neurons, **usual | options)


def full_scale(steps: int, seed: int = 0) -> np.ndarray:
    """Return input codes (steps,): both limits, then noise."""
    codes = np.random.default_rng(seed).integers(
        SOURCE.min_code, SOURCE.max_code, steps, endpoint=True
    )
    codes[: steps // 4], codes[steps // 4 : steps // 2] = SOURCE.max_code, SOURCE.min_code
    return codes
