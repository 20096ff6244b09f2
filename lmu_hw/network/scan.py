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
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.network.codes import Codes, Products
from lmu_hw.network.running_sums import RunningSums

__all__ = ["Scan", "ScanSums"]


class ScanSums(NamedTuple):
    """One number for each of the two sums of an Euler update."""

    running: int
    state: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan(RunningSums):
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
    reloadable: ClassVar[bool] = True

    running: FixedFormat

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.running.signed:
            raise NetworkError(f"the running sum must be signed, not {self.running}")

    @property
    def theta(self) -> Fraction:
        """The window in steps."""
        fmt = self.rate.format
        return 1 / (self.rate.codes.item() * Fraction(2) ** -fmt.frac_bits)

    @property
    def coefficients(self) -> tuple[tuple[str, Codes], ...]:
        """Every array of coefficients by name."""
        return (("rate", self.rate),)

    def products(self, state: FixedFormat) -> tuple[Products, ...]:
        """Return the products of one update, whatever the format of the states."""
        factor = int(self.factors[-1]).bit_length()
        return (Products(count=self.order, coefficient=factor, operand=self.running.width),)

    @property
    def coefficient_bits(self) -> int:
        """Bits of K; hardware counts the rest."""
        return self.rate.format.width

    def check(self, name: str, source: FixedFormat, requant: Requant) -> None:
        """Raise `NetworkError` if states or input do not fit the update."""
        self._check_sums(name, self.running, source, requant)

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
