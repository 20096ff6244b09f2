# SPDX-License-Identifier: Apache-2.0
"""Activation tables: every entry is the nearest code."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat
from lmu_hw.fixed.ops import dequantize
from lmu_hw.lmu.activations import ACTIVATIONS
from lmu_hw.quantize.tables import MAX_TABLE_BITS, saturation_int_bits, tabulate

SOURCE = FixedFormat(signed=True, int_bits=3, frac_bits=6)
BOUNDED = ("tanh", "sigmoid", "softsign", "hard_tanh", "hard_sigmoid", "hard_sigmoid_keras2")


@pytest.mark.parametrize("function", ACTIVATIONS)
@pytest.mark.parametrize("signed", [False, True])
def test_every_entry_is_the_nearest_code(function, signed):
    output = FixedFormat(signed=True, int_bits=12, frac_bits=8)
    source = FixedFormat.of_width(10, signed=signed, int_bits=3)
    table = tabulate(function, source, output, where="n")
    codes = np.arange(source.min_code, source.max_code + 1)
    entries = table.codes.codes[codes % (1 << source.width)]
    exact = ACTIVATIONS[function](dequantize(codes, source))
    error = np.abs(dequantize(entries, output) - exact)
    assert np.max(error) <= output.ulp / 2


@pytest.mark.parametrize("function", BOUNDED)
def test_a_table_that_saturates_below_its_limit_is_within_one_ulp(function):
    signed = function in ("tanh", "softsign", "hard_tanh")
    output = FixedFormat.of_width(8, signed=signed, int_bits=0)
    table = tabulate(function, SOURCE, output, where="n")
    codes = np.arange(SOURCE.min_code, SOURCE.max_code + 1)
    exact = ACTIVATIONS[function](dequantize(codes, SOURCE))
    entries = table.codes.codes[codes]
    error = np.abs(dequantize(entries, output) - exact) / output.ulp
    limit = np.where(entries == output.max_code, 1.0, 0.5)
    assert np.all(error <= limit)


def test_address_0_is_code_0():
    output = FixedFormat(signed=True, int_bits=3, frac_bits=6)
    table = tabulate("linear", SOURCE, output, where="n")
    assert table.codes.codes[[0, 1, -1]].tolist() == [0, 1, -1]


def test_a_table_too_large_is_refused():
    source = FixedFormat.of_width(MAX_TABLE_BITS + 1, signed=True, int_bits=2)
    message = r"n: the table of tanh must have at most 20 address bits, not 21 \(sQ2\.18"
    with pytest.raises(ConfigError, match=message):
        tabulate("tanh", source, SOURCE, where="n")


@pytest.mark.parametrize("ulp", [2.0**-4, 2.0**-11, 2.0**-15])
@pytest.mark.parametrize("function", ["tanh", "sigmoid", "hard_tanh", "hard_sigmoid"])
def test_beyond_the_limit_a_function_is_constant(function, ulp):
    bits = saturation_int_bits(function, ulp, where="n")
    assert bits is not None
    f = ACTIVATIONS[function]
    beyond = np.linspace(2.0**bits, 2.0 ** (bits + 4), 1000)
    assert np.max(np.abs(f(beyond) - f(np.array([1e5])))) <= ulp / 2
    assert np.max(np.abs(f(-beyond) - f(np.array([-1e5])))) <= ulp / 2
    inside = np.array([-1.0, 1.0]) * 2.0 ** (bits - 1)
    assert np.max(np.abs(f(inside) - f(np.array([-1e5, 1e5])))) > ulp / 2


@pytest.mark.parametrize("function", ["linear", "softplus", "exponential", "gelu", "elu"])
def test_a_function_that_grows_has_no_limit(function):
    assert saturation_int_bits(function, 2.0**-8, where="n") is None
