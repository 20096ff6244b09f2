# SPDX-License-Identifier: Apache-2.0
"""The bilinear memory by two passes over running sums: 2 d + 2 products a step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import dequantize, quantize
from lmu_hw.lmu import Discretizer, orthonormal_scale
from lmu_hw.lmu.two_pass import closing_constants, two_pass_matrices, two_passes
from lmu_hw.network import Codes
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.proofs import StabilityError, spectral_radius
from lmu_hw.realize.running_sums import (
    RunningSumsRealization,
    largest_sum,
    rate_code,
    running_format,
)

__all__ = ["TwoPassRealization", "guard_bits", "two_pass_update"]

Array = NDArray[np.float64]

_STEEPEST = 24.0  # d**2 / theta: the first pass grows like exp of half of it, here 17 bits
_CLOSING_BITS = 14
_NOISE = 0.25  # what the passes may add to the noise of the states


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPassRealization(RunningSumsRealization):
    """The bilinear memory; its first pass grows, so that the window must be long enough."""

    kind: ClassVar[str] = "two-pass"
    help: ClassVar[str] = "running sums of the bilinear memory, 2 d + 2 wider products"
    discretizer: ClassVar[Discretizer] = Discretizer.BILINEAR

    def integers(self, order: int, **formats: Any) -> TwoPass:
        return two_pass_update(order, self.theta, **formats)


def two_pass_update(
    order: int,
    theta: float,
    *,
    rate_bits: int,
    state: Requant,
    source: FixedFormat,
    running_bits: int | None = None,
    where: str,
) -> TwoPass:
    """Return the integers of a two-pass memory.

    Parameters
    ----------
    order : int
    theta : float
        Window in steps; the one realized is `TwoPass.theta`, which is the same for a power of two.
    rate_bits : int
        Bits of the code K that stands for the window.
    state : Requant
        The narrowing of the states.
    source : FixedFormat
        Of u. The running sums get the integer bits that hold them for all states and u of their
        formats, or those that they can reach if no state overflows and the narrowing forbids it;
        and the guard bits that keep their noise down.
    running_bits : int, optional
        Integer bits that they have at least.
    where : str
        Names the memory in messages.

    Raises
    ------
    ConfigError
        If the window is so short that the first pass grows beyond use.
    StabilityError
        If the rounded constants make the memory unstable.
    """
    if order**2 > _STEEPEST * theta:
        raise ConfigError(
            f"{where}: two passes must have a window of at least "
            f"{math.ceil(order**2 / _STEEPEST)} steps at order {order}, not {theta:g}: the first "
            "pass would grow too much; set `realization` to semiseparable"
        )
    rate = rate_code(0.5 / theta, rate_bits, where=where)
    factors = np.asarray(
        rate.codes.item() * rate.format.ulp * (2.0 * np.arange(order) + 1.0), np.float64
    )
    exact = closing_constants(factors)
    first, second, T = two_passes(factors, exact)
    frac_bits = max(state.format.frac_bits + guard_bits(factors), source.frac_bits)
    # z[i] = (s[i+1] - s[i-1]) / 2, so that the s and z[0] bound all.
    rows = np.vstack([first[: order + 2], second[: order + 2], T])
    largest = largest_sum(two_pass_matrices(factors, exact), rows, source, state)
    # Beside it: what the roundings within a pass do to its own sums, taken twice for T.
    dropped = 2.0 * np.abs(first[:, :order]).sum(axis=1).max() * 2.0 ** (-1 - frac_bits)
    running = running_format(largest + dropped, frac_bits, running_bits)
    # The impulse response is off by less than 2**-14: T is as small as G times what the first pass
    # finds, and what is wrong with T grows in the second pass as it does in the first, like 1/G.
    fine = _CLOSING_BITS + 2 - 2 * int(np.frexp(exact[0])[1])
    fmt = running_format(float(np.abs(exact).max()), fine)
    nearest = Requant(format=fmt, rounding=Rounding.HALF_EVEN, overflow=Overflow.FORBID)
    closing, _ = quantize(exact, nearest, what=f"{where}: closing")
    radius = spectral_radius(two_pass_matrices(factors, dequantize(closing, fmt))[0])
    if radius >= 1.0:
        raise StabilityError(
            f"{where}: two passes must be stable, but rounding their constants to {fmt} makes the "
            f"spectral radius {radius:.6f}; set `realization` to semiseparable"
        )
    return TwoPass(
        order=order,
        rate=rate,
        closing=Codes(codes=closing, format=fmt),
        running=Requant(format=running, rounding=Rounding.HALF_UP, overflow=Overflow.FORBID),
    )


def guard_bits(factors: Array) -> int:
    """Return the fraction bits of the running sums beyond those of the states.

    So many that what the passes drop adds at most a quarter to the noise that the states have of
    their own narrowing, summed over the states in the orthonormal basis.

    Parameters
    ----------
    factors : (d,) float64
        ``(2i+1) / (2 theta)``.
    """
    d = len(factors)
    closing = closing_constants(factors)
    A, _ = two_pass_matrices(factors, closing)
    _, open_pass, _ = two_passes(factors, np.zeros(2))
    spread = open_pass[d + 1 :, :d]  # of an error of z, to itself and those behind it
    first_error = closing[0] * (open_pass[d, :d] + open_pass[d - 1, :d]) / 2.0
    closed = _answer_to_T(factors)
    # The errors of both passes and of T as they reach m' - m = 2 (z - m), but for what is dropped
    # of z itself.
    behind = spread - np.eye(d)
    source = 4.0 * (behind @ behind.T + np.outer(closed, closed) * (first_error @ first_error + 1))
    scale = orthonormal_scale(d)
    moving = A * scale / scale[:, None]

    def noise(covariance: Array) -> float:
        settled = scipy.linalg.solve_discrete_lyapunov(moving, covariance / np.outer(scale, scale))
        return float(np.trace(settled))

    ratio = noise(source) / noise(np.eye(d))
    return max(int(np.ceil(0.5 * np.log2(ratio / _NOISE))), 1)


def _answer_to_T(factors: Array) -> Array:
    """Return what z takes of T, (d,)."""
    _, second, _ = two_passes(factors, np.array([0.0, 1.0]))  # T = u
    _, without, _ = two_passes(factors, np.zeros(2))
    return second[len(factors) + 1 :, -1] - without[len(factors) + 1 :, -1]
