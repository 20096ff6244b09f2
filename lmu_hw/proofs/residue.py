# SPDX-License-Identifier: Apache-2.0
"""What a memory keeps after long silence: the limit cycles of rounding, measured.

The states alone are run, in the golden model's arithmetic, from noise at full scale into zeros.
Dense memories only: a structured one is not one sum, and thousands of steps of it take as long as
everything that is proved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed.ops import EXACT_FLOAT64, requantize
from lmu_hw.network import Node
from lmu_hw.proofs.memories import QuantizedMemory

__all__ = ["Residue", "measure_residue"]

Array = NDArray[np.float64]

_SEQUENCES = 16
_LONGEST = 20_000  # steps of silence
_EXACT_FLOAT32 = 2.0**24
_OBSERVED = 16, 5_000  # steps that are looked at, at least and at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """Largest state after silence.

    Attributes
    ----------
    ulp : int
        Largest magnitude of any state in the steps that are looked at, in ulp.
    silence : int
        Steps of zero input before them.
    observed : int
        Steps that are looked at: a window; where it is not known, as many as the silence before.
    settled : bool
        In this silence the memory without rounding falls below an ulp, by its certificate.
    """

    ulp: int
    silence: int
    observed: int
    settled: bool


def measure_residue(
    memory: QuantizedMemory, contraction: float, window: float | None
) -> Residue | None:
    """Run noise, then silence, and look at what is left.

    Parameters
    ----------
    memory : QuantizedMemory
    contraction : float
        lambda of its Lyapunov certificate: decides how long the silence must be for a memory
        without rounding to fall below an ulp.
    window : float or None
        Of the memory in steps; None if it is not known.

    Returns
    -------
    Residue or None
        None for a structured memory, or if the sums are too wide for float64.
    """
    layer = memory.layer
    node = layer.node(memory.name)
    if not isinstance(node, Node) or 2 * layer.sum_bounds(node)[1] >= EXACT_FLOAT64:
        return None
    ulps = np.log(2.0) * (memory.format.width + 8)
    settling = int(np.ceil(2 * ulps / -np.log(contraction)))
    observed = int(np.clip(window or settling, *_OBSERVED))
    silence = min(settling, _LONGEST - observed)
    largest = _largest_state(memory, node, silence, observed)
    return Residue(
        ulp=round(largest), silence=silence, observed=observed, settled=silence == settling
    )


def _largest_state(memory: QuantizedMemory, node: Node, silence: int, observed: int) -> float:
    """Return the largest state, in ulp, of the steps observed after noise and silence."""
    layer = memory.layer
    scale = 2.0**node.sum_frac_bits
    A, B = _ExactProduct(memory.A.T * (scale * memory.format.ulp)), memory.B * scale
    random = np.random.default_rng(0)
    limit = float(memory.u_limit)
    noise = random.uniform(-limit, limit, (min(silence, observed), _SEQUENCES, 1))
    u_format = layer.encoder.signal.format
    noise = np.clip(np.rint(noise / u_format.ulp), u_format.min_code, u_format.max_code)
    states = np.zeros((_SEQUENCES, len(memory.B)))
    kept, largest = np.zeros_like(states), 0.0
    for t in range(len(noise) + silence + observed):
        total = A.of(states)
        if t < len(noise):
            total += noise[t] * (B * u_format.ulp)
        if memory.error_feedback:
            total += kept
            kept = total % 2.0**node.dropped_bits
        states, _ = requantize(total, node.sum_frac_bits, memory.requant, what=memory.name)
        if t >= len(noise) + silence:
            largest = max(largest, float(np.abs(states).max()))
    return largest


class _ExactProduct:
    """Multiplies codes with a matrix of integers, (d, d), exactly.

    What silence leaves is so small that most products are exact in float32, in half the time.
    """

    def __init__(self, matrix: Array) -> None:
        self._wide = np.ascontiguousarray(matrix)
        self._narrow = self._wide.astype(np.float32)
        common = int(np.gcd.reduce(matrix.astype(np.int64), axis=None))
        unit = max(common & -common, 1)  # a power of two that divides every sum
        heaviest = max(float(np.abs(matrix).sum(axis=0).max()), 1.0)
        self._largest = _EXACT_FLOAT32 * unit / heaviest

    def of(self, codes: Array) -> Array:
        """Return ``codes A``, (n, d)."""
        if np.abs(codes).max() < self._largest:
            return (codes.astype(np.float32) @ self._narrow).astype(np.float64)
        return codes @ self._wide
