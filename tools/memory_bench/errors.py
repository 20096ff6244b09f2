# SPDX-License-Identifier: Apache-2.0
"""How far rounding the coefficients moves the impulse responses of a memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import Discretizer
from lmu_hw.proofs import spectral_radius
from tools.memory_bench.networks import (
    HEARD,
    Bits,
    dense_matrices,
    semiseparable_matrices,
    signed_memory,
)

__all__ = ["HORIZON", "Error", "dense_error", "equal_width", "semiseparable_error"]

Array = NDArray[np.float64]

HORIZON = 8
"""Windows over which impulse responses are compared."""

_WIDEST = 24


@dataclass(frozen=True, slots=True)
class Error:
    """Relative errors of the impulse responses of all states, in the norm of H2.

    Attributes
    ----------
    own : float
        Against the same memory with exact coefficients.
    refit : float
        Against the exact ZOH memory, after the best linear map of the states.
    """

    own: float
    refit: float


def semiseparable_error(order: int, theta: float, width: int, rank: int = 1) -> Error | None:
    """Return the error of a semiseparable memory; None if it is unstable."""
    method = Discretizer.BILINEAR if rank == 1 else Discretizer.ZOH
    return _error(semiseparable_matrices(order, theta, width, rank), order, theta, method)


@lru_cache
def dense_error(order: int, theta: float, bits: Bits) -> Error | None:
    """Return the error of a dense ZOH memory; None if it is unstable."""
    return _error(dense_matrices(order, theta, bits), order, theta, Discretizer.ZOH)


def equal_width(order: int, theta: float, allowed: float, kind: str) -> tuple[Bits, Error]:
    """Return the fewest bits at which the dense memory's error is not larger than allowed.

    Parameters
    ----------
    kind : str
        ``own`` or ``refit``.
    """
    for width in range(4, _WIDEST):
        for row_shifts in (False, True):
            bits = Bits(width, row_shifts)
            error = dense_error(order, theta, bits)
            if error is not None and getattr(error, kind) <= allowed:
                return bits, error
    raise ValueError(f"no width up to {_WIDEST} bits is as good as {allowed:.3g}")


def _error(
    memory: tuple[Array, Array], order: int, theta: float, method: Discretizer
) -> Error | None:
    if spectral_radius(memory[0]) >= 1.0:
        return None
    found = _responses(*memory, int(HORIZON * theta))
    own, exact = _exact(order, theta, method), _exact(order, theta, Discretizer.ZOH)
    best = np.linalg.lstsq(found, exact, rcond=None)[0]
    return Error(own=_relative(found - own, own), refit=_relative(found @ best - exact, exact))


@lru_cache(maxsize=2)
def _exact(order: int, theta: float, method: Discretizer) -> Array:
    A, B = signed_memory(order, theta, method)
    return _responses(A, HEARD * B, int(HORIZON * theta))


def _responses(A: Array, B: Array, steps: int) -> Array:
    """Return the states after an impulse, (steps, d)."""
    states = np.empty((steps, len(B)))
    state = B
    for t in range(steps):
        states[t] = state
        state = A @ state
    return states


def _relative(error: Array, reference: Array) -> float:
    return float(np.linalg.norm(error) / np.linalg.norm(reference))
