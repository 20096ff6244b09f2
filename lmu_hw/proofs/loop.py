# SPDX-License-Identifier: Apache-2.0
"""The closed loop of several memories, ``L = I x A + (I x B) E_m``, without its dense eigenvalues.

With n memories of d states L has n d rows, but feedback of rank n only: outside the eigenvalues of
A, z is one of L where ``f(z) = det(I - E_m (I x (z - A)**-1 B))``, of n rows, is zero. f tends to 1
far outside and has no poles beyond those of A, so that the eigenvalues of L outside a circle are as
many as the turns that f makes around zero when z runs along it (argument principle).
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from lmu_hw.proofs.float_bounds import one_blas_thread
from lmu_hw.proofs.stability import spectral_radius

__all__ = ["closed_loop", "loop_is_stable", "loop_radius"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

_DENSE = 1024
"""Rows of a loop whose eigenvalues are computed as they are."""

_GRID = 257
_TURN, _GROWTH = np.pi / 6, 0.5  # of f between neighbouring points: its angle and its logarithm
_PASSES = 24
_MOST_POINTS = 1 << 16
_CHUNK = 1024
_CLOSE = 1e-6
_FARTHEST = 1e6


def closed_loop(A: Array, B: Array, E_m: Array) -> Array:
    """Return the loop, (n d, n d), of n memories A (d, d), B (d,) with encoders E_m (n, n d)."""
    memories = np.eye(len(E_m))
    return np.kron(memories, A) + np.kron(memories, B[:, None]) @ E_m


def loop_is_stable(A: Array, B: Array, E_m: Array) -> bool:
    """Say whether all eigenvalues of the loop are inside the unit circle, as float64 finds it.

    A must be stable. Of a loop too close to the circle to tell, the answer is no.
    """
    if E_m.shape[1] <= _DENSE:
        return spectral_radius(closed_loop(A, B, E_m)) < 1.0
    return _Loop(A, B, E_m).outside(1.0) == 0


def loop_radius(A: Array, B: Array, E_m: Array) -> float:
    """Return the spectral radius of the loop, as float64 finds it.

    Of a large loop, to a millionth of the distance of A from 1, and not less than that of A.
    """
    if E_m.shape[1] <= _DENSE:
        return spectral_radius(closed_loop(A, B, E_m))
    loop = _Loop(A, B, E_m)
    low, high = loop.open_radius, 1.0
    if low >= 1.0:
        return low
    step = 1.0 - low
    while loop.outside(high) != 0 and high < _FARTHEST:
        low, high, step = high, high + step, 2.0 * step
    close = _CLOSE * step
    while high - low > close:
        middle = (low + high) / 2
        low, high = (low, middle) if loop.outside(middle) == 0 else (middle, high)
    return high


class _Loop:
    """A loop whose memory is in Schur form."""

    def __init__(self, A: Array, B: Array, E_m: Array) -> None:
        n, d = len(E_m), len(B)
        with one_blas_thread():
            form = scipy.linalg.schur(A, output="complex")
        self._T, unitary = form[0], form[1]
        self._b = unitary.conj().T @ B
        self._E = E_m.reshape(n * n, d) @ unitary
        self._n = n
        self.open_radius = float(np.abs(np.diag(self._T)).max())

    def outside(self, radius: float) -> int | None:
        """Return how many eigenvalues are outside a circle; None if they are too close to it."""
        poles = np.abs(np.angle(np.diag(self._T)))
        angles = np.concatenate(
            [np.linspace(0.0, np.pi, _GRID), np.geomspace(1e-9, np.pi, _GRID), poles]
        )
        angles = np.unique(angles)
        logs = self._logarithms(angles, radius)
        for _ in range(_PASSES):
            moved = np.diff(logs)
            turned = np.angle(np.exp(1j * moved.imag))
            wide = (np.abs(turned) > _TURN) | (np.abs(moved.real) > _GROWTH)
            if not wide.any():  # f is real at both ends of the half circle
                return -round(2.0 * float(turned.sum()) / (2.0 * np.pi))
            if len(angles) > _MOST_POINTS:
                return None
            between = (angles[:-1][wide] + angles[1:][wide]) / 2
            new = self._logarithms(between, radius)
            order = np.argsort(np.concatenate([angles, between]))
            angles = np.concatenate([angles, between])[order]
            logs = np.concatenate([logs, new])[order]
        return None

    def _logarithms(self, angles: Array, radius: float) -> Complex:
        """Return log f of points on a circle; its imaginary part is an angle of the circle."""
        z = np.asarray(radius * np.exp(1j * angles), np.complex128)
        with one_blas_thread():
            parts = [self._chunk(z[at : at + _CHUNK]) for at in range(0, len(z), _CHUNK)]
        return np.concatenate(parts)

    def _chunk(self, z: Complex) -> Complex:
        x = np.empty((len(self._b), len(z)), np.complex128)
        for k in range(len(x) - 1, -1, -1):
            x[k] = (self._b[k] + self._T[k, k + 1 :] @ x[k + 1 :]) / (z - self._T[k, k])
        gains = (self._E @ x).T.reshape(len(z), self._n, self._n)
        sign, logarithm = np.linalg.slogdet(np.eye(self._n) - gains)
        return logarithm + 1j * np.angle(sign)
