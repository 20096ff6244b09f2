# SPDX-License-Identifier: Apache-2.0
"""What lies between the values of a table: slopes, or offsets.

Offsets are those of Schulte and Stine's symmetric bipartite tables (IEEE Transactions on Computers
48 (8), 1999): the values stand for the middle of their 2**low_bits codes, and both halves share
their offsets, with opposite signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lmu_hw.network.codes import Codes

__all__ = ["Interpolation", "Offsets", "Slopes"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Slopes:
    """A straight line within the codes of a value: what each adds to the total.

    Parameters
    ----------
    codes : Codes
        (values,), with as many fraction bits as the total has more than the address.
    """

    kind: ClassVar[str] = "slopes"

    codes: Codes

    @property
    def bits(self) -> int:
        """Bits of all slopes."""
        return self.codes.codes.size * self.codes.format.width

    def correction(self, index: NDArray[np.int64], low: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what is added to the value of `index`, `low` codes behind it."""
        return self.codes.codes[index] * low


@dataclass(frozen=True, kw_only=True, eq=False)
class Offsets:
    """Tabulated corrections, which the values of a group share.

    Parameters
    ----------
    codes : Codes
        (groups, half of the codes of a value): by distance from the middle, added behind it and
        subtracted before it.
    group_bits : int
        Consecutive values, as a power of two, that share their offsets.
    """

    kind: ClassVar[str] = "offsets"

    codes: Codes
    group_bits: int

    @property
    def bits(self) -> int:
        """Bits of all offsets."""
        return self.codes.codes.size * self.codes.format.width

    def place(
        self, index: NDArray[np.int64], low: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return which offset is read, counted row by row, and whether it is subtracted."""
        half = self.codes.codes.shape[1]
        before = low < half
        distance = np.where(before, half - 1 - low, low - half)
        return (index >> self.group_bits) * half + distance, before

    def correction(self, index: NDArray[np.int64], low: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what is added to the value of `index`, at the code `low` of it."""
        place, before = self.place(index, low)
        offset = self.codes.codes.ravel()[place]
        return np.where(before, -offset, offset)


Interpolation = Slopes | Offsets
"""What lies between the values of a table."""
