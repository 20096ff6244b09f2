# SPDX-License-Identifier: Apache-2.0
"""Worst-case gains of a linear memory ``x[t] = A x[t-1] + B u[t] + e[t]``, as proved upper bounds.

Input gain (worst-case peak gain; Balakrishnan and Boyd 1992; Volkova, Hilaire, Lauter 2015):

    g_i = sum over k of |(A**k B)_i|         |x_i| <= g_i max|u|     for all inputs, for all time

Rounding gain, for an error e of at most delta in every element at every step:

    T_i = sum over k, j of |(A**k)_ij|       |x_i| <= T_i delta

Errors may reach the states by paths besides, ``e[t] + N n[t]``: then T_i is the sum over the rows
of ``A**k [I N]``.

Sums run in float64 until what is left is small; the rest is bounded by a Gramian, or by a Lyapunov
certificate where there is none. What float64 rounding did is bounded as a disturbance of the very
system that is analysed: a computed sequence ``X[k+1] = X[k] A + F[k]`` differs from ``X[0] A**k``
by ``sum over j of F[j] A**(k-1-j)``, whose absolute values T itself bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hw.proofs.float_bounds import gamma, inflate, long_matrix_power, matrix_power, row_norms
from lmu_hw.proofs.gramian import gramian
from lmu_hw.proofs.power_sums import Bend
from lmu_hw.proofs.products import Product
from lmu_hw.proofs.stability import Lyapunov, StabilityError, lyapunov, spectral_radius

__all__ = ["Gains", "Response", "difference_gain", "gains_of", "input_gain", "rounding_gain"]

Array = NDArray[np.float64]

_BLOCK = 64  # steps of an impulse response advanced by one product, at least
_MOST_BLOCKS, _LARGEST_BLOCK = 4096, 1 << 20  # of a slow memory: about so many; at most so large
_SAMPLES = 8192  # of a sum over powers, at most about; beyond that, every s-th power is taken
_CHECK = 64  # products between two looks at the tail
_TAIL = 2.0**-16
_NOTHING = 2.0**-200  # above the bound of a tail of zeros: a read-out may have rows of them
_MAX_PRODUCTS = 1 << 20
_CACHED = 16  # analyses kept: a word-length search meets the same matrices again and again


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gains:
    """Stability and rounding gain of a matrix.

    Attributes
    ----------
    A : (d, d) float64
    paths : (d, n) float64
        N.
    radius : float
        Spectral radius, as float64 finds it; the certificate proves that it is below 1.
    lyapunov : Lyapunov
    rounding : (d,) float64
        Upper bounds of the states; see `rounding_gain`.
    """

    A: Array
    paths: Array
    radius: float
    lyapunov: Lyapunov
    rounding: Array

    def readout(self, rows: Array | None) -> Array:
        """Return the rounding gains of a read-out, (n, d); None reads the states."""
        if rows is None:
            return self.rounding
        total, noise = _row_sums(self.A, self.paths, self.lyapunov, rows)
        return inflate(total + noise * _norm(self.rounding))


def gains_of(A: Array, paths: Array | None = None, *, what: str) -> Gains:
    """Return the certified gains of a matrix, taken as exact; cached.

    Parameters
    ----------
    A : (d, d) float64
    paths : (d, n) float64, optional
        N: how further errors reach the states.

    Raises
    ------
    StabilityError
        Naming `what`, if the matrix is not stable, or not shown to be.
    """
    data = [np.ascontiguousarray(A, np.float64), np.zeros((len(A), 0))]
    if paths is not None:
        data[1] = np.ascontiguousarray(paths, np.float64)
    try:
        return _gains(data[0].tobytes(), data[1].tobytes(), len(A))
    except StabilityError as error:
        raise StabilityError(f"{what}: {error}") from None


@lru_cache(maxsize=_CACHED)
def _gains(matrix: bytes, paths: bytes, order: int) -> Gains:
    A, N = (np.frombuffer(data).reshape(order, -1) for data in (matrix, paths))
    certificate = lyapunov(A)
    rounding = rounding_gain(A, certificate, N)
    rounding.setflags(write=False)
    return Gains(A=A, paths=N, radius=spectral_radius(A), lyapunov=certificate, rounding=rounding)


def rounding_gain(A: Array, certificate: Lyapunov, paths: Array | None = None) -> Array:
    """Return upper bounds of ``sum over k >= 0 and j of |(A**k [I N])_ij|`` for each state i.

    Parameters
    ----------
    A : (d, d) float64
        Taken as the exact matrix.
    certificate : Lyapunov
        Of A.
    paths : (d, n) float64, optional
        N.

    Returns
    -------
    (d,) float64
    """
    N = np.zeros((len(A), 0)) if paths is None else paths
    total, noise = _row_sums(A, N, certificate, np.eye(len(A)))
    # T <= total + noise |T|_2, row by row; so |T|_2 <= |total|_2 / (1 - |noise|_2).
    return inflate(total + noise * _norm(total / _remaining(noise)))


def _norm(vector: Array) -> float:
    return float(row_norms(vector[None, :])[0])


def _remaining(noise: Array) -> float:
    """Return a lower bound of ``1 - |noise|_2``."""
    size = _norm(noise)
    if size > 0.5:
        raise StabilityError("float64 cannot bound the gains of so slow a memory")
    return (1.0 - size) * (1.0 - 2.0**-40)


def _row_sums(A: Array, paths: Array, certificate: Lyapunov, rows: Array) -> tuple[Array, Array]:
    """Return the summed powers with their tail, and the size of all disturbances, (n,) each.

    As ``|x N s| <= w |x|_1`` for all signs s, with w the largest row sum of N, everything that is
    bounded by 1-norms of rows x counts ``1 + w`` times.
    """
    d = len(A)
    step = max(1, _horizon(certificate) // _SAMPLES)
    power, error = matrix_power(A, step)
    advanced, read = Product(power), Product(paths)
    disturbance = error + advanced.error
    bend = Bend(A, paths, step)
    heaviest = float(inflate(np.abs(paths).sum(axis=1)).max(initial=0.0))
    tails_of = _tails(A, paths, certificate, heaviest)

    def lengths(X: Array) -> Array:
        own = np.abs(X).sum(axis=1)
        if not paths.size:
            return own
        return own * (1.0 + read.error_of_sum) + np.abs(read.of(X)).sum(axis=1)

    X = rows
    total, noise = np.zeros(len(rows)), np.zeros(len(rows))
    weights = (step + 1) / 2, (step - 1) / 2  # of both ends of an interval of `step` powers
    ends = lengths(X)
    for count in range(1, _MAX_PRODUCTS):
        added = inflate(row_norms(X) * disturbance)
        noise += added
        total += weights[0] * ends + bend.sums(X)
        X = advanced.of(X)
        ends = lengths(X)
        total += weights[1] * (ends + (1.0 + heaviest) * np.sqrt(d) * added)
        if count % _CHECK == 0:
            tails = tails_of(X)
            if np.all(tails <= np.maximum(_TAIL * total, _NOTHING)):
                return inflate(total + tails), inflate(noise)
    raise StabilityError(f"the memory is too slow: its gain has no bound in {count} products")


def _tails(
    A: Array, paths: Array, certificate: Lyapunov, heaviest: float
) -> Callable[[Array], Array]:
    """Return what bounds ``sum over k >= 0 of |r A**k [I N]|_1`` for each row r of (n, d), as (n,).

    A Gramian is many times closer, which saves a quarter of all products or more; a memory that
    has none has its Lyapunov certificate.
    """
    try:
        return gramian(A, paths).gains
    except StabilityError:
        return lambda rows: (1.0 + heaviest) * certificate.row_tails(rows)


def _horizon(certificate: Lyapunov) -> int:
    """Return about how many steps a response needs to die out."""
    return int(12.0 / (1.0 - certificate.contraction))


class Response:
    """An impulse response ``A**k B``, computed block by block with a bound on its error.

    Attributes
    ----------
    block : (d, steps) float64
        The current steps.
    disturbance : float
        Summed 2-norms of everything that rounding added; times the rounding gain it bounds the
        error of the sum of absolute values over all blocks.
    """

    def __init__(self, A: Array, B: Array, certificate: Lyapunov) -> None:
        d = len(A)
        self.certificate = certificate
        self._A = A
        self._silent = not np.any(B)
        power, error = matrix_power(A, _BLOCK)
        self._power, self._relative = power, error + _product_error(power)
        columns = [np.asarray(B, np.float64)]
        for _ in range(_BLOCK - 1):
            columns.append(A @ columns[-1])
        self.block = np.stack(columns, axis=1)
        norms = row_norms(self.block.T)
        own = gamma(d) * float(np.linalg.norm(A)) * norms
        # A rounding at step v disturbs this column and all later ones of the block.
        self.disturbance = float(inflate(_BLOCK * own.sum()))

    @property
    def length(self) -> int:
        """Steps in a block that make a slow memory die out in about `_MOST_BLOCKS`."""
        length, order = _BLOCK, len(self._A)
        while (
            length * _MOST_BLOCKS < _horizon(self.certificate) and length * order < _LARGEST_BLOCK
        ):
            length *= 2
        return length

    def widen(self, length: int) -> None:
        """Take `length` steps, a power of two, for a block; before the first advance."""
        while self.block.shape[1] < length:
            self.disturbance += self._rounding()
            self.block = np.hstack([self.block, self._power @ self.block])
            power, error = long_matrix_power(self._A, self.block.shape[1])
            self._power, self._relative = power, error + _product_error(power)

    def _rounding(self) -> float:
        """Return what one product with the whole block adds to the disturbance."""
        return float(inflate(self._relative * row_norms(self.block.T).sum()))

    def advance(self) -> None:
        """Go on to the next block of steps."""
        if self._silent:
            return
        self.disturbance += self._rounding()
        self.block = self._power @ self.block

    def tail(self) -> float:
        """Return a bound of what all states sum to from the current block on, each."""
        if self._silent:
            return 0.0
        return float(self.certificate.tails(self.block[:, :1])[0])


def _product_error(matrix: Array) -> float:
    """Return what a product of a matrix with a vector of length 1 is off by."""
    return gamma(len(matrix)) * float(np.linalg.norm(matrix))


def input_gain(
    A: Array, B: Array, certificate: Lyapunov, rounding: Array, rows: Array | None = None
) -> Array:
    """Return upper bounds of ``sum over k >= 0 of |r A**k B|`` for each row r.

    Parameters
    ----------
    A : (d, d) float64
    B : (d,) float64
        Both taken as exact.
    certificate : Lyapunov
        Of A.
    rounding : (n,) float64
        Rounding gain of the rows.
    rows : (n, d) float64, optional
        A read-out; None: the states themselves.

    Returns
    -------
    (n,) float64
    """
    nothing = Response(np.zeros_like(A), np.zeros_like(B), certificate)
    return difference_gain(
        (Response(A, B, certificate), rounding, rows), (nothing, np.zeros_like(rounding), rows)
    )[0]


def difference_gain(
    first: tuple[Response, Array, Array | None],
    second: tuple[Response, Array, Array | None],
    steps: int = 0,
) -> tuple[Array, Array]:
    """Return upper bounds of ``sum over k of |C1 A1**k B1 - C2 A2**k B2|``.

    Parameters
    ----------
    first, second : (Response, rounding gain (n,), read-out (n, d) or None)
        Fresh responses; the rounding gains are those of the read-outs; None reads the states.
    steps : int, optional
        Where the second sum ends.

    Returns
    -------
    always, early : (n,) float64
        The sum over all k, and over k < `steps`.
    """
    length = max(response.length for response, _, _ in (first, second))
    for response, _, _ in (first, second):
        response.widen(length)
    total: Array = np.zeros(len(first[1]))
    early, left = np.zeros(len(total)), steps
    while True:
        one, two = (_read(response, readout) for response, _, readout in (first, second))
        apart = np.abs(one[0] - two[0])
        total += apart.sum(axis=1) + one[1] + two[1]
        if left > 0:
            early += apart[:, :left].sum(axis=1) + one[1] + two[1]
            left -= length
        tail = np.zeros(len(total))
        for response, _, readout in (first, second):
            response.advance()
            weight = 1.0 if readout is None else np.abs(readout).sum(axis=1)
            tail += response.tail() * weight
        dead = not (first[0].block.any() or second[0].block.any())
        if dead or tail.max(initial=0.0) <= _TAIL**1.5 * max(float(total.max()), 2.0**-20):
            rounding = sum(gain * response.disturbance for response, gain, _ in (first, second))
            # What comes after the end of the sums is no more than all of the rest.
            rest = tail if left > 0 else 0.0
            return inflate(total + tail + rounding), inflate(early + rest + rounding)


def _read(response: Response, readout: Array | None) -> tuple[Array, Array | float]:
    """Return the outputs of a block, and what rounding may have added to their sum."""
    if readout is None:
        return response.block, 0.0
    norms = float(row_norms(response.block.T).sum())
    return readout @ response.block, inflate(gamma(readout.shape[1]) * row_norms(readout) * norms)
