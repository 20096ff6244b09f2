# SPDX-License-Identifier: Apache-2.0
"""Magnitudes by powers of two, in float and in fixed point."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.measure.histogram import ABOVE, BELOW, HistogramStatistics

SIGNED = FixedFormat(signed=True, int_bits=0, frac_bits=3)


def counted(fmt, codes, values):
    statistics = HistogramStatistics(fmt)
    statistics.add(np.array(codes), None if values is None else np.array(values))
    return statistics.report()


def test_codes_fall_into_the_bits_of_their_format():
    histogram = counted(SIGNED, [0, 1, -1, 2, 3, 7, -8], None)
    assert (histogram.fixed_zeros, histogram.ulp_bin, histogram.end_bin) == (1, BELOW, BELOW + 3)
    assert histogram.fixed_counts[BELOW : BELOW + 3] == (2, 2, 2)
    assert sum(histogram.fixed_counts) == 6 and sum(histogram.float_counts) == 0
    assert histogram.lowest + histogram.ulp_bin == -3


@pytest.mark.parametrize(
    ("value", "bin_"),
    [
        (0.125, BELOW), (0.2499, BELOW), (0.25, BELOW + 1), (-0.99, BELOW + 2), (-1.0, BELOW + 2),
        (1.0, BELOW + 3), (1e9, BELOW + 2 + ABOVE), (0.0625, BELOW - 1), (1e-9, 0),
    ],
)  # fmt: skip
def test_float_falls_below_into_and_beyond_the_format(value, bin_):
    counts = counted(SIGNED, [0], [value]).float_counts
    assert [k for k, count in enumerate(counts) if count] == [bin_]


def test_what_is_equal_falls_equally():
    for signed in (True, False):
        fmt = FixedFormat(signed=signed, int_bits=5, frac_bits=0)
        codes = np.arange(fmt.min_code, fmt.max_code + 1)
        histogram = counted(fmt, codes, codes.astype(float))
        assert histogram.float_counts == histogram.fixed_counts
        assert histogram.float_zeros == histogram.fixed_zeros == 1
