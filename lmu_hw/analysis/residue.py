# SPDX-License-Identifier: Apache-2.0
"""What a memory keeps after long silence: the limit cycles of rounding, measured.

The states alone are run, in the golden model's arithmetic, from noise at full scale into zeros.
Dense memories only: a structured one is not one sum, and thousands of steps of it take as long as
everything that is proved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hw.analysis.memory import QuantizedMemory
from lmu_hw.fixed.ops import EXACT_FLOAT64, requantize
from lmu_hw.spec import MemoryNode

__all__ = ["Residue", "measure_residue"]

_SEQUENCES = 16
_LONGEST = 20_000
_NOISE_SHARE = 8  # of the silence that the noise before it lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """Largest state after silence.

    Attributes
    ----------
    codes : int
        Largest magnitude of any state in the last window of the silence, in ulp.
    silence : int
        Steps of zero input.
    """

    codes: int
    silence: int


def measure_residue(memory: QuantizedMemory, contraction: float, window: int) -> Residue | None:
    """Run noise, then silence, and look at what is left.

    Parameters
    ----------
    memory : QuantizedMemory
    contraction : float
        lambda of its Lyapunov certificate: decides how long the silence must be for a memory
        without rounding to fall below an ulp.
    window : int
        Steps at the end of the silence that are looked at.

    Returns
    -------
    Residue or None
        None for a structured memory, or if the sums are too wide for float64.
    """
    layer = memory.layer
    node = next(node for node in layer.nodes if node.name == memory.name)
    if isinstance(node, MemoryNode) or 2 * layer.sum_bounds(node)[1] >= EXACT_FLOAT64:
        return None
    ulps = np.log(2.0) * (memory.format.width + 8)
    silence = int(min(_LONGEST, max(window, 2 * ulps / -np.log(contraction))))
    scale = 2.0**node.sum_frac_bits
    A = (memory.A * (scale * memory.format.ulp)).T
    B = memory.B * scale
    random = np.random.default_rng(0)
    limit = float(memory.u_limit)
    noise = random.uniform(-limit, limit, (silence // _NOISE_SHARE + 1, _SEQUENCES, 1))
    u_format = layer.signals[f"{layer.name}.u"].format
    noise = np.clip(np.rint(noise / u_format.ulp), u_format.min_code, u_format.max_code)
    states = np.zeros((_SEQUENCES, len(memory.B)))
    kept, largest = np.zeros_like(states), 0.0
    for t in range(len(noise) + silence):
        total = states @ A
        if t < len(noise):
            total += noise[t] * (B * u_format.ulp)
        if memory.error_feedback:
            total += kept
            kept = total % 2.0**node.dropped_bits
        states, _ = requantize(total, node.sum_frac_bits, memory.requant, what=memory.name)
        if t >= len(noise) + silence - window:
            largest = max(largest, float(np.abs(states).max()))
    return Residue(codes=round(largest), silence=silence)
