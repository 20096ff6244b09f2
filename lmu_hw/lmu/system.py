# SPDX-License-Identifier: Apache-2.0
"""The Legendre delay system and its discretizations (Voelker, Kajić, Eliasmith 2019, eq. 1-4)."""

from __future__ import annotations

from enum import Enum

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from lmu_hw.checked import member, real, whole
from lmu_hw.errors import NetworkError

__all__ = [
    "Discretizer",
    "alternating_signs",
    "discretize",
    "legendre_system",
    "orthonormal_scale",
]


class Discretizer(Enum):
    """How the continuous memory became a recurrence with a step of 1."""

    ZOH = "zoh"
    """Zero-order hold: exact for an input that is constant over each step."""
    EULER = "euler"
    """Forward Euler: ``I + A/theta``; stable only for a large enough theta."""
    BILINEAR = "bilinear"
    """Bilinear (Tustin): ``(I - A/2theta)^-1 (I + A/2theta)``; stable for every theta."""
    STORED = "stored"
    """The discrete matrices came with the trained file."""


def legendre_system(order: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the continuous LMU system ``theta dm/dt = A m + B u``.

    ``A[i, j] = (2i+1) * (-1 if i < j else (-1)**(i-j+1))``, ``B[i] = (2i+1) * (-1)**i``
    (Voelker et al. 2019, eq. 2).

    Returns
    -------
    A : (order, order) float64
    B : (order,) float64
    """
    order = whole(order, "the order of a memory", least=1, error=NetworkError)
    i, j = np.indices((order, order))
    gain = 2.0 * np.arange(order) + 1.0
    signs = np.where((i < j) | ((i - j) % 2 == 0), -1.0, 1.0)
    return np.asarray(gain[:, None] * signs, np.float64), gain * alternating_signs(order)


def orthonormal_scale(order: int) -> NDArray[np.float64]:
    """Return ``d`` with ``m = d * x``: x are the states in the orthonormal Legendre basis.

    There the memory is passive: its discrete matrix has spectral norm at most 1.

    Returns
    -------
    d : (order,) float64, ``sqrt(2i+1)``
    """
    return np.sqrt(2.0 * np.arange(order) + 1.0)


def alternating_signs(order: int) -> NDArray[np.float64]:
    """Return ``s`` with ``x = s * y``: in the basis y no element of B is negative.

    There, and in the orthonormal basis, ``A.T = S A S`` with ``S = diag(s)``, for the continuous
    matrix and for every discretization that is a function of it.

    Returns
    -------
    s : (order,) float64, ``(-1)**i``
    """
    return np.where(np.arange(order) % 2, -1.0, 1.0)


def discretize(
    order: int, theta: float, method: Discretizer
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the discrete memory ``m[t] = A m[t-1] + B u[t]`` for a step of 1.

    Parameters
    ----------
    order : int
        Number of states.
    theta : float
        Window in time steps.
    method : Discretizer
        `ZOH`, `EULER` or `BILINEAR`.

    Returns
    -------
    A : (order, order) float64
    B : (order,) float64

    Raises
    ------
    NetworkError
        If theta is not positive and finite, or the method is `STORED`.
    """
    theta = real(theta, "theta", above=0.0, rule="a positive number of steps", error=NetworkError)
    method = member(method, "the discretizer", Discretizer, error=NetworkError)
    a, b = legendre_system(order)
    if method is Discretizer.EULER:
        return np.eye(order) + a / theta, b / theta
    # The orthonormal basis keeps inverse and exponential well conditioned.
    d = np.append(orthonormal_scale(order), 1.0)
    if method is Discretizer.BILINEAR:
        half = a * (d[None, :order] / d[:order, None]) / (2.0 * theta)
        identity = np.eye(order)
        step = np.column_stack([identity + half, b / d[:order] / theta])
        both = np.linalg.solve(identity - half, step) * d[:order, None] / d[None, :]
        return np.ascontiguousarray(both[:, :order]), np.ascontiguousarray(both[:, order])
    if method is not Discretizer.ZOH:
        raise NetworkError(
            f"a memory can be discretized by zoh, euler or bilinear, not {method.value!r}"
        )
    block = np.zeros((order + 1, order + 1))
    block[:order, :order] = a / theta
    block[:order, order] = b / theta
    exponential = scipy.linalg.expm(block * (d[None, :] / d[:, None])) * (d[:, None] / d[None, :])
    return exponential[:order, :order], exponential[:order, order]
