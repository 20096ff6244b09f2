# SPDX-License-Identifier: Apache-2.0
"""The window of a memory whose file holds its matrices, found from the matrices.

With ``e`` the first unit vector, ``A e + B = e`` for every discretization of a Legendre memory: a
constant input is what its first state alone stands for. So ``B[0] = 1 - A[0, 0]`` is what one step
of input adds to the mean over the window, about ``1 / theta``. It is as exact as the numbers of the
file are, falls with the window, and no other entry depends on it so simply: the window is where a
discretization has the B[0] of the file. Whether this is the memory at all, all entries then say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu.memory import Memory
from lmu_hw.lmu.system import Discretizer, discretize, orthonormal_scale

__all__ = ["Window", "find_window", "measured_window", "transposed_window", "window"]

Array = NDArray[np.float64]

_METHODS = (Discretizer.ZOH, Discretizer.BILINEAR, Discretizer.EULER)
_NEAR = (
    2.0**-12
)  # of what a step changes: more than 32-bit exponentials are off, less than training
_ROUNDINGS = 8.0  # of an entry that are taken for rounding
_SHORTEST = 1e-3  # steps
_STEPS = 12
_MANTISSAS = (8, 11, 24)  # bits of bfloat16, float16 and float32
_COARSEST = 2.0**-8
_CACHED = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The window of a memory, and how well its matrices are those of a Legendre memory.

    Attributes
    ----------
    theta : float
        Steps; a whole number where the matrices are too coarse to tell it from one.
    discretizer : Discretizer
        The one that comes closest.
    deviation : float
        Largest difference from the discretized memory, in the orthonormal basis, as a part of the
        largest change that a step makes.
    """

    theta: float
    discretizer: Discretizer
    deviation: float


def window(memory: Memory) -> float | None:
    """Return the window of a memory in steps, or None if it is not a Legendre memory."""
    if memory.theta is not None:
        return memory.theta
    fit = find_window(memory)
    return None if fit is None else fit.theta


def find_window(memory: Memory) -> Window | None:
    """Return the window that the matrices of a memory have, or None if none fits; cached.

    They must be those of a discretized Legendre memory up to the rounding of the type that holds
    them (16, 32 or 64 bits), and to what 32-bit arithmetic leaves of them.
    """
    if not _passes_constants(memory.A[:, 0], memory.B, _COARSEST):
        return None
    return _find(memory.A.tobytes(), memory.B.tobytes())


def transposed_window(memory: Memory) -> Window | None:
    """Return the window of a memory whose A is stored transposed, or None if it is not."""
    if not _passes_constants(memory.A[0], memory.B, _COARSEST):
        return None
    return _find(np.ascontiguousarray(memory.A.T).tobytes(), memory.B.tobytes())


def measured_window(memory: Memory) -> Window | None:
    """Return the window that a file states, or that its matrices have, and how well it fits."""
    theta = memory.theta
    if theta is None:
        return find_window(memory)
    if memory.discretizer is not Discretizer.STORED:
        return Window(theta=theta, discretizer=memory.discretizer, deviation=0.0)
    fits = (_compared(memory.A, memory.B, theta, method, 2.0**-53)[0] for method in _METHODS)
    return min(fits, key=lambda fit: fit.deviation)


@lru_cache(maxsize=_CACHED)
def _find(matrix: bytes, vector: bytes) -> Window | None:
    B = np.frombuffer(vector)
    A = np.frombuffer(matrix).reshape(len(B), len(B))
    unit = _unit(A, B)
    if not _passes_constants(A[:, 0], B, unit):
        return None
    best, least = None, np.inf
    for method in _METHODS:
        for theta in _candidates(A, B, method, unit):
            fit, beyond = _compared(A, B, theta, method, unit)
            if beyond < min(least, _NEAR):
                best, least = fit, beyond
            if beyond < _NEAR:
                break
        if least == 0.0:  # nothing but rounding
            break
    return best


def _passes_constants(column: Array, B: Array, unit: float) -> bool:
    """Say whether ``A e + B = e`` within rounding, given A e, (d,)."""
    rest = (column + B) / orthonormal_scale(len(B))
    rest[0] -= 1.0
    return bool(B[0] > 0.0) and _beyond(np.abs(rest), 1.0, float(B[0]), unit) < _NEAR


def _unit(A: Array, B: Array) -> float:
    """Return the relative rounding error of the narrowest floats that hold a memory exactly.

    Files hold A, or A less the identity.
    """
    change = A - np.eye(len(B))
    return max(_rounding(np.append(matrix.ravel(), B)) for matrix in (A, change))


def _rounding(numbers: Array) -> float:
    mantissas = np.frexp(numbers)[0]
    for bits in _MANTISSAS:
        if not np.any(np.ldexp(mantissas, bits) % 1.0):
            return 2.0**-bits
    return 2.0**-53


def _beyond(off: Array, entries: Array | float, step: Array | float, unit: float) -> float:
    """Return the largest difference beyond rounding, as a part of what a step changes at most."""
    rounding = _ROUNDINGS * unit * (np.abs(entries) + step)
    return float((np.maximum(off - rounding, 0.0) / step).max())


def _candidates(A: Array, B: Array, method: Discretizer, unit: float) -> Iterator[float]:
    """Yield windows that the matrices may have; the whole number beside each comes first."""
    windows = [_solved(float(B[0]), len(B), method, unit)]
    if method is Discretizer.ZOH:
        # Of windows below about a step B[0] is no measure: log det exp(A/theta) = -order**2/theta.
        sign, logarithm = np.linalg.slogdet(A)
        windows += [-(len(B) ** 2) / float(logarithm)] if sign > 0 and logarithm < 0 else []
    for theta in windows:
        if theta >= _SHORTEST:
            whole = float(np.rint(theta))
            if 0.0 < abs(theta - whole) <= _ROUNDINGS * unit * theta:
                yield whole
            yield theta


def _solved(first: float, order: int, method: Discretizer, unit: float) -> float:
    """Return the window at which B[0] of a discretization is `first`, by secants in 1/theta."""
    rate, before = first, (0.0, 0.0)
    if method is Discretizer.EULER:
        return 1.0 / rate
    for _ in range(_STEPS):
        here = float(_discretized(order, 1.0 / rate, method)[1][0])
        slope = (here - before[1]) / (rate - before[0])
        moved = rate + (first - here) / slope if slope > 0.0 else 0.0
        if not rate / 2 < moved < 2 * rate:
            break
        before, rate = (rate, here), moved
        if abs(rate - before[0]) <= unit / 4 * rate:
            break
    return 1.0 / rate


def _discretized(order: int, theta: float, method: Discretizer) -> tuple[Array, Array]:
    with np.errstate(all="ignore"):  # windows that are tried, and dropped, may be far too short
        return discretize(order, theta, method)


def _compared(
    A: Array, B: Array, theta: float, method: Discretizer, unit: float
) -> tuple[Window, float]:
    """Return how far the matrices are off those of a window, and that without rounding."""
    order = len(B)
    scale = np.append(orthonormal_scale(order), 1.0)
    balance = scale / scale[:order, None]
    exact = np.column_stack(_discretized(order, theta, method)) * balance
    off = np.abs(np.column_stack([A, B]) * balance - exact)
    moved = np.abs(exact - np.eye(order, order + 1))
    steps = np.append(np.full(order, moved[:, :order].max()), moved[:, order].max())
    window = Window(theta=theta, discretizer=method, deviation=float((off / steps).max()))
    return window, _beyond(off, exact, steps, unit)
