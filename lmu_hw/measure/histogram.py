# SPDX-License-Identifier: Apache-2.0
"""How large the values of a signal are, by powers of two, beside what its format holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat

__all__ = ["ABOVE", "BELOW", "Histogram", "HistogramStatistics"]

BELOW, ABOVE = 8, 4
"""Bins for what is smaller than an ulp, and for what is larger than the format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Magnitudes of a signal in float and in fixed point.

    Attributes
    ----------
    lowest : int
        Bin k holds magnitudes from ``2**(lowest + k)`` on, below twice that; the first one also
        those that are smaller and not zero, the last one also those that are larger. The most
        negative value of a format counts as its largest.
    float_counts, fixed_counts : (BELOW + magnitude bits + ABOVE,) int
        Values in each bin.
    float_zeros, fixed_zeros : int
    """

    lowest: int
    float_counts: tuple[int, ...]
    fixed_counts: tuple[int, ...]
    float_zeros: int
    fixed_zeros: int

    @property
    def ulp_bin(self) -> int:
        """The bin that begins with an ulp of the format."""
        return BELOW

    @property
    def end_bin(self) -> int:
        """The first bin beyond the format."""
        return len(self.fixed_counts) - ABOVE


class HistogramStatistics:
    """Accumulates the magnitudes of one signal.

    Parameters
    ----------
    fmt : FixedFormat
    """

    def __init__(self, fmt: FixedFormat) -> None:
        self.format = fmt
        bins = BELOW + fmt.max_code.bit_length() + ABOVE
        self._counts = np.zeros((2, bins + 1), np.int64)  # zeros first

    def add(self, codes: NDArray[np.int64], reference: NDArray[np.float64] | None) -> None:
        """Add codes in the format, and the values of float, if they are comparable."""
        fmt = self.format
        if reference is not None:
            magnitudes = np.abs(reference)
            if fmt.signed:
                magnitudes[reference == fmt.min_value] = fmt.max_value
            self._count(0, magnitudes, fmt.frac_bits)
        largest = np.minimum(np.abs(codes), fmt.max_code)
        self._count(1, largest.astype(np.float64), 0)

    def _count(self, which: int, magnitudes: NDArray[np.float64], frac_bits: int) -> None:
        """Count values whose ulp is ``2**-frac_bits``."""
        bins = self._counts.shape[1] - 1
        places = np.frexp(magnitudes)[1] + (frac_bits + BELOW)  # 2**k lies in [0.5, 1) * 2**(k+1)
        np.clip(places, 1, bins, out=places)
        places[magnitudes == 0.0] = 0
        self._counts[which] += np.bincount(places.ravel(), minlength=bins + 1)

    def report(self) -> Histogram:
        """Return what was added."""
        floats, fixed = self._counts.tolist()
        return Histogram(
            lowest=-self.format.frac_bits - BELOW,
            float_counts=tuple(floats[1:]),
            fixed_counts=tuple(fixed[1:]),
            float_zeros=floats[0],
            fixed_zeros=fixed[0],
        )
