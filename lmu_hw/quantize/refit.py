# SPDX-License-Identifier: Apache-2.0
"""The read-out refit: a memory is changed, and the network keeps what it computed.

Another discretization, another realization and rounded coefficients all change the filters that the
states of a memory are; but the states still span nearly the same space of filters. With the impulse
responses H of the trained memory and H_q of the quantized one,

    T = argmin |H - H_q T|**2 + tail |H' - H_q' T|**2 + |N T|**2,        m is about T.T m_q,

where H ends at the horizon of the task and H' is all that comes after it, and N is the rounding
noise of the states for an input of variance 1/3, so that the fit does not amplify it. Whatever
reads the memory reads ``T.T m_q`` instead: a change of its weights alone. The responses are not
formed: their Gramians follow from powers of A and A_q by doubling, without end for H'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["TAIL", "Fit", "Refit", "fit"]

Array = NDArray[np.float64]

TAIL = 1e-3
"""Weight of the responses after the horizon: as if one sequence in a thousand never ended.

It holds the fit where nothing else would, and costs nothing within the horizon: of 1, 0.1, 0.01
and 0.001 it is the largest that leaves the answers of the digits and of psMNIST, by two recursions
of 8 bits, as close to float as a weight of 0 does.
"""

_INPUT_VARIANCE = 1.0 / 3.0
"""Of an input that is uniform over its range."""

_FLOOR = 1e-12
"""Of the regularization, relative to the largest eigenvalue."""

_VANISHED = 1e-18
"""Of the product of two powers' norms: what they would add is rounded away."""

_ENDLESS = 2**64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """How the states of a trained memory follow from those of a quantized one.

    Attributes
    ----------
    matrix : (d, d) float64
        ``T.T``: the trained states are about ``matrix @ m_q``.
    horizon : int
        Steps over which it was fitted.
    residual, beyond : float
        Norm of what the responses are off by up to the horizon, and after it; relative to that of
        the trained ones up to the horizon.
    before : float
        The first of them without the fit.
    """

    matrix: Array
    horizon: int
    residual: float
    beyond: float
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
    tail : float
        Weight of what comes after the horizon.
    residual, beyond, before : float
        Relative error of the impulse responses up to the horizon, after it, and without the fit;
        see `Fit`.
    growth : float
        Norm of the weights that read the memory, fitted by trained.
    """

    memory: str
    horizon: int
    tail: float
    residual: float
    beyond: float
    before: float
    growth: float


def fit(
    ideal: tuple[Array, Array],
    quantized: tuple[Array, Array],
    noise: Array,
    horizon: int,
    tail: float,
) -> Fit:
    """Fit the states of one memory by those of another.

    Parameters
    ----------
    ideal, quantized : (A (d, d), B (d,))
        Float64, in the same basis, both stable.
    noise : (d, d) float64
        Covariance of the rounding noise of the quantized states, as values.
    horizon : int
        Steps.
    tail : float
        Weight of what comes after them.
    """
    cross = _gramians(quantized, ideal, horizon)
    own = _gramians(quantized, quantized, horizon)
    power = _gramians(ideal, ideal, horizon)
    square = own.within + tail * own.beyond
    regular = noise / _INPUT_VARIANCE
    regular += _FLOOR * float(np.linalg.norm(square, 2)) * np.eye(len(square))
    T = np.asarray(
        np.linalg.solve(square + regular, cross.within + tail * cross.beyond), np.float64
    )
    whole = float(np.trace(power.within)) or 1.0

    def missed(T: Array, part: int) -> float:
        """Return |H - H_q T| / |H| up to the horizon (part 0) or after it (1)."""
        off = float(np.trace(power[part]) - 2.0 * np.sum(T * cross[part]))
        off += float(np.sum(T * (own[part] @ T)))
        return float(np.sqrt(max(off, 0.0) / whole))

    return Fit(
        matrix=np.ascontiguousarray(T.T),
        horizon=horizon,
        residual=missed(T, 0),
        beyond=missed(T, 1),
        before=missed(np.eye(len(square), dtype=np.float64), 0),
    )


class _Gramians(NamedTuple):
    """Sums of ``A1**k B1 (A2**k B2).T``, (d, d), over k below a horizon, and from it on."""

    within: Array
    beyond: Array


def _gramians(left: tuple[Array, Array], right: tuple[Array, Array], horizon: int) -> _Gramians:
    total, moved = np.zeros_like(left[0]), (np.eye(len(left[1])), np.eye(len(right[1])))
    block, power, length = np.outer(left[1], right[1]), (left[0], right[0]), 1
    while length <= horizon or (length < _ENDLESS and not _vanished(*power)):
        if horizon & length:
            total = total + moved[0] @ block @ moved[1].T
            moved = moved[0] @ power[0], moved[1] @ power[1]
        block = block + power[0] @ block @ power[1].T
        power = power[0] @ power[0], power[1] @ power[1]
        length *= 2
    return _Gramians(within=total, beyond=moved[0] @ block @ moved[1].T)


def _vanished(left: Array, right: Array) -> bool:
    return float(np.linalg.norm(left) * np.linalg.norm(right)) < _VANISHED
