# SPDX-License-Identifier: Apache-2.0
"""Upper bounds on what float64 rounding did, so that a computed bound stays a bound.

The one fact used is the standard model of an inner product: whatever the order of summation, with
or without fused operations, ``|fl(a . b) - a . b| <= gamma(n) |a| . |b|`` with
``gamma(n) = n u / (1 - n u)`` and ``u = 2**-53`` (Higham, Accuracy and Stability of Numerical
Algorithms, 2002, eq. 3.5). Nothing here sets a rounding direction.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

__all__ = [
    "gamma",
    "inflate",
    "long_matrix_power",
    "matrix_power",
    "one_blas_thread",
    "path_weights",
    "row_norms",
    "spectral_norm",
]

Array = NDArray[np.float64]

_UNIT = 2.0**-53
_SAFE = 1.0 + 2.0**-30
"""Covers a few dozen roundings of positive terms, and sums of up to 2**22 of them."""

_TINY = 2.0**-500
"""Covers underflow, far below anything that is printed."""


def one_blas_thread() -> AbstractContextManager:
    """Return a context in which BLAS does not share its work among threads.

    Analyses are thousands of small products: threads that wait for each other cost more than they
    save, many times more where other processes want the cores.
    """
    return threadpool_limits(limits=1, user_api="blas")


def gamma(terms: int) -> float:
    """Return the relative error bound of an inner product of `terms` terms."""
    return terms * _UNIT / (1.0 - terms * _UNIT)


def inflate(values: Array) -> Array:
    """Return upper bounds of sums, roots and products of positive float64 numbers."""
    return values * _SAFE + _TINY


def row_norms(matrix: Array) -> Array:
    """Return upper bounds of the 2-norms of the rows of (rows, columns), as (rows,)."""
    return inflate(np.sqrt(np.einsum("ij,ij->i", matrix, matrix)))


def path_weights(paths: Array) -> Array:
    """Return weights p of the columns of N, (n,), for bounds by Cauchy and Schwarz.

    ``sum over j of |y_j|`` is at most ``sqrt(sum p_j) sqrt(sum y_j**2 / p_j)`` for all positive p:
    closest where p_j is about as large as y_j, as with the lengths of the columns where y is ``x
    N``. The columns of the identity beside N have the weight 1.
    """
    return np.maximum(np.linalg.norm(paths, axis=0), 2.0**-10)


def spectral_norm(matrix: Array) -> float:
    """Return an upper bound of the 2-norm of a matrix.

    ``|M|_2**2 <= |M^T M|_inf``, which is close for the nearly orthogonal powers of a memory.
    """
    gram = np.abs(matrix.T @ matrix).sum(axis=1)
    absolute = np.abs(matrix)
    error = gamma(len(matrix)) * (absolute.T @ absolute.sum(axis=1))
    return float(inflate(np.sqrt(inflate(gram + error))).max())


def matrix_power(matrix: Array, exponent: int) -> tuple[Array, float]:
    """Return ``matrix**exponent`` and an upper bound of its error in the Frobenius norm.

    By repeated squaring: a product of X and Y with errors a and b has the error
    ``|X| b + |Y| a + a b + gamma(d) |X|_F |Y|_F``.
    """
    if exponent == 1:
        return matrix, 0.0
    half = matrix_power(matrix, exponent // 2)
    square = _product(half, half)
    return _product(square, (matrix, 0.0)) if exponent % 2 else square


def long_matrix_power(matrix: Array, exponent: int) -> tuple[Array, float]:
    """Return ``matrix**exponent``, rounded once, and an upper bound of its error; see above.

    Squared in the longest floats of the machine, so that the error does not grow with the exponent
    as long as it is far below theirs. The exponent must be a power of two.
    """
    power, error = matrix.astype(np.longdouble), 0.0
    unit = float(np.finfo(np.longdouble).eps) / 2
    relative = len(matrix) * unit / (1.0 - len(matrix) * unit)
    for _ in range(exponent.bit_length() - 1):
        near = power.astype(np.float64)
        length = float(np.linalg.norm(near)) * _SAFE
        size = spectral_norm(near) + _UNIT * length
        error = (2.0 * size * error + error * error + relative * length**2) * _SAFE
        power = power @ power
    near = power.astype(np.float64)
    return near, (error + _UNIT * float(np.linalg.norm(near)) * _SAFE) * _SAFE


def _product(left: tuple[Array, float], right: tuple[Array, float]) -> tuple[Array, float]:
    (x, a), (y, b) = left, right
    own = gamma(len(y)) * float(np.linalg.norm(x) * np.linalg.norm(y))
    error = spectral_norm(x) * b + spectral_norm(y) * a + a * b + own
    return x @ y, error * _SAFE
