# SPDX-License-Identifier: Apache-2.0
"""How far one linear memory can be from another, whatever they hear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.proofs.float_bounds import one_blas_thread
from lmu_hw.proofs.gains import Response, difference_gain
from lmu_hw.proofs.gramian import float_gains

__all__ = ["largest_deviation"]

Array = NDArray[np.float64]


def largest_deviation(
    memory: tuple[Array, Array],
    rows: Array,
    ideal: tuple[Array, Array],
    ideal_rows: Array | None,
    *,
    what: str,
) -> float:
    """Return an upper bound of ``|rows @ m - ideal_rows @ m_ideal|`` for every input of at most 1.

    Parameters
    ----------
    memory, ideal : (A (d, d), B (d,))
        Float64, taken as exact.
    rows, ideal_rows : (n, d) float64
        What reads each; None: the states themselves.
    what : str
        Names the memory in messages.

    Returns
    -------
    float
        Of the row that is off most.

    Raises
    ------
    StabilityError
        If one of them is not stable, or not shown to be.
    """
    with one_blas_thread():
        pair = []
        sides = ((memory, rows, what), (ideal, ideal_rows, f"{what} in float"))
        for (A, B), readout, name in sides:
            gains = float_gains(A, what=name)
            pair.append((Response(A, B, gains.lyapunov), gains.readout(readout), readout))
        return float(difference_gain(pair[0], pair[1])[0].max())
