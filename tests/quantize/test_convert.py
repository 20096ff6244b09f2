# SPDX-License-Identifier: Apache-2.0
"""Choosing formats and turning a network into integers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.fixed import FixedFormat
from lmu_hw.golden import GoldenModel
from lmu_hw.network import Rectifier, Table
from lmu_hw.quantize import MemoryScale, Options, configure, quantize
from tests import networks


def edited(config, name, **changes):
    """Return the configuration with one node changed."""
    nodes = {**config.nodes, name: replace(config.nodes[name], **changes)}
    return replace(config, nodes=nodes)


def convert(net, config):
    return quantize(net, config, model_digest="0" * 64)


@pytest.fixture(scope="module")
def net():
    return networks.network(dense=2, dense_activation="relu")


@pytest.fixture(scope="module")
def config(net):
    return networks.configured(net)


def test_word_lengths_are_those_asked_for(net):
    network = networks.quantized(
        net, weight_bits=7, memory_bits=9, state_bits=11, activation_bits=8, input_bits=10
    )
    u, m, h, y = network.nodes
    assert network.input.format.width == 10
    assert [node.requant.format.width for node in (u, m)] == [11, 11]
    assert [h.signal.format.width, y.signal.format.width] == [8, 8]
    assert {term.weights.format.width for node in (u, h, y) for term in node.terms} == {7}
    assert {term.weights.format.width for term in m.terms} == {9}


def test_weights_are_the_nearest_codes(net, config):
    network = convert(net, config)
    dense = network.nodes[-1]
    values = dense.terms[0].weights.codes * dense.terms[0].weights.format.ulp
    scale = 2.0 ** -np.array(dense.row_shifts or [0, 0])[:, None]
    error = np.abs(values * scale - net.layers[1].W)
    assert np.max(error) <= dense.terms[0].weights.format.ulp / 2


def test_biases_are_as_fine_as_the_sum(net, config):
    dense = convert(net, config).nodes[-1]
    values = dense.bias.codes * 2.0**-dense.sum_frac_bits
    assert np.max(np.abs(values - net.layers[1].b)) <= 2.0 ** -(dense.sum_frac_bits + 1)


def test_activations_are_tables_or_exact(net, config):
    h, y = convert(net, config).nodes[2:]
    assert isinstance(h.activation, Table) and h.activation.function == "tanh"
    assert isinstance(y.activation, Rectifier)


def test_terms_that_are_zero_are_left_out():
    net = networks.network(hidden_to_memory=True)
    layer = net.layers[0]
    net = replace(net, layers=(replace(layer, E_h=np.zeros((1, 3))),))
    u = networks.quantized(net).nodes[0]
    assert [term.label for term in u.terms] == ["x"]


def test_a_node_of_zeros_keeps_one_term():
    net = networks.network(bias=False)
    net = replace(net, layers=(replace(net.layers[0], E_x=np.zeros((1, 1))),))
    network = networks.quantized(net)
    assert [term.label for term in network.nodes[0].terms] == ["x"]
    y_codes, _ = GoldenModel(network).run(np.ones((1, 3, 1), np.int64))
    assert not y_codes.any()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "linear", "softplus", "gelu"])
@pytest.mark.parametrize("value", [0.0, 1e-9])
def test_calibration_without_signal_still_gives_formats(activation, value):
    net = networks.network(bias=False, hidden="dense", activation=activation)
    config = configure(net, np.full((1, 5, 1), value), Options())
    GoldenModel(convert(net, config)).run(np.zeros((1, 5, 1), np.int64))


@pytest.mark.parametrize("activation", ["exponential", "selu", "hard_sigmoid", "relu6", "silu"])
def test_any_activation_is_tabulated(activation):
    net = networks.network(hidden="dense", activation=activation)
    x = networks.noise(net, sequences=4, steps=24, seed=1)
    network = networks.quantized(net, weight_bits=16, activation_bits=12)
    model = GoldenModel(network)
    actual = model.output_values(model.run(model.quantize_input(x))[0])
    assert np.max(np.abs(actual - net.run(x))) < 8 * network.output.format.ulp


def test_saturation_is_rare_on_calibration_data(net):
    network = networks.quantized(net)
    model = GoldenModel(network)
    x = networks.noise(net, sequences=4, steps=24, seed=1)
    assert sum(model.run(model.quantize_input(x))[1].values()) == 0


def test_integer_input_takes_the_bits_it_needs():
    net = networks.network()
    x = np.arange(256).reshape(1, 256, 1) / 255.0
    config = configure(net, x, Options(input_scale=Fraction(1, 255)))
    assert config.input.format.notation() == "uQ8.0"
    wider = configure(net, x, Options(input_scale=Fraction(1, 255), input_bits=10))
    assert wider.input.format.notation() == "uQ10.0"


def test_calibration_of_another_shape_is_refused():
    with pytest.raises(NetworkError, match="calibration data must have the shape"):
        configure(networks.network(), np.zeros((3, 2)), Options())


def test_a_configuration_of_another_network_is_refused(net, config):
    unknown = replace(config, nodes={**config.nodes, "lmu9.u": config.nodes["lmu0.u"]})
    with pytest.raises(ConfigError, match=r"names a node 'lmu9.u' that the network lacks"):
        convert(net, unknown)


def test_a_scale_of_an_unknown_memory_is_refused(net, config):
    unknown = replace(
        config, memory_scale={**config.memory_scale, "dense": MemoryScale(u=2.0, m=2.0)}
    )
    with pytest.raises(ConfigError, match="scales the memory of an unknown layer 'dense'"):
        convert(net, unknown)


def test_a_missing_node_is_refused(net, config):
    nodes = {name: node for name, node in config.nodes.items() if name != "lmu0.m"}
    with pytest.raises(ConfigError, match=r"the configuration lacks the node 'lmu0.m'"):
        convert(net, replace(config, nodes=nodes))


def test_missing_weights_are_refused(net, config):
    wrong = edited(config, "lmu0.u", weights={})
    with pytest.raises(ConfigError, match=r"lmu0.u: the configuration lacks weights of 'x'"):
        convert(net, wrong)


def test_unknown_weights_are_refused(net, config):
    weights = config.nodes["lmu0.u"].weights
    wrong = edited(config, "lmu0.u", weights={**weights, "y": weights["x"]})
    with pytest.raises(ConfigError, match=r"lmu0.u: the configuration has weights of unknown {'y'"):
        convert(net, wrong)


def test_unsigned_weights_are_refused():
    net = networks.network(hidden="none", input_to_hidden=False, order=1)
    net = replace(net, layers=(replace(net.layers[0], E_x=np.ones((1, 1))),))
    fmt = FixedFormat(signed=False, int_bits=2, frac_bits=6)
    wrong = edited(networks.configured(net), "lmu0.u", weights={"x": fmt})
    with pytest.raises(NetworkError, match=r"lmu0.u: weights of x must be signed, not uQ2\.6"):
        convert(net, wrong)


def test_weights_beyond_an_edited_format_are_refused(net, config):
    fmt = FixedFormat(signed=True, int_bits=-6, frac_bits=12)
    weights = {**config.nodes["lmu0.h"].weights, "lmu0.m": fmt}
    with pytest.raises(ConfigError, match=r"lmu0.h: weights of lmu0.m: the weights must fit sQ-6"):
        convert(net, edited(config, "lmu0.h", weights=weights))


def test_an_activation_needs_an_output_format(net, config):
    message = r"lmu0.h: a node with activation 'tanh' must have an output format"
    with pytest.raises(ConfigError, match=message):
        convert(net, edited(config, "lmu0.h", output=None))


def test_a_linear_node_has_no_output_format(net, config):
    message = "lmu0.u: a node with activation 'linear' must have no output format"
    fmt = config.nodes["lmu0.u"].requant.format
    with pytest.raises(ConfigError, match=message):
        convert(net, edited(config, "lmu0.u", output=fmt))


def test_relu_answers_in_the_format_of_its_sum(net, config):
    fmt = config.nodes["dense.y"].output
    wrong = replace(fmt, frac_bits=fmt.frac_bits - 1)
    with pytest.raises(ConfigError, match=r"dense.y: the output of relu must be uQ"):
        convert(net, edited(config, "dense.y", output=wrong))


def test_any_layer_passes_its_input_on():
    net = networks.network(layers=2, hidden="none", memory_d=2, dense=2)
    network = networks.quantized(net, state_bits=20)
    golden = GoldenModel(network)
    x = networks.noise(net, sequences=2, steps=30)
    trace = golden.trace(golden.quantize_input(x)).codes
    first, second = network.layers[0], network.layers[1]
    passed = second.signals["lmu1.p"]
    assert (passed.size, passed.format) == (second.input.size, second.input.format)
    m = trace["lmu0.m"] << (passed.format.frac_bits - first.signals["lmu0.m"].format.frac_bits)
    assert np.array_equal(trace["lmu1.p"][:, :, : m.shape[2]], m)
