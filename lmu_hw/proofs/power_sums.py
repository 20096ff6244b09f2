# SPDX-License-Identifier: Apache-2.0
"""Sums over the powers of a matrix of which only every s-th is computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.proofs.float_bounds import gamma, inflate, path_weights, spectral_norm

__all__ = ["Bend"]

Array = NDArray[np.float64]


class Bend:
    """What the powers between two samples can exceed the straight line between them.

    For f(r) = x A**r M, M = [I N], linear interpolation over `step` steps errs by
    ``sum over v of G(r, v) |f(v+1) - 2 f(v) + f(v-1)|``, ``sum over r of G(r, v) <= step**2 / 8``,
    and the second difference is ``x A**(v-1) (A - I)**2 M``. Its 1-norm is bounded by a 2-norm:
    by that of its elements over the square roots of weights p, times the root of the sum of p.
    """

    def __init__(self, A: Array, paths: Array, step: int) -> None:
        self.step = step
        if step == 1:
            return
        d, size = len(A), float(np.linalg.norm(A))
        difference = A - np.eye(d)
        second = difference @ difference
        off = gamma(d + 2) * float(np.linalg.norm(difference)) ** 2  # of `second`, 2-norm
        weights = path_weights(paths)
        if paths.size:
            M = np.hstack([np.eye(d), paths / np.sqrt(weights)])
            own = gamma(d + 3) * float(np.linalg.norm(second) * np.linalg.norm(M))
            second, off = second @ M, off * float(np.linalg.norm(M)) * (1.0 + gamma(M.size)) + own
        gram, wrong = np.zeros_like(A), 0.0
        for _ in range(step):
            length = float(np.linalg.norm(second))
            gram += second @ second.T
            wrong += (2 * length + off) * off + gamma(second.shape[1] + step) * length**2
            second, off = A @ second, spectral_norm(A) * off + gamma(d) * size * length
        self.gram = gram
        self.margin = 2 * (wrong + gamma(2 * d) * float(np.linalg.norm(gram)))
        self.factor = step**2 / 8 * np.sqrt(step * (d + weights.sum()))

    def sums(self, X: Array) -> Array:
        """Return the bound, summed over the columns and the interval, for each row of X."""
        if self.step == 1:
            return np.zeros(len(X))
        form = np.einsum("ij,ij->i", X @ self.gram, X)
        form += self.margin * np.einsum("ij,ij->i", X, X)
        return inflate(self.factor * np.sqrt(np.maximum(form, 0.0)))
