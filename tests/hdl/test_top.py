# SPDX-License-Identifier: Apache-2.0
"""Whole networks in Amaranth's simulator: every word equal to the golden model's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat, Overflow, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.network import QuantizedNetwork, element_bits
from lmu_hw.quantize import quantize
from tests import networks, random_networks
from tests.hdl.bench import simulate
from tests.plans import fastest_plan

WORDS: dict[str, Any] = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}

SHAPES: dict[str, dict[str, Any]] = {
    "order 1": {"order": 1},
    "order 2, everything fed back": {
        "order": 2,
        "hidden_to_memory": True,
        "memory_to_memory": True,
    },
    "order 5, three inputs": {"order": 5, "inputs": 3},
    "order 6, no bias, no input to hidden": {"order": 6, "bias": False, "input_to_hidden": False},
    "two memories": {"memory_d": 2, "order": 3, "memory_to_memory": True, "inputs": 3},
    "three memories": {"memory_d": 3, "order": 2, "hidden_to_memory": True, "units": 5},
    "dense cell, relu": {"hidden": "dense", "activation": "relu", "units": 5},
    "dense cell, fed back to the memory": {"hidden": "dense", "hidden_to_memory": True},
    "sigmoid": {"activation": "sigmoid", "bias": False},
    "linear": {"activation": "linear", "hidden_to_memory": True},
    "bare memory": {"hidden": "none", "input_to_hidden": False, "order": 5},
    "bare memories": {"hidden": "none", "input_to_hidden": False, "memory_d": 2, "inputs": 3},
    "memory beside its input": {"hidden": "none", "order": 4},
    "memories beside three inputs": {"hidden": "none", "memory_d": 2, "inputs": 3},
    "answers once": {"return_sequences": False, "hidden": "dense", "order": 4},
    "answers once, recurrent": {"return_sequences": False, "hidden_to_memory": True},
    "answers once, bare memory": {"return_sequences": False, "hidden": "none"},
    "stack": {"layers": 2, "dense": 2, "dense_activation": "relu", "hidden_to_memory": True},
    "stack that answers once": {"layers": 2, "dense": 3, "return_sequences": False},
    "bare memory before dense": {
        "hidden": "none",
        "input_to_hidden": False,
        "dense": 3,
        "order": 6,
        "inputs": 3,
    },
}
LANES = (1, 2, 3, 5, 7, 8, 16, None)


def with_modes(
    network: QuantizedNetwork, rounding: Rounding, overflow: Overflow
) -> QuantizedNetwork:
    """Return the network with other modes in every node."""
    layers = []
    for layer in network.layers:
        nodes = tuple(
            replace(node, requant=replace(node.requant, rounding=rounding, overflow=overflow))
            for node in layer.nodes
        )
        layers.append(replace(layer, nodes=nodes))
    return replace(network, layers=tuple(layers))


@pytest.mark.every(3)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("lanes", [3, None])
def test_every_shape_answers_as_the_golden_model(shape, lanes):
    network = networks.quantized(networks.network(**SHAPES[shape]), **WORDS)
    simulate(network, fastest_plan(network, lanes), lengths=(1, 2, 5))


@pytest.mark.parametrize("once", [False, True])
def test_columns_that_layers_hand_on_stay_as_they_are(once):
    network = networks.quantized(networks.passing(return_sequences=not once), **WORDS)
    simulate(network, fastest_plan(network, 3), lengths=(1, 2, 5), pause=0.6)


@pytest.mark.parametrize("shape", SHAPES)
def test_pauses_and_back_pressure_change_no_word(shape):
    network = networks.quantized(networks.network(**SHAPES[shape]), **WORDS)
    simulate(network, fastest_plan(network, 5), lengths=(1, 2, 5), pause=0.6)


@pytest.mark.every(3)
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("pause", [0.0, 0.5])
def test_no_number_of_lanes_changes_a_word(lanes, pause):
    shape = {
        "order": 5,
        "units": 6,
        "hidden_to_memory": True,
        "memory_to_memory": True,
        "inputs": 3,
    }
    network = networks.quantized(networks.network(**shape), **WORDS)
    simulate(network, fastest_plan(network, lanes), lengths=(2, 1, 3), pause=pause)


@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
@pytest.mark.parametrize("rounding", Rounding)
def test_every_mode_where_sums_overflow(rounding, overflow):
    net = networks.network(order=4, hidden_to_memory=True, dense=2)
    narrow = networks.quantized(net, narrower=2, **WORDS)
    network = with_modes(narrow, rounding, overflow)
    x_codes = np.random.default_rng(5).integers(-128, 128, (2, 8, 1))
    assert sum(GoldenModel(network).run(x_codes)[1].values()) > 0
    simulate(network, fastest_plan(network, 4), x_codes=x_codes)


@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
def test_relu_takes_the_sign_of_the_wrapped_code(overflow):
    net = networks.network(hidden="dense", activation="relu", units=6)
    network = networks.quantized(net, narrower=2, overflow=overflow, **WORDS)
    x_codes = np.random.default_rng(5).integers(-128, 128, (2, 8, 1))
    assert GoldenModel(network).run(x_codes)[1]["lmu0.h"] > 0
    simulate(network, fastest_plan(network, 4), x_codes=x_codes)


@pytest.mark.parametrize("rounding", Rounding)
def test_forbid_spends_nothing_where_nothing_overflows(rounding):
    net = networks.network(order=4, activation="linear", hidden="dense")
    network = with_modes(networks.quantized(net, **WORDS), rounding, Overflow.FORBID)
    x_codes = np.random.default_rng(5).integers(-40, 40, (2, 8, 1))
    simulate(network, fastest_plan(network, 4), x_codes=x_codes)


@pytest.mark.parametrize("lanes", [1, 6, None])
def test_row_shifts(lanes):
    net = networks.network(order=6, hidden="dense", activation="linear", units=4)
    cell = net.layers[0].hidden
    uneven = replace(cell, W_m=cell.W_m * np.array([[1.0], [0.3], [0.02], [0.1]]))
    net = replace(net, layers=(replace(net.layers[0], hidden=uneven),))
    config = networks.configured(net, **WORDS)
    nodes = {name: replace(node, row_shifts=True) for name, node in config.nodes.items()}
    network = quantize(net, replace(config, nodes=nodes), model_digest="0" * 64)
    assert any(len(set(node.row_shifts or (0,))) > 1 for node in network.nodes)
    simulate(network, fastest_plan(network, lanes))


@pytest.mark.parametrize("memory_bits", [4, 11])
def test_memory_coefficients_of_another_width(memory_bits):
    net = networks.network(order=4, memory_d=2, memory_to_memory=True)
    network = networks.quantized(net, memory_bits=memory_bits, **WORDS)
    simulate(network, fastest_plan(network, 5))


@pytest.mark.parametrize("input_bits", [2, 8, 9, 12])
def test_unsigned_input_of_any_width(input_bits):
    net = networks.network(order=3, inputs=3, hidden_to_memory=True)
    network = networks.quantized(net, unsigned=True, input_bits=input_bits, **WORDS)
    assert not network.input.format.signed
    simulate(network, fastest_plan(network, 8), pause=0.2)


def test_unequal_output_formats_share_a_binary_point():
    net = networks.network(hidden="none", order=3, inputs=3)
    network = networks.quantized(net, input_bits=5, unsigned=True, **WORDS)
    formats = {network.layers[0].signals[name].format for name in network.layers[0].outputs}
    assert len(formats) == 2
    simulate(network, fastest_plan(network, 4))


def test_wide_words_beyond_float64():
    net = networks.network(order=3, hidden_to_memory=True, bias=True)
    network = networks.quantized(net, weight_bits=24, state_bits=28, activation_bits=10)
    assert GoldenModel(network).kind is np.int64
    simulate(network, fastest_plan(network, 8))


def test_a_bias_beside_row_shifts_may_take_more_than_64_bits():
    net = networks.network(order=3, hidden="dense", activation="linear", units=2)
    cell = net.layers[0].hidden
    small = replace(cell, W_m=cell.W_m / 16, W_x=cell.W_x / 16, b=np.array([-1.5, 1.3]))
    net = replace(net, layers=(replace(net.layers[0], hidden=small),))
    network = networks.quantized(net, weight_bits=6, state_bits=12)
    layer = network.layers[0]
    node = layer.nodes[-1]
    up = 60 - node.sum_frac_bits
    fmt = FixedFormat(signed=True, int_bits=1, frac_bits=60)
    bias = replace(node.bias, codes=node.bias.codes << up, format=fmt)
    wide = replace(node, row_shifts=(0, 7), sum_frac_bits=60, bias=bias)
    network = replace(network, layers=(replace(layer, nodes=(*layer.nodes[:-1], wide)),))
    simulate(network, fastest_plan(network, 4))


@pytest.mark.every(3)
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize(
    "shape",
    [
        {"order": 6, "units": 5},
        {"memory_d": 2, "order": 3, "inputs": 3},
        {"hidden": "none", "order": 5},
        {"layers": 2, "dense": 4, "order": 4, "hidden_to_memory": True},
    ],
    ids=["one layer", "two memories", "memory beside its input", "stack"],
)
def test_steps_take_the_cycles_of_the_plan(shape, lanes):
    network = networks.quantized(networks.network(**shape), **WORDS)
    plan = fastest_plan(network, lanes)
    seen = simulate(network, plan, lengths=(9,))
    cycles = [layer.cycles(last_step=False) for layer in plan.layers]
    slowest = cycles.index(max(cycles))
    steady = np.diff(seen.starts[slowest])[3:]
    assert set(steady.tolist()) == {plan.cycles(last_step=False)}


@pytest.mark.parametrize("lanes", [1, 4, None])
def test_a_last_step_takes_longer_where_it_answers(lanes):
    net = networks.network(hidden="dense", order=4, return_sequences=False)
    network = networks.quantized(net, **WORDS)
    plan = fastest_plan(network, lanes)
    seen = simulate(network, plan, lengths=(3, 3))
    last, other = plan.cycles(last_step=True), plan.cycles(last_step=False)
    assert last > other
    assert np.diff(seen.starts[0]).tolist() == [other, other, last, other, other]


def test_transfers_limit_a_wide_input():
    net = networks.network(hidden="none", input_to_hidden=False, order=1, memory_d=2, inputs=64)
    network = networks.quantized(net, **WORDS)
    plan = fastest_plan(network, None)
    assert plan.cycles(last_step=False) == plan.layers[0].input_beats
    seen = simulate(network, plan, lengths=(6,))
    assert seen.intervals(0) == {plan.cycles(last_step=False)}


@pytest.mark.parametrize("seed", range(20))
def test_any_specification(seed):
    random = np.random.default_rng(seed)
    network = random_networks.random_network(random)
    lanes = LANES[seed % len(LANES)]
    sequences = [random_networks.random_input(random, network, 1, n)[0] for n in (1, 4, 2)]
    simulate(network, fastest_plan(network, lanes), x_codes=sequences, pause=0.3 * (seed % 2))


def test_elements_take_whole_bytes_at_the_top():
    network = networks.quantized(networks.network(), weight_bits=6, state_bits=9)
    assert element_bits(network.layers[0].input) == 16
