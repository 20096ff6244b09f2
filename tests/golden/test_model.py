# SPDX-License-Identifier: Apache-2.0
"""The golden model's arithmetic kinds, batches, traces, counts and refusals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.errors import NetworkError, RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Role
from lmu_hw.network import INPUT, Codes, Node, QuantizedLayer, QuantizedNetwork, Signal, Term
from tests import networks


@pytest.fixture
def small():
    return networks.quantized(networks.network(hidden_to_memory=True), weight_bits=8)


def _with_node(network: QuantizedNetwork, index: int, **changes) -> QuantizedNetwork:
    layer = network.layers[-1]
    nodes = list(layer.nodes)
    nodes[index] = replace(nodes[index], **changes)
    return replace(network, layers=(*network.layers[:-1], replace(layer, nodes=tuple(nodes))))


def _shifted(network: QuantizedNetwork, up: int) -> QuantizedNetwork:
    """Return the network with `up` more fraction bits in the sum of u: the same values."""
    node = network.layers[0].nodes[0]
    fmt = node.bias.format
    bias = replace(
        node.bias,
        codes=node.bias.codes << up,
        format=replace(fmt, frac_bits=fmt.frac_bits + up),
    )
    return _with_node(network, 0, sum_frac_bits=node.sum_frac_bits + up, bias=bias)


def _keeping(network: QuantizedNetwork) -> QuantizedNetwork:
    """Return the network with error feedback in u and m."""
    for index in range(2):
        node = network.layers[-1].nodes[index]
        requant = replace(node.requant, rounding=Rounding.FLOOR)
        network = _with_node(network, index, requant=requant, error_feedback=True)
    return network


def _quarter(*, bias: int = 0, overflow: Overflow = Overflow.SATURATE) -> QuantizedNetwork:
    """Return a network whose only node is ``bias / 128 - x / 4`` codes, with error feedback."""
    fmt = FixedFormat(signed=True, int_bits=0, frac_bits=7)
    requant = Requant(format=fmt, rounding=Rounding.FLOOR, overflow=overflow)
    weights = Codes(codes=np.array([[-32]]), format=replace(fmt, int_bits=-2, frac_bits=7))
    wide = FixedFormat(signed=True, int_bits=1, frac_bits=14)
    node = Node(
        layer="l",
        role=Role.ENCODED,
        segments=1,
        terms=(Term(source=INPUT, delayed=False, weights=weights),),
        bias=Codes(codes=np.array([bias]), format=wide),
        row_shifts=None,
        sum_frac_bits=14,
        requant=requant,
        activation=None,
        last_only=False,
        error_feedback=True,
    )
    layer = QuantizedLayer(
        name="l",
        input=Signal(size=1, format=fmt),
        nodes=(node,),
        outputs=("l.u",),
        last_only=False,
    )
    return QuantizedNetwork(
        name="quarter",
        input=requant,
        input_scale=Fraction(1),
        layers=(layer,),
        answers_once=False,
        softmax=False,
        model_digest="0" * 64,
    )


@pytest.mark.parametrize("rounding", Rounding)
def test_both_kinds_of_arithmetic_give_equal_codes(small, rounding):
    requant = replace(small.layers[0].nodes[0].requant, rounding=rounding)
    small = _with_node(small, 0, requant=requant)
    narrow, wide = GoldenModel(small), GoldenModel(_shifted(small, 30))
    assert (narrow.kind, wide.kind) == (np.float64, np.int64)
    x_codes = np.random.default_rng(1).integers(-32768, 32768, (3, 30, 1))
    expected, actual = narrow.trace(x_codes), wide.trace(x_codes)
    assert expected.overflows == actual.overflows
    for name, codes in expected.codes.items():
        assert np.array_equal(actual.codes[name], codes), name


def test_both_kinds_of_arithmetic_keep_equal_residues(small):
    small = _keeping(small)
    narrow, wide = GoldenModel(small), GoldenModel(_shifted(small, 30))
    assert (narrow.kind, wide.kind) == (np.float64, np.int64)
    x_codes = np.random.default_rng(1).integers(-32768, 32768, (3, 30, 1))
    expected, actual = narrow.trace(x_codes), wide.trace(x_codes)
    for name, codes in expected.codes.items():
        assert np.array_equal(actual.codes[name], codes), name


@pytest.mark.parametrize(
    ("x", "expected"), [(-1, [0, 0, 0, 1, 0, 0, 0, 1]), (1, [-1, 0, 0, 0, -1, 0, 0, 0])]
)
def test_error_feedback_adds_up_what_narrowing_drops(x, expected):
    y, _ = GoldenModel(_quarter()).run(np.full((1, 8, 1), x))
    assert y[0, :, 0].tolist() == expected


@pytest.mark.parametrize(("overflow", "code"), [(Overflow.SATURATE, 127), (Overflow.WRAP, -128)])
def test_a_residue_is_kept_where_the_code_overflows(overflow, code):
    # The bias is 96.5 codes; the input adds 32 at the first step.
    model = GoldenModel(_quarter(bias=96 * 128 + 64, overflow=overflow))
    y, overflows = model.run(np.array([[[-128], [0], [0]]]))
    assert y[0, :, 0].tolist() == [code, 97, 96]
    assert overflows["l.u"] == 1


@pytest.mark.parametrize("changed", [lambda network: network, _keeping])
def test_a_batch_gives_what_its_sequences_give(small, changed):
    x_codes = np.random.default_rng(2).integers(-32768, 32768, (5, 7, 1))
    model = GoldenModel(changed(small))
    together, _ = model.run(x_codes)
    assert np.array_equal(together, np.concatenate([model.run(x[None])[0] for x in x_codes]))


def test_more_sequences_than_a_chunk(small):
    x_codes = np.random.default_rng(2).integers(-32768, 32768, (260, 2, 1))
    done = []
    together, _ = GoldenModel(small).run(x_codes, progress=done.append)
    assert done == [250, 10]
    assert np.array_equal(together[255:], GoldenModel(small).run(x_codes[255:])[0])


@pytest.mark.parametrize("changed", [lambda network: network, _keeping])
def test_no_state_survives_a_run(small, changed):
    x_codes = np.random.default_rng(2).integers(-32768, 32768, (1, 7, 1))
    model = GoldenModel(changed(small))
    assert np.array_equal(model.run(x_codes)[0], model.run(x_codes)[0])


def test_trace_names_are_those_of_the_float_network(small):
    network = networks.network(hidden_to_memory=True)
    x = networks.noise(network, sequences=1, steps=3)
    model = GoldenModel(small)
    assert set(model.trace(model.quantize_input(x)).codes) == set(network.trace(x))


def test_a_node_of_the_last_step_has_one_step_in_the_trace():
    net = networks.network(hidden="dense", return_sequences=False)
    model = GoldenModel(networks.quantized(net))
    trace = model.trace(np.ones((2, 5, 1), np.int64))
    assert trace.codes["lmu0.h"].shape == (2, 1, 3)
    assert trace.codes["lmu0.m"].shape == (2, 5, 3)


def test_answers_once_have_no_steps():
    net = networks.network(return_sequences=False)
    y_codes, _ = GoldenModel(networks.quantized(net)).run(np.ones((2, 5, 1), np.int64))
    assert y_codes.shape == (2, 3)


def test_saturation_is_counted(small):
    node = small.layers[0].nodes[0]
    tight = replace(node.requant, format=FixedFormat(signed=True, int_bits=-6, frac_bits=15))
    _, overflows = GoldenModel(_with_node(small, 0, requant=tight)).run(np.full((1, 3, 1), 32767))
    assert overflows["lmu0.u"] == 3


def test_nothing_is_counted_where_nothing_overflows(small):
    _, overflows = GoldenModel(small).run(np.zeros((1, 3, 1), np.int64))
    assert set(overflows.values()) == {0}


def test_forbidden_overflow_raises_and_names_the_node(small):
    node = small.layers[0].nodes[0]
    tight = replace(
        node.requant,
        format=FixedFormat(signed=True, int_bits=-6, frac_bits=15),
        overflow=Overflow.FORBID,
    )
    model = GoldenModel(_with_node(small, 0, requant=tight))
    with pytest.raises(RangeError, match=r"lmu0\.u must stay within sQ-6\.15 \(10 bits\), but 1"):
        model.run(np.full((1, 1, 1), 32767))


def test_sums_too_large_to_be_exact_are_refused(small):
    with pytest.raises(RangeError, match=r"lmu0\.u: its sum must stay below 2\*\*61"):
        GoldenModel(_shifted(small, 40))


def test_a_narrowing_that_shifts_left_too_far_is_refused():
    network = networks.quantized(networks.network(dense=2))
    node = network.layers[-1].nodes[0]
    frac_bits = node.sum_frac_bits + 45
    far = FixedFormat.of_width(40, signed=True, int_bits=39 - frac_bits)
    with pytest.raises(RangeError, match=r"dense\.y: its sum must stay below"):
        GoldenModel(_with_node(network, 0, requant=replace(node.requant, format=far)))


def test_input_is_divided_by_its_scale(small):
    model = GoldenModel(replace(small, input_scale=Fraction(1, 255)))
    expected = GoldenModel(small).quantize_input(np.full((1, 1, 1), 0.5))
    assert np.array_equal(model.quantize_input(np.full((1, 1, 1), 0.5 / 255)), expected)


@pytest.mark.parametrize("shape", [(3, 1), (1, 3, 2), (0, 3, 1), (1, 0, 1)])
def test_input_of_another_shape_is_refused(small, shape):
    model = GoldenModel(small)
    for entry in (model.quantize_input, model.run, model.trace):
        with pytest.raises(
            NetworkError, match=r"input must have the shape \(sequences, steps, 1\)"
        ):
            entry(np.zeros(shape, np.int64))


def test_input_that_is_not_finite_is_refused(small):
    with pytest.raises(RangeError, match="input must be finite"):
        GoldenModel(small).quantize_input(np.full((1, 1, 1), np.nan))


def test_codes_outside_the_input_format_are_refused(small):
    for entry in (GoldenModel(small).run, GoldenModel(small).trace):
        with pytest.raises(RangeError, match=r"input codes must fit sQ0\.15 .* not 0 to 32768"):
            entry(np.array([[[0], [32768]]]))


def test_output_values_are_codes_times_the_ulp(small):
    codes = np.array([[1, -2, 3]])
    ulp = small.output.format.ulp
    assert np.array_equal(GoldenModel(small).output_values(codes), codes * ulp)
