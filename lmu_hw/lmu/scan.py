# SPDX-License-Identifier: Apache-2.0
"""The window from which on forward Euler keeps a Legendre memory stable."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lmu_hw.lmu.system import legendre_system, orthonormal_scale

__all__ = ["smallest_euler_window"]


@lru_cache(maxsize=64)
def smallest_euler_window(order: int) -> float:
    """Return the window in steps above which ``I + A/theta`` is stable.

    ``|1 + a/theta| < 1`` for every eigenvalue a of A, so ``theta > |a|**2 / (-2 Re a)``; about
    ``0.63 order**(5/3)``, at order 2 three quarters of it.
    """
    A, _ = legendre_system(order)
    scale = orthonormal_scale(order)
    eigenvalues = np.linalg.eigvals(A * scale / scale[:, None])  # well conditioned in this basis
    return float(np.max(np.abs(eigenvalues) ** 2 / (-2.0 * eigenvalues.real)))
