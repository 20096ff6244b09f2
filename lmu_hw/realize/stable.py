# SPDX-License-Identifier: Apache-2.0
"""Keeping a rounded memory stable: refuse it by name, or round it so that errors compensate."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat
from lmu_hw.network import Codes
from lmu_hw.network.float_nodes import FloatNode, FloatTerm
from lmu_hw.proofs import StabilityError, spectral_radius
from lmu_hw.realize.weights import best_row_shifts, weight_codes, weight_format

__all__ = ["stable_codes"]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_WIDEST = 32
_KEPT = 16  # the repaired radius keeps 1/16 of the float memory's distance from 1
_REGULARIZATION = 0.01
_SHRUNK = (1.0, *(1.0 - 2.0**-12 * np.arange(1, 32)))


def stable_codes(
    node: FloatNode, term: FloatTerm, codes: Codes, shifts: Integers, *, repair: bool
) -> Codes:
    """Return the codes of a memory's matrix, checked to be stable.

    Parameters
    ----------
    node, term : FloatNode, FloatTerm
        The memory and its A.
    codes : Codes
        A, rounded to nearest.
    shifts : (rows,) int64
        Row shifts of the codes.
    repair : bool
        Where it is not, round again, so that errors compensate each other.

    Raises
    ------
    StabilityError
        If it is not stable; names the smallest width that is.
    """
    scale = np.ldexp(1.0, codes.format.frac_bits + shifts)[:, None]
    radius = spectral_radius(codes.codes / scale)
    if radius < 1.0:
        return codes
    (B,) = (other.matrix[:, 0] for other in node.terms if other is not term)
    repaired = _repaired(term, B, codes.format, scale)
    if repair and repaired is not None:
        return Codes(codes=repaired, format=codes.format)
    width, order = codes.format.width, len(term.matrix)
    wider = _stable_width(node, term, width)
    instead = f"the smallest stable width is {wider} bits" if wider else "no width is stable"
    helps = "" if repaired is None else " (or `repair`)"
    failed = ", and repair fails" if repair else helps
    raise StabilityError(
        f"{node.name}: rounding {order} x {order} coefficients to {width} bits makes the memory "
        f"unstable: its spectral radius must be below 1, not {radius:.6f} (in float: "
        f"{spectral_radius(term.matrix):.6f}); {instead}{failed}"
    )


def _stable_width(node: FloatNode, term: FloatTerm, width: int) -> int | None:
    """Return the smallest larger width at which the rounded memory is stable."""
    for bits in range(width + 1, _WIDEST + 1):
        try:
            weights = {
                other.label: weight_format(other.matrix, bits, where=node.name)
                for other in node.terms
            }
        except ConfigError:
            continue
        shifts, _ = best_row_shifts(node, weights)
        codes = weight_codes(term.matrix, weights[term.label], shifts, node.name)
        if spectral_radius(codes.codes / 2.0 ** (codes.format.frac_bits + shifts)[:, None]) < 1.0:
            return bits
    return None


def _repaired(term: FloatTerm, B: Array, fmt: FixedFormat, scale: Array) -> Integers | None:
    """Return stable codes of a memory's matrix: rounding errors compensate each other.

    Each row is rounded from left to right, and what a coefficient is off by is made good in those
    that follow, so that ``E G E^T`` of the rounding errors E is small, where G is the Gramian
    ``sum over k of A**k B B^T A**k^T`` of the states that occur (optimal brain surgeon; Hassibi and
    Stork 1993). If that is not enough, the matrix is shrunk as little as makes it stable.

    Parameters
    ----------
    term : FloatTerm
        The exact matrix.
    B : (d,) float64
    fmt : FixedFormat
    scale : (d, 1) float64
        Codes for one unit, row by row.
    """
    A, d = term.matrix, len(B)
    gramian = scipy.linalg.solve_discrete_lyapunov(A, np.outer(B, B))
    gramian += _REGULARIZATION * np.trace(gramian) / d * np.eye(d)
    weights = np.linalg.cholesky(np.linalg.inv(gramian)).T
    target = 1.0 - (1.0 - spectral_radius(A)) / _KEPT
    for shrunk in _SHRUNK:
        rest = A * scale * shrunk
        codes = np.empty((d, d))
        for j in range(d):
            codes[:, j] = np.clip(np.rint(rest[:, j]), fmt.min_code, fmt.max_code)
            off = (rest[:, j] - codes[:, j]) / weights[j, j]
            rest[:, j + 1 :] -= np.outer(off, weights[j, j + 1 :])
        if spectral_radius(codes / scale) < target:
            return codes.astype(np.int64)
    return None
