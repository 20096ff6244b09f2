# SPDX-License-Identifier: Apache-2.0
"""Integers with their format, and the shape of a vector of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import whole
from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat
from lmu_hw.records import stored

__all__ = ["MAX_SHIFT", "Codes", "Products", "Signal", "check_sum_bits"]

MAX_SHIFT = 256
"""Largest row shift of coefficients."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Codes:
    """A read-only array of codes with its format.

    Raises
    ------
    NetworkError
        If a code does not fit the format.
    """

    codes: NDArray[np.int64] = field(metadata=stored("array"))
    format: FixedFormat

    def __post_init__(self) -> None:
        codes = np.array(self.codes, dtype=np.int64)
        if codes.size and not (
            self.format.min_code <= codes.min() and codes.max() <= self.format.max_code
        ):
            raise NetworkError(
                f"codes must fit {self.format}, not {int(codes.min())} to {int(codes.max())}"
            )
        codes.setflags(write=False)
        object.__setattr__(self, "codes", codes)


def check_sum_bits(where: str, bits: int) -> None:
    """Raise `NetworkError` unless a sum may have so many fraction bits."""
    whole(bits, f"{where}: sum_frac_bits", least=-1000, most=4000, error=NetworkError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A vector of `size` codes."""

    size: int
    format: FixedFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Products of one kind: how many there are in a step, and the widths of both factors in bits.

    Attributes
    ----------
    count, coefficient, operand : int
    """

    count: int
    coefficient: int
    operand: int
