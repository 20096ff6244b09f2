# SPDX-License-Identifier: Apache-2.0
"""The structure of a discretized Legendre memory: low rank below the diagonal, and symmetry.

In the basis of `orthonormal_scale` and `alternating_signs`, ``A.T = S A S`` for both ZOH and the
bilinear discretization, and ``[B, -A]`` has a low rank r below the diagonal: 1 for the bilinear
one (the inverse of a semiseparable matrix is semiseparable), a few for ZOH to a given precision.
So d (1 + r + r**2) numbers hold all of A and B (Vandebril, Van Barel, Mastronardi, Matrix
Computations and Semiseparable Matrices, 2008, ch. 1-2 for the structure).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.lmu.system import alternating_signs

__all__ = ["Generators", "semiseparable", "semiseparable_rank"]

Array = NDArray[np.float64]

_SYMMETRIC = 1e-6
_NEGLIGIBLE = 1e-15
_NOTHING = 1e-300
_DIRECTION = 1e-10  # a singular vector of a smaller value is noise


@dataclass(frozen=True, kw_only=True, eq=False)
class Generators:
    """The numbers from which A and B follow; the recursions are in `lmu_hw.network.semiseparable`.

    Parameters
    ----------
    decay : (d,) float64
        D: the diagonal of A is ``1 - D``.
    coupling : (d, r) float64
        U.
    carry : (d, r, r) float64
        W; the last one is zero.
    """

    decay: Array
    coupling: Array
    carry: Array

    @property
    def rank(self) -> int:
        """r."""
        return self.coupling.shape[1]

    def matrices(self) -> tuple[Array, Array]:
        """Return A (d, d) and B (d,)."""
        d = len(self.decay)
        # What f holds of (-u, x_0, x_1, ...) when it comes to state k.
        carried = np.zeros((self.rank, d + 1))
        carried[0, 0] = 1.0
        lower = np.zeros((d, d + 1))
        for k in range(d):
            lower[k, : k + 1] = -self.coupling[k] @ carried[:, : k + 1]
            carried = self.carry[k] @ carried
            carried[0, k + 1] += 1.0
        below, signs = lower[:, 1:], alternating_signs(d)
        A = below + signs[:, None] * below.T * signs
        A[np.diag_indices(d)] = 1.0 - self.decay
        return A, -lower[:, 0]


def semiseparable_rank(A: Array, B: Array, tolerance: float) -> int:
    """Return the smallest rank at which no block below the diagonal is off by more than this.

    Parameters
    ----------
    A : (d, d) float64
    B : (d,) float64
        In the basis of the module.
    tolerance : float
        Of the singular values of the blocks, which are at most 1.
    """
    return max(1, *(int((s > tolerance).sum()) for _, s, _ in _blocks(A, B)))


def semiseparable(A: Array, B: Array, rank: int) -> Generators:
    """Return the generators of a memory; cached, as a search asks for them again and again.

    The carried numbers are scaled and rotated so that each state enters with weight 1 into the
    first of them, and that W has ``(r-1)(r-2)/2`` zeros.

    Parameters
    ----------
    A : (d, d) float64
    B : (d,) float64
        In the basis of the module.
    rank : int
        What exceeds it is cut off, block by block (the best approximation of each block).

    Raises
    ------
    NetworkError
        If A does not have the symmetry, or a state does not enter: not a Legendre memory.
    """
    return _semiseparable(A.tobytes(), B.tobytes(), rank)


@lru_cache(maxsize=16)
def _semiseparable(matrix: bytes, vector: bytes, rank: int) -> Generators:
    B = np.frombuffer(vector)
    d, signs = len(B), alternating_signs(len(B))
    A = np.frombuffer(matrix).reshape(d, d)
    off = float(np.abs(A.T - signs[:, None] * A * signs).max())
    if not off <= _SYMMETRIC:
        raise NetworkError(
            f"a semiseparable memory must be a Legendre memory: its matrix must be symmetric up "
            f"to signs in the orthonormal basis, but is off by {off:.3g}"
        )
    coupling, carry = np.zeros((d, rank)), np.zeros((d, rank, rank))
    before: Array = np.zeros((rank, 0))
    for k, (row, values, basis) in enumerate(_blocks(A, B)):
        significant = values > _DIRECTION * values.max(initial=0.0)
        directions = _normalized(_padded(basis[significant], rank), before)
        inverse = np.linalg.pinv(directions)
        coupling[k] = row @ inverse
        if k:
            carry[k - 1] = _cleaned(directions[:, :k] @ np.linalg.pinv(before))
        before = directions
    return Generators(decay=1.0 - np.diag(A), coupling=coupling, carry=carry)


def _blocks(A: Array, B: Array) -> list[tuple[Array, Array, Array]]:
    """Return for each state k what the rows k, k+1, ... have left of the diagonal.

    Returns
    -------
    list of (row k (k+1,), singular values (n,), right singular vectors (n, k+1))
        The columns are those of ``-u, x_0, ..., x_(k-1)``.
    """
    d = len(B)
    table = np.column_stack([B, -A])
    blocks = []
    rest = np.zeros((0, d + 1))  # has the row space of all rows below
    for k in range(d - 1, -1, -1):
        stacked = np.vstack([table[k : k + 1, : k + 1], rest[:, : k + 1]])
        _, values, vectors = np.linalg.svd(stacked, full_matrices=False)
        significant = values > max(_NEGLIGIBLE * values[0], _NOTHING)
        rest = values[significant, None] * vectors[significant]
        blocks.append((table[k, : k + 1], values[significant], vectors[significant]))
    return blocks[::-1]


def _padded(basis: Array, rank: int) -> Array:
    """Return the `rank` most important rows of a basis; zeros where there are fewer."""
    padded = np.zeros((rank, basis.shape[1]))
    padded[: len(basis)] = basis[:rank]
    return padded


def _normalized(basis: Array, before: Array) -> Array:
    """Return a basis of the same rows whose last column is ``e_0``, free of what W can do without.

    Parameters
    ----------
    basis : (r, k+1) float64
        Orthonormal rows, or zeros.
    before : (r, k) float64
        The one chosen for the state before.
    """
    column = basis[:, -1]
    length = float(np.linalg.norm(column))
    if length < _NEGLIGIBLE:
        raise NetworkError("a semiseparable memory must hear every state; this one does not")
    # An orthogonal matrix whose first row is the column's direction.
    rotation = np.linalg.qr(np.column_stack([column, np.eye(len(column))]))[0].T
    rotation[0] = column / length
    turned = rotation @ basis
    turned[0] /= length
    if len(turned) > 2 and before.size:
        carried = turned[1:, :-1] @ np.linalg.pinv(before)
        turned[1:] = np.linalg.qr(carried)[0].T @ turned[1:]
    turned[:, -1] = 0.0
    turned[0, -1] = 1.0
    return turned


def _cleaned(matrix: Array) -> Array:
    """Return a matrix with zeros where only rounding is left."""
    return np.where(np.abs(matrix) < 1e-12, 0.0, matrix)
