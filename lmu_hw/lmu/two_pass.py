# SPDX-License-Identifier: Apache-2.0
"""The bilinear memory by two passes over running sums; see `lmu_hw.network.two_pass`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["closing_constants", "two_pass_matrices", "two_passes"]

Array = NDArray[np.float64]


def closing_constants(factors: Array) -> Array:
    """Return G and H: T is the one that lets ``s[d] + s[d-1]`` vanish.

    Parameters
    ----------
    factors : (d,) float64
        ``(2i+1) / (2 theta)``.

    Returns
    -------
    (2,) float64
        G tends to ``exp(-d**2 / (2 theta))``.
    """
    nothing = np.zeros((len(factors), 2))
    u, T = np.eye(2)
    s = _pass(factors, nothing, u - T, -u - T)
    heard, missing = s[len(factors)] + s[len(factors) - 1]
    return np.array([-2.0 / missing, -heard / missing])


def two_passes(factors: Array, closing: Array) -> tuple[Array, Array, Array]:
    """Return what two passes compute but for rounding, as functions of ``m, u``.

    Parameters
    ----------
    factors : (d,) float64
    closing : (2,) float64
        G and H.

    Returns
    -------
    first, second : (2d + 1, d + 1) float64
        ``s[0] ... s[d]``, then ``z[0] ... z[d-1]``.
    T : (d + 1,) float64
    """
    d = len(factors)
    m, u = np.eye(d, d + 1), np.eye(d + 1)[d]
    first = _pass(factors, m, 0.0 * u, 0.0 * u)
    T = closing[0] * (first[d] + first[d - 1]) / 2.0 + closing[1] * u
    return first, _pass(factors, m, u - T, -u - T), T


def two_pass_matrices(factors: Array, closing: Array) -> tuple[Array, Array]:
    """Return the memory that two passes compute: A (d, d) and B (d,) in the Legendre basis."""
    d = len(factors)
    _, second, _ = two_passes(factors, closing)
    step = 2.0 * second[d + 1 :] - np.eye(d, d + 1)
    return np.ascontiguousarray(step[:, :d]), np.ascontiguousarray(step[:, d])


def _pass(factors: Array, m: Array, s0: Array, s1: Array) -> Array:
    """Return s and z of a pass, one row each, from s[0] and what s[1] has without z[0]."""
    d = len(factors)
    s, z = np.zeros((d + 1, m.shape[1])), np.zeros_like(m)
    s[0], before = s0, s1
    for i in range(d):
        z[i] = m[i] + factors[i] * s[i]
        before, s[i + 1] = s[i], before + 2.0 * z[i]
    return np.vstack([s, z])
