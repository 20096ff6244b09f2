# SPDX-License-Identifier: Apache-2.0
"""Formats and codes of weights, and the scale of each row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Role
from lmu_hw.network.float_nodes import FloatNode, FloatTerm
from lmu_hw.realize.weights import (
    best_row_shifts,
    rounded_weights,
    row_shifts,
    weight_codes,
    weight_format,
    weight_formats,
)
from tests import networks, oracle

NONE = np.zeros(1, np.int64)
UNEVEN = np.array([[0.9, -0.7], [0.011, 0.013], [0.1, 0.12], [-1e-4, 0.0]])


def float_node(matrix):
    term = FloatTerm(source="x", delayed=False, matrix=matrix)
    return FloatNode(
        layer="l",
        role=Role.ENCODED,
        segments=1,
        terms=(term,),
        bias=None,
        activation="linear",
        last_only=False,
    )


def fits(matrix, fmt):
    shifts = np.zeros(len(matrix), np.int64)
    try:
        weight_codes(matrix, fmt, shifts, "w")
    except ConfigError:
        return False
    return True


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(
    high=st.floats(-100, 100).filter(lambda v: v == 0 or abs(v) > 1e-6),
    low=st.floats(-100, 100).filter(lambda v: v == 0 or abs(v) > 1e-6),
    bits=st.integers(2, 16),
)
def test_the_format_of_weights_has_the_smallest_ulp_that_fits(high, low, bits):
    matrix = np.array([[high, low]])
    fmt = weight_format(matrix, bits, where="w")
    assert fmt.width == bits and fmt.signed
    assert fits(matrix, fmt)
    if matrix.any():
        assert not fits(
            matrix, replace(fmt, int_bits=fmt.int_bits - 1, frac_bits=fmt.frac_bits + 1)
        )


@pytest.mark.parametrize(
    ("value", "notation"),
    [
        (-1.0, "sQ0.7"),
        (1.0, "sQ1.6"),
        (0.99, "sQ0.7"),
        (0.0, "sQ0.7"),
        (127.5 / 128, "sQ1.6"),  # a tie, to the even code 128
        (-128.5 / 128, "sQ0.7"),  # a tie, to the even code -128
    ],
)
def test_limits_of_the_format_of_weights(value, notation):
    assert weight_format(np.array([[value]]), 8, where="w").notation() == notation


def test_weights_that_would_all_vanish_are_refused():
    with pytest.raises(ConfigError, match="w: 1 bits are too few: all weights would round to ze"):
        weight_format(np.array([[0.3]]), 1, where="w")


def test_weights_beyond_their_format_are_refused():
    fmt = FixedFormat(signed=True, int_bits=0, frac_bits=7)
    message = r"w: the weights must fit sQ0\.7 \(8 bits\), but row 1, column 0 is 1\.5"
    with pytest.raises(ConfigError, match=message):
        weight_codes(np.array([[0.5, 0.2], [1.5, 0.0]]), fmt, np.zeros(2, np.int64), "w")


def test_codes_are_the_nearest():
    fmt = FixedFormat(signed=True, int_bits=0, frac_bits=7)
    matrix = np.random.default_rng(1).uniform(-1, 0.99, (5, 6))
    codes = weight_codes(matrix, fmt, np.zeros(5, np.int64), "w")
    assert np.max(np.abs(dequantize(codes.codes, fmt) - matrix)) <= fmt.ulp / 2


def test_row_shifts_are_the_largest_that_fit():
    fmt = weight_format(UNEVEN, 8, where="w")
    shifts = row_shifts(float_node(UNEVEN), {"x": fmt})
    weight_codes(UNEVEN, fmt, shifts, "w")
    for row in range(len(UNEVEN)):
        more = shifts.copy()
        more[row] += 1
        if more[row] <= 7:
            with pytest.raises(ConfigError, match=f"but row {row}"):
                weight_codes(UNEVEN, fmt, more, "w")
    assert shifts.tolist() == [0, 6, 3, 7]


def test_row_shifts_pay_where_rows_differ():
    fmt = weight_format(UNEVEN, 8, where="w")
    shifts, gain = best_row_shifts(float_node(UNEVEN), {"x": fmt})
    assert any(shifts)
    assert gain >= 1.5


def test_row_shifts_are_left_out_where_rows_are_alike():
    matrix = np.random.default_rng(1).uniform(-1, 1, (8, 8))
    shifts, gain = best_row_shifts(float_node(matrix), {"x": weight_format(matrix, 8, where="w")})
    assert not any(shifts)
    assert gain < 1.5


@pytest.mark.parametrize("margin", [2.0, 4.0])
def test_rows_are_shifted_into_the_room_of_a_margin(margin):
    matrix = np.random.default_rng(1).uniform(-0.9, 0.9, (8, 8))
    values = []
    for factor in (1.0, margin):
        formats = weight_formats(float_node(matrix), 8, margin=factor).weights
        weights = rounded_weights(float_node(matrix), formats, {"x": formats["x"]}, limit=7)
        codes = weights.terms[0].weights
        values.append(dequantize(codes.codes, codes.format) * 2.0 ** -weights.shifts[:, None])
        assert codes.format.max_value >= factor * matrix.max() - codes.format.ulp
    np.testing.assert_array_equal(*values)


def test_row_shifts_bring_the_network_closer():
    net = networks.network(hidden="dense", activation="linear", units=4, order=4)
    cell = net.layers[0].hidden
    scale = np.array([[1.0], [0.01], [0.1], [0.02]])
    uneven = replace(cell, W_m=cell.W_m * scale, W_x=cell.W_x * scale, b=cell.b * scale[:, 0])
    net = replace(net, layers=(replace(net.layers[0], hidden=uneven),))
    network = networks.quantized(net, weight_bits=6, state_bits=20)
    assert network.nodes[-1].row_shifts is not None
    x = networks.noise(net, sequences=1, steps=12, seed=1)
    model = GoldenModel(network)
    x_codes = model.quantize_input(x)
    y_codes, _ = model.run(x_codes)
    assert np.array_equal(y_codes[0], oracle.Oracle(network).run(x_codes[0].tolist()))
    error = np.abs(model.output_values(y_codes) - net.run(x))[0, :, 1:].max()
    assert error < 0.01 * np.abs(net.run(x)[0, :, 1:]).max() + 0.002
