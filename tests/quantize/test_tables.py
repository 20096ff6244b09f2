# SPDX-License-Identifier: Apache-2.0
"""Activation tables: every answer is within its bound, at every code, and cheap."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat
from lmu_hw.fixed.ops import dequantize
from lmu_hw.lmu.activations import ACTIVATIONS
from lmu_hw.network import Slopes
from lmu_hw.quantize.decompose import table_cost
from lmu_hw.quantize.tables import MAX_TABLE_BITS, saturation_int_bits, table_error, tabulate

SOURCE = FixedFormat(signed=True, int_bits=3, frac_bits=6)
BOUNDED = ("tanh", "sigmoid", "softsign", "hard_tanh", "hard_sigmoid", "hard_sigmoid_keras2")
TANH = (
    FixedFormat.of_width(15, signed=True, int_bits=3),
    FixedFormat.of_width(12, signed=True, int_bits=0),
)


def errors(table) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each answer is off, and how far the function leaves the format, in ulp."""
    source, output = table.source, table.format
    codes = np.arange(source.min_code, source.max_code + 1)
    exact = ACTIVATIONS[table.function](dequantize(codes, source)) / output.ulp
    beyond = np.abs(exact - np.clip(exact, output.min_code, output.max_code))
    return np.abs(table.codes.codes[codes] - exact), beyond


@pytest.mark.parametrize("bound", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("function", ACTIVATIONS)
def test_no_answer_is_off_by_more_than_the_bound(function, bound):
    for width, frac_bits, signed, int_bits in (
        (6, 3, True, 2),
        (11, 5, True, 3),
        (13, 9, False, 0),
    ):
        output = FixedFormat.of_width(width, signed=signed, int_bits=int_bits)
        source = FixedFormat(signed=True, int_bits=3, frac_bits=frac_bits)
        table = tabulate(function, source, output, where="n", error=bound)
        off, beyond = errors(table)
        assert np.all(off <= np.maximum(bound, beyond))
        assert table_error(table, where="n") == (
            off[beyond == 0].max(initial=0.0),
            off[beyond > 0].max(initial=0.0),
        )


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_the_nearest_code_is_that_of_half_even_rounding(function):
    output = FixedFormat(signed=True, int_bits=3, frac_bits=6)
    table = tabulate(function, SOURCE, output, where="n", error=0.5)
    codes = np.arange(SOURCE.min_code, SOURCE.max_code + 1)
    nearest = np.rint(ACTIVATIONS[function](dequantize(codes, SOURCE)) / output.ulp)
    expected = nearest.clip(output.min_code, output.max_code)
    assert np.array_equal(table.codes.codes[codes], expected)


def test_tanh_of_12_bits_takes_a_hundredth_of_a_full_table():
    table = tabulate("tanh", *TANH, where="n", error=1.0)
    assert isinstance(table.interpolation, Slopes)
    assert table.mirrored and table.reflection == 0
    assert table.table_bits <= (12 << 15) // 100
    nearest = tabulate("tanh", *TANH, where="n", error=0.5)
    assert nearest.table_bits <= (12 << 15) // 25


def test_a_nearer_table_is_taken_where_it_costs_little():
    table = tabulate("tanh", *TANH, where="n", error=1.0)
    assert table_error(table, where="n")[0] <= 0.75
    other = tabulate("tanh", *TANH, where="n", error=0.75)
    assert table_cost(table) == table_cost(other)


SYMMETRIES = {
    "tanh": (True, 0, False),
    "softsign": (True, 0, False),
    "sigmoid": (True, 1 << 11, False),
    "hard_sigmoid": (True, 1 << 11, False),
    "softplus": (True, None, True),
    "silu": (True, None, True),
    "gelu": (True, None, True),
    "elu": (False, None, True),
    "exponential": (False, None, False),
}


@pytest.mark.parametrize("function", SYMMETRIES)
def test_symmetries_are_found(function):
    output = FixedFormat(signed=True, int_bits=12, frac_bits=11)
    source = FixedFormat(signed=True, int_bits=3, frac_bits=8)
    table = tabulate(function, source, output, where="n", error=1.0)
    assert (table.mirrored, table.reflection, table.ramp) == SYMMETRIES[function]


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
