# SPDX-License-Identifier: Apache-2.0
"""The read-out refit: a memory is changed, and the network keeps what it computed.

Another discretization, another realization and rounded coefficients all change the filters that the
states of a memory are; but the states still span nearly the same space of filters. With the impulse
responses H of the trained memory and H_q of the quantized one over the horizon of the task,

    T = argmin |H - H_q T|**2 + |N T|**2,        m is about T.T m_q,

where N is the rounding noise of the states for an input of variance 1/3, so that the fit does not
amplify it. Whatever reads the memory reads ``T.T m_q`` instead: a change of its weights alone.
The responses are not formed: their Gramians follow from powers of A and A_q by doubling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fit", "Refit", "fit"]

Array = NDArray[np.float64]

_INPUT_VARIANCE = 1.0 / 3.0
"""Of an input that is uniform over its range."""

_FLOOR = 1e-12
"""Of the regularization, relative to the largest eigenvalue."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """How the states of a trained memory follow from those of a quantized one.

    Attributes
    ----------
    matrix : (d, d) float64
        ``T.T``: the trained states are about ``matrix @ m_q``.
    horizon : int
        Steps over which it was fitted.
    residual : float
        ``|H - H_q T| / |H|`` over the horizon.
    before : float
        The same without the fit, ``|H - H_q| / |H|``.
    """

    matrix: Array
    horizon: int
    residual: float
    before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refit:
    """What the fit to one memory came to.

    Attributes
    ----------
    memory : str
        Of the memory's node, ``layer.m``.
    horizon : int
        Steps over which what reads the memory was fitted to it.
    residual, before : float
        Relative error of the impulse responses with the fit, and without it; see `Fit`.
    growth : float
        Norm of the weights that read the memory, fitted by trained.
    """

    memory: str
    horizon: int
    residual: float
    before: float
    growth: float


def fit(
    ideal: tuple[Array, Array], quantized: tuple[Array, Array], noise: Array, horizon: int
) -> Fit:
    """Fit the states of one memory by those of another.

    Parameters
    ----------
    ideal, quantized : (A (d, d), B (d,))
        Float64, in the same basis.
    noise : (d, d) float64
        Covariance of the rounding noise of the quantized states, as values.
    horizon : int
        Steps.
    """
    cross = _gramian(quantized, ideal, horizon)
    own = _gramian(quantized, quantized, horizon)
    power = float(np.trace(_gramian(ideal, ideal, horizon)))
    regular = noise / _INPUT_VARIANCE
    regular += _FLOOR * float(np.linalg.norm(own, 2)) * np.eye(len(own))
    T = np.asarray(np.linalg.solve(own + regular, cross), np.float64)

    def missed(T: Array) -> float:
        square = power - 2.0 * float(np.sum(T * cross)) + float(np.sum(T * (own @ T)))
        return float(np.sqrt(max(square, 0.0) / power))

    return Fit(
        matrix=np.ascontiguousarray(T.T),
        horizon=horizon,
        residual=missed(T),
        before=missed(np.eye(len(own), dtype=np.float64)),
    )


def _gramian(left: tuple[Array, Array], right: tuple[Array, Array], horizon: int) -> Array:
    """Return ``sum over k < horizon of A1**k B1 (A2**k B2).T``, (d, d)."""
    total, moved = np.zeros_like(left[0]), (np.eye(len(left[1])), np.eye(len(right[1])))
    block, power, length = np.outer(left[1], right[1]), (left[0], right[0]), 1
    while length <= horizon:
        if horizon & length:
            total = total + moved[0] @ block @ moved[1].T
            moved = moved[0] @ power[0], moved[1] @ power[1]
        block = block + power[0] @ block @ power[1].T
        power = power[0] @ power[0], power[1] @ power[1]
        length *= 2
    return total
