# SPDX-License-Identifier: Apache-2.0
"""Inputs that drive a state of the memory to its peak gain: the worst case, constructed.

The state i at step T-1 is ``sum over k of (A**k B)_i u[T-1-k]``, so the input that makes it
largest has the sign of its impulse response, read backwards, at full scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.proofs.stability import spectral_radius

__all__ = ["impulse_response", "settling_steps", "sign_matched"]

Array = NDArray[np.float64]

_REST = 1e-3  # of the peak gain that a truncated input may miss, about


def impulse_response(A: Array, B: Array, steps: int) -> Array:
    """Return ``A**k B`` for k < steps, as (steps, d)."""
    responses = np.empty((steps, len(B)))
    state = B
    for step in range(steps):
        responses[step] = state
        state = A @ state
    return responses


def settling_steps(A: Array, *, rest: float = _REST) -> int:
    """Return after how many steps a response has died out to `rest`, by the spectral radius."""
    radius = spectral_radius(A)
    return int(np.ceil(np.log(rest / len(A)) / np.log(radius))) if 0.0 < radius < 1.0 else len(A)


def sign_matched(responses: Array, state: int) -> NDArray[np.int64]:
    """Return the signs (steps,) of the input that makes a state largest at the last step.

    Parameters
    ----------
    responses : (steps, d) float64
        From `impulse_response`.
    state : int
    """
    return np.where(responses[::-1, state] >= 0.0, 1, -1)
