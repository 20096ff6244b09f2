# SPDX-License-Identifier: Apache-2.0
"""Statistical prediction of errors: rounding as white noise, filtered by the linear memory.

The usual model (Mullis and Roberts 1976; Jackson 1970): each narrowing adds noise that is uniform
over one ulp, white, and independent from state to state, so of variance ``ulp**2 / 12``.
"""

from __future__ import annotations

import warnings

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

__all__ = ["doubled_sum", "power_sum", "rounding_covariance"]

Array = NDArray[np.float64]

_VARIANCE = 1.0 / 12.0
"""Of a rounding error, in squared ulp."""

_MAX_DOUBLINGS = 60


def rounding_covariance(
    A: Array, steps: int | None = None, *, noise: Array | None = None, feedback: bool = False
) -> Array:
    """Return the covariance of the states' error, in squared ulp of the states.

    ``C = sum over k of A**k (I + N N^T) A**k^T / 12``; first-order error feedback makes the noise
    ``r[t-1] - r[t]``, so that ``C = (I + sum over k of A**k (I-A) (I-A)^T A**k^T) / 12``.

    Parameters
    ----------
    A : (d, d) float64
        Stable.
    steps : int, optional
        Average over that many steps from zero states; None: stationary.
    noise : (d, n) float64, optional
        N of a structured memory: how what is narrowed inside its update reaches the states.
    feedback : bool
        Without N.

    Returns
    -------
    (d, d) float64
    """
    identity = np.eye(len(A))
    if not feedback:
        source = identity if noise is None else identity + noise @ noise.T
        return _VARIANCE * _filtered(A, source, steps)
    source = (identity - A) @ (identity - A).T
    return _VARIANCE * (identity + _filtered(A, source, steps))


def power_sum(A: Array, source: Array) -> Array:
    """Return ``sum over k of A**k source A**k^T``, (d, d), of a stable matrix and a symmetric one.

    Raises
    ------
    LinAlgError
        If float64 cannot hold it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", scipy.linalg.LinAlgWarning)
            total = scipy.linalg.solve_discrete_lyapunov(A, source)
    except (np.linalg.LinAlgError, scipy.linalg.LinAlgWarning):  # A is far from normal
        with np.errstate(over="ignore", invalid="ignore"):
            total = doubled_sum(A, source)
    if not np.isfinite(total).all():
        raise np.linalg.LinAlgError("the sum over all powers of a matrix is not finite")
    return (total + total.T) / 2


def _filtered(A: Array, source: Array, steps: int | None = None) -> Array:
    """Return the covariance of ``x[t] = A x[t-1] + e[t]`` for white e of covariance `source`.

    Parameters
    ----------
    A, source : (d, d) float64
    steps : int, optional
        Average over that many steps from zero states; None: stationary, for a stable A.

    Returns
    -------
    (d, d) float64
        ``sum over k of A**k source A**k^T``, where the term k counts ``1 - k / steps``.
    """
    if steps is None:
        return doubled_sum(A, source)
    total, weighted, done = np.zeros_like(source), np.zeros_like(source), np.eye(len(A))
    summed = 0
    # Blocks of 2**bit terms: their sum, the sum of k times term k, and the power that follows.
    block, inner, power, length = source, np.zeros_like(source), A, 1
    while True:
        if steps & length:
            moved = done @ block @ done.T
            weighted = weighted + done @ inner @ done.T + summed * moved
            total, done, summed = total + moved, done @ power, summed + length
        if 2 * length > steps:
            return total - weighted / steps
        moved = power @ block @ power.T
        inner = inner + power @ inner @ power.T + length * moved
        block, power, length = block + moved, power @ power, 2 * length


def doubled_sum(A: Array, source: Array) -> Array:
    """Return the same as `power_sum` by doubling: quicker, and for any stable A."""
    total, power = source, A
    for _ in range(_MAX_DOUBLINGS):
        added = power @ total @ power.T
        total = total + added
        if np.abs(added).max(initial=0.0) <= 1e-14 * np.abs(total).max(initial=0.0):
            break
        power = power @ power
    return total
