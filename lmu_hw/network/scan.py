# SPDX-License-Identifier: Apache-2.0
"""The forward Euler memory ``m' = m + (A m + B u) / theta`` by running sums: d products a step.

In the Legendre basis every row of A and B is ``2i+1`` times signs, and the signs of neighbouring
rows differ in one column only (Voelker, Kajić, Eliasmith 2019, eq. 2). So with S, the sum of all
states, one addition a state gives what a row sums, exactly:

    s[0] = u - S,    s[1] = -u - S + 2 m[0],    s[i+2] = s[i] + 2 m[i+1]
    m'[i] = narrow(m[i] + (2i+1) K 2**-F s[i])                K 2**-F stands for 1/theta

Nothing but the state is narrowed. At ``theta = 2**F`` K is 1, and the memory is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Requant, Rounding
from lmu_hw.network.codes import Codes, Products

__all__ = ["Scan", "ScanSums", "check_formats", "check_rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSums:
    """One number for each of the two sums of an Euler update."""

    running: int
    state: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """A forward Euler update in the Legendre basis.

    Parameters
    ----------
    order : int
        Number of states, d.
    rate : Codes
        One positive code, (1,), ``K 2**-F``: the step over the window. Hardware keeps K and F in
        registers: another window is another pair.
    running : FixedFormat
        Of s, which is exact: as many fraction bits as states and input need, and integer bits that
        hold it. S may wrap on the way.

    Raises
    ------
    NetworkError
        If there is no state, or the rate is not one positive code.
    """

    kind: ClassVar[str] = "scan"

    order: int
    rate: Codes
    running: FixedFormat

    def __post_init__(self) -> None:
        if self.order < 1:
            raise NetworkError(f"the order of a memory must be at least 1, not {self.order!r}")
        check_rate(self.rate)
        if not self.running.signed:
            raise NetworkError(f"the running sum must be signed, not {self.running}")

    @property
    def max_shift(self) -> int:
        """Largest row shift: none, all states have the same scale."""
        return 0

    @property
    def theta(self) -> Fraction:
        """The window in steps."""
        fmt = self.rate.format
        return 1 / (self.rate.codes.item() * Fraction(2) ** -fmt.frac_bits)

    @property
    def factors(self) -> NDArray[np.int64]:
        """``K (2i+1)`` of every state, (d,): what s is multiplied with."""
        return self.rate.codes.item() * (2 * np.arange(self.order) + 1)

    @property
    def coefficients(self) -> tuple[tuple[str, Codes], ...]:
        """Every array of coefficients by name."""
        return (("rate", self.rate),)

    def products(self, state: FixedFormat) -> tuple[Products, ...]:
        """Return the products of one update, whatever the format of the states."""
        factor = int(self.factors[-1]).bit_length()
        return (Products(count=self.order, coefficient=factor, operand=self.running.width),)

    @property
    def multiplications(self) -> int:
        """Products of one update: one for each state."""
        return self.order

    @property
    def coefficient_bits(self) -> int:
        """Bits of K; hardware counts the rest."""
        return self.rate.format.width

    def check(self, name: str, source: FixedFormat, requant: Requant) -> None:
        """Raise `NetworkError` if states or input do not fit the update."""
        check_formats(name, self.running, source, requant)

    def sum_frac_bits(self, state: FixedFormat) -> ScanSums:
        """Return the fraction bits of both sums, whatever the format of the states."""
        running = self.running.frac_bits
        return ScanSums(running=running, state=running + self.rate.format.frac_bits)

    def sum_bounds(self, state: FixedFormat) -> ScanSums:
        """Return bounds on the magnitude of both sums, for states in a format."""
        bits = self.sum_frac_bits(state)
        running = self.running.max_magnitude
        return ScanSums(
            running=running,
            state=(state.max_magnitude << bits.state - state.frac_bits)
            + int(self.factors[-1]) * running,
        )

    def integers(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the same memory as plain matrices: A (d, d) and B (d,) at F fraction bits."""
        i, j = np.indices((self.order, self.order))
        signs = np.where((i < j) | ((i - j) % 2 == 0), -1, 1)
        A = self.factors[:, None] * signs
        A[np.diag_indices(self.order)] += 1 << self.rate.format.frac_bits
        return A, self.factors * np.where(np.arange(self.order) % 2, -1, 1)

    def matrices(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return A (d, d) and B (d,) as values, exact."""
        A, B = (codes.astype(np.float64) for codes in self.integers())
        ulp = self.rate.format.ulp
        return A * ulp, B * ulp


def check_rate(rate: Codes) -> None:
    """Raise `NetworkError` if a rate is not one positive code with at least one fraction bit."""
    if rate.codes.shape != (1,) or rate.codes.item() < 1 or rate.format.frac_bits < 1:
        raise NetworkError(
            f"the rate of a memory must be one positive code below 1, not {rate.codes} in "
            f"{rate.format}"
        )


def check_formats(name: str, running: FixedFormat, source: FixedFormat, requant: Requant) -> None:
    """Raise `NetworkError` if the running sums of a memory cannot take its states and its input."""
    most = max(requant.format.frac_bits, source.frac_bits)
    if running.frac_bits < most:
        raise NetworkError(
            f"{name}: its running sums must have at least {most} fraction bits, those of the "
            f"states and the input, not {running.frac_bits}"
        )
    if requant.rounding not in (Rounding.HALF_UP, Rounding.FLOOR):
        raise NetworkError(
            f"{name}: must round by half_up or floor, not {requant.rounding.value}: how many bits "
            "it drops depends on the window"
        )
