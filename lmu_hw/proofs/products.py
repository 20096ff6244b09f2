# SPDX-License-Identifier: Apache-2.0
"""Products with the matrix of a structured memory, many times faster than those of dense matrices.

The matrices of such a memory have low rank away from their diagonal. Where that is so is found
numerically, whatever computes the memory; what it is off by is bounded element by element, so that
nothing depends on why it is so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.proofs.float_bounds import gamma, inflate

__all__ = ["Product"]

Array = NDArray[np.float64]

_TILE = 32  # rows and columns of a block; smaller ones cost more calls than they save products
_RANK = 2  # of a block away from the diagonal, at most
_NOTHING = 2.0**-48  # of the largest singular value: below it is what float64 left of a zero


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """Columns of M of which all rows but some have low rank: ``near`` of those, ``U V`` of all."""

    columns: slice
    rows: slice
    near: Array
    ranks: slice
    V: Array


class Product:
    """Multiplies rows with a matrix M, and bounds what float64 and its structure leave out.

    Parameters
    ----------
    matrix : (d, n) float64
        Taken as exact.

    Attributes
    ----------
    error : float
        A computed ``x M`` is off by at most ``error |x|_2`` in the 2-norm.
    error_of_sum : float
        The same in the 1-norm, for ``|x|_1``.
    """

    def __init__(self, matrix: Array) -> None:
        self.matrix = matrix
        d = len(matrix)
        self._chunks, self._U = _chunks(matrix) if d >= 4 * _TILE else ([], np.zeros((d, 0)))
        if self.structured:
            absolute, off = np.zeros_like(matrix), matrix.copy()
            for chunk in self._chunks:
                U = self._U[:, chunk.ranks]
                absolute[:, chunk.columns] = np.abs(U) @ np.abs(chunk.V)
                absolute[chunk.rows, chunk.columns] += np.abs(chunk.near)
                off[:, chunk.columns] -= U @ chunk.V
                off[chunk.rows, chunk.columns] -= chunk.near
            # Sums of rank, of d and again of rank and near terms, and those of `off` itself.
            wrong = np.abs(off) + gamma(3 * d + 16) * absolute
        else:
            wrong = gamma(d) * np.abs(matrix)
        self.error = float(inflate(np.sqrt(np.square(wrong).sum(keepdims=True))).max())
        self.error_of_sum = float(inflate(wrong.sum(axis=1)).max(initial=0.0))

    @property
    def structured(self) -> bool:
        """Products take fewer operations than with a dense matrix."""
        return bool(self._chunks)

    def of(self, rows: Array) -> Array:
        """Return ``rows M``, (m, n), of (m, d)."""
        if not self.structured:
            return rows @ self.matrix
        product = np.empty((len(rows), self.matrix.shape[1]))
        low = rows @ self._U
        for chunk in self._chunks:
            part = rows[:, chunk.rows] @ chunk.near
            part += low[:, chunk.ranks] @ chunk.V
            product[:, chunk.columns] = part
        return product


def _chunks(matrix: Array) -> tuple[list[_Chunk], Array]:
    """Return all columns in chunks with U, (d, sum of ranks); no chunk if most rows are near."""
    d, n = matrix.shape
    chunks, bases, rank = [], [np.zeros((d, 0))], 0
    for start in range(0, n, _TILE):
        columns = slice(start, min(start + _TILE, n))
        part = matrix[:, columns]
        full = [k for k in range(0, d, _TILE) if _full(part[k : k + _TILE])]
        rows = slice(full[0], min(full[-1] + _TILE, d)) if full else slice(0, 0)
        if 2 * (rows.stop - rows.start) > d:
            return [], bases[0]
        far = part.copy()
        far[rows] = 0.0
        U, sizes, V = np.linalg.svd(far, full_matrices=False)
        count = int(np.count_nonzero(sizes > _NOTHING * sizes[0]))
        ranks = slice(rank, rank + count)
        V = sizes[:count, None] * V[:count]
        near = part[rows] - U[rows, :count] @ V
        chunks.append(_Chunk(columns, rows, near, ranks, V))
        bases.append(U[:, :count])
        rank += count
    if 2 * rank > n:
        return [], bases[0]
    return chunks, np.hstack(bases)


def _full(block: Array) -> bool:
    """Say whether a block has a rank above `_RANK`."""
    sizes = np.linalg.svd(block, compute_uv=False)
    return bool((sizes[_RANK:] > _NOTHING * sizes[0]).any())
