# SPDX-License-Identifier: Apache-2.0
"""The bilinear memory by two passes over running sums: 2d + 2 products a step, no table.

In the Legendre basis the mean ``z = (m' + m) / 2`` obeys ``z = m + (A z + B u) / (2 theta)``, and
what a row of that sums is a running sum once ``T = sum of z`` is known:

    s[0] = u - T,    s[1] = -u - T + 2 z[0],    s[i+2] = s[i] + 2 z[i+1]
    z[i] = narrow(m[i] + (2i+1) K 2**-F s[i])             K 2**-F stands for 1/(2 theta)
    m'[i] = narrow(m[i] + 2 (2i+1) K 2**-F s[i])          from the same product

T is linear in u and in the sum R of the z that the same pass finds for u = T = 0:

    R = (s[d] + s[d-1]) / 2,    T = narrow(G R + H u)     two constants

So the first pass needs no input: it follows the states as they are written. It grows: G tends to
``exp(-d**2 / (2 theta))``. The integer bits of s hold that, and its guard bits keep what both
passes drop, amplified likewise, below what the states drop.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, NamedTuple

import numpy as np

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.network.codes import Codes, Products
from lmu_hw.network.running_sums import RunningSums

__all__ = ["TwoPass", "TwoPassSums"]


class TwoPassSums(NamedTuple):
    """One number for each sum of a two-pass update: z before its narrowing, T, and the state."""

    mean: int
    closing: int
    state: int


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoPass(RunningSums):
    """A bilinear update in the Legendre basis.

    Parameters
    ----------
    order : int
        Number of states, d.
    rate : Codes
        One positive code, (1,), ``K 2**-F``: the step over twice the window.
    closing : Codes
        G, then H, (2,).
    running : Requant
        The narrowing of z and of T; s has the same format. Overflow must be forbidden.

    Raises
    ------
    NetworkError
        If shapes or formats do not fit each other.
    """

    kind: ClassVar[str] = "two-pass"
    reloadable: ClassVar[bool] = False  # T and the growth of the first pass belong to one window

    closing: Codes
    running: Requant

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.closing.codes.shape != (2,):
            raise NetworkError(f"closing must have the shape (2,), not {self.closing.codes.shape}")
        running = self.running
        if running.overflow is not Overflow.FORBID or not running.format.signed:
            raise NetworkError(
                f"the running sums must be signed and forbid overflow, not {running.format} with "
                f"{running.overflow.value}"
            )
        if running.rounding not in (Rounding.HALF_UP, Rounding.FLOOR):
            raise NetworkError(
                f"the running sums must round by half_up or floor, not {running.rounding.value}"
            )

    @property
    def theta(self) -> Fraction:
        """The window in steps."""
        fmt = self.rate.format
        return 1 / (2 * self.rate.codes.item() * Fraction(2) ** -fmt.frac_bits)

    @property
    def coefficients(self) -> tuple[tuple[str, Codes], ...]:
        """Every array of coefficients by name."""
        return (("rate", self.rate), ("closing", self.closing))

    def products(self, state: FixedFormat) -> tuple[Products, ...]:
        """Return the products of one update, whatever the format of the states."""
        factor, running = int(self.factors[-1]).bit_length(), self.running.format.width
        return (
            Products(count=2 * self.order, coefficient=factor, operand=running),
            Products(count=2, coefficient=self.closing.format.width, operand=running),
        )

    @property
    def coefficient_bits(self) -> int:
        """Bits of K, G and H; hardware counts the rest."""
        return self.rate.format.width + 2 * self.closing.format.width

    def check(self, name: str, source: FixedFormat, requant: Requant) -> None:
        """Raise `NetworkError` if states or input do not fit the update."""
        running = self.running.format
        self._check_sums(name, running, source, requant)
        if -running.min_code < source.max_magnitude << running.frac_bits - source.frac_bits:
            raise NetworkError(f"{name}: its running sums hold u, so {running} must hold {source}")

    def sum_frac_bits(self, state: FixedFormat) -> TwoPassSums:
        """Return the fraction bits of the sums, whatever the format of the states."""
        running = self.running.format.frac_bits
        return TwoPassSums(
            mean=running + self.rate.format.frac_bits,
            closing=running + self.closing.format.frac_bits,
            state=running + self.rate.format.frac_bits - 1,
        )

    def sum_bounds(self, state: FixedFormat) -> TwoPassSums:
        """Return bounds on the magnitude of the sums, for states in a format."""
        running = self.running.format.max_magnitude
        m = state.max_magnitude << self.running.format.frac_bits - state.frac_bits
        return TwoPassSums(
            mean=(m << self.rate.format.frac_bits) + int(self.factors[-1]) * running,
            closing=int(np.abs(self.closing.codes).sum()) * running,
            state=(m << self.rate.format.frac_bits - 1) + int(self.factors[-1]) * running,
        )
