# SPDX-License-Identifier: Apache-2.0
"""Gated cells and non-linear encoders in integers stand for the float network."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.golden import GoldenModel
from lmu_hw.quantize import Config, MemoryScale, Options, configure, quantize, realize
from lmu_hw.quantize.config import Basis
from tests import networks

NETWORKS = {
    "lstm": {"hidden": "lstm", "hidden_to_memory": True, "dense": 2},
    "lstm, linear": {"hidden": "lstm", "activation": "linear", "dense": 2},
    "lstm, relu": {
        "hidden": "lstm",
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
        "dense": 2,
    },
    "gru": {"hidden": "gru", "memory_to_memory": True, "bias": False, "dense": 2},
    "gru, reset before": {"hidden": "gru, reset before", "return_sequences": False, "dense": 2},
    "recurrent lstm": {"recurrent": "lstm", "dense": 2},
    "recurrent gru": {"recurrent": "gru", "dense": 2},
    "recurrent rnn": {"recurrent": "rnn", "dense": 2},
    "relu encoder": {"encoder": "relu", "hidden": "dense", "activation": "relu", "dense": 2},
    "tanh encoder": {"encoder": "tanh", "memory_to_memory": True, "memory_d": 2, "dense": 2},
}


@pytest.fixture(params=NETWORKS)
def net(request):
    return networks.network(order=5, units=6, inputs=2, **NETWORKS[request.param])


def designed(net, **bits):
    x = networks.noise(net, sequences=8, steps=60)
    config = configure(net, x, Options(**bits))
    return config, quantize(net, config, model_digest=""), x


def test_the_error_falls_with_the_word_lengths(net):
    floats, errors = None, []
    for bits in (10, 14):
        _, network, x = designed(net, weight_bits=bits, state_bits=bits + 4, activation_bits=bits)
        golden = GoldenModel(network)
        codes, overflows = golden.run(golden.quantize_input(x))
        assert not any(overflows.values())
        floats = net.run(x)
        errors.append(np.sqrt(np.mean(np.square(golden.output_values(codes) - floats))))
    scale = np.sqrt(np.mean(np.square(floats)))
    assert errors[1] < errors[0] / 5.0
    assert errors[1] < 2e-3 * scale


def test_every_node_stands_for_one_of_the_float_trace(net):
    config, network, x = designed(net)
    floats = realize(
        net, basis=config.basis, input_scale=config.input_scale, memory_scale=config.memory_scale
    ).trace(x)
    golden = GoldenModel(network)
    trace = golden.trace(golden.quantize_input(x)).codes
    names = {node.name for node in network.nodes}
    assert names <= set(floats) and set(trace) - names - {"x"} <= set(floats)
    for node in network.nodes:
        error = trace[node.name] * node.signal.format.ulp - floats[node.name]
        assert np.max(np.abs(error)) < 0.05 * (1.0 + np.max(np.abs(floats[node.name])))


def test_a_configuration_survives_its_file(net):
    config, _, _ = designed(net)
    assert Config.from_toml(config.to_toml(), where="design.toml") == config


def test_a_hidden_output_has_the_range_of_its_activation():
    net = networks.network(hidden="lstm", order=5, units=6)
    config, _, _ = designed(net, activation_bits=9)
    assert config.nodes["lmu0.h"].requant.format == config.nodes["lmu0.s"].output


def test_weights_of_an_elementwise_node_are_refused():
    config, _, _ = designed(networks.network(hidden="lstm"))
    node = config.nodes["lmu0.c"]
    object.__setattr__(node, "weights", config.nodes["lmu0.i"].weights)
    with pytest.raises(ConfigError, match="lmu0.c: the configuration has weights of unknown"):
        quantize(networks.network(hidden="lstm"), config, model_digest="")


def test_u_behind_tanh_is_not_rescaled():
    net = networks.network(encoder="tanh")
    with pytest.raises(ConfigError, match="lmu0: u is behind tanh, so the memory_scale of u must"):
        realize(
            net,
            basis=Basis.ORTHONORMAL,
            input_scale=Options().input_scale,
            memory_scale={"lmu0": MemoryScale(u=2.0, m=1.0)},
        )
