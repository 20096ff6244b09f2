# SPDX-License-Identifier: Apache-2.0
"""The format of the input: exact where data are integers, wide enough elsewhere."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.fixed.ops import dequantize, quantize
from lmu_hw.quantize import Options
from lmu_hw.quantize.formats import input_format


def scaled(**options):
    return Options(input_scale=Fraction(1, 255), **options)


@pytest.mark.parametrize(
    ("x", "signed", "width"),
    [([0.0, 255.0], False, 8), ([-4.0, 3.0], True, 3), ([0.0, 1.0], False, 1)],
)
def test_integers_in_units_of_the_scale_are_exact_in_the_fewest_bits(x, signed, width):
    x = np.array(x)
    requant = input_format(x, scaled())
    assert (requant.format.signed, requant.format.width) == (signed, width)
    codes, outside = quantize(x, requant)
    assert outside == 0 and np.array_equal(dequantize(codes, requant.format), x)


def test_integers_keep_their_unit_in_the_bits_that_are_asked_for():
    fmt = input_format(np.array([0.0, 255.0]), scaled(input_bits=10)).format
    assert (fmt.width, fmt.frac_bits) == (10, 0)


@pytest.mark.parametrize("largest", [2.0**62, np.inf])
def test_data_beyond_every_format_are_refused(largest):
    with pytest.raises(ConfigError, match=r"must be below 2\*\*62 in magnitude, but reaches"):
        input_format(np.array([0.0, largest]), Options())
