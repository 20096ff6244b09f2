# SPDX-License-Identifier: Apache-2.0
"""The nodes of a float layer have the names of the trace; no cell or layer passes for another."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.cli.tables.network import network_table
from lmu_hw.lmu import Network
from lmu_hw.load.fold import map_input
from lmu_hw.load.native.form_write import take_apart
from lmu_hw.network.float_nodes import float_nodes, outputs
from lmu_hw.quantize.transform import in_hardware_units
from tests import networks


class Unknown:
    """A layer or a cell of a kind that nothing knows, with all that others have."""

    name, hidden, units, W_x, W_h, b, b_h = "cell", None, 3, None, None, None, None
    activation, recurrent_activation, reset_after = "tanh", "sigmoid", True
    inputs, outputs, return_sequences, input_to_hidden = 1, 3, True, False


@pytest.mark.parametrize("kind", ["none", "dense", "rnn", *networks.GATED])
def test_nodes_are_those_of_the_trace(kind):
    net = networks.network(hidden=kind, encoder="tanh", dense=2, dense_activation="tanh")
    seen = set()
    x = networks.noise(net, sequences=1, steps=2)
    net.observe(x, lambda name, *_: seen.add(name))
    nodes = [node for layer in net.layers for node in float_nodes(layer)]
    entering = {node.pre_activation for node in nodes if node.activation != "linear"}
    assert {node.name for node in nodes} <= seen and entering <= seen


def _with_cell() -> Network:
    layer = networks.recurrent_layer()
    object.__setattr__(layer, "cell", Unknown())
    return _network(layer)


def _network(layer) -> Network:
    net = networks.network()
    object.__setattr__(net, "layers", (layer,))
    return net


@pytest.mark.parametrize(
    "ask",
    [
        lambda net: float_nodes(net.layers[0]),
        take_apart,
        lambda net: network_table(net),
    ],
)
def test_a_cell_that_nothing_knows_is_named(ask):
    with pytest.raises(AssertionError, match="unreachable.*Unknown"):
        ask(_with_cell())


@pytest.mark.parametrize(
    "ask",
    [
        float_nodes,
        outputs,
        lambda layer: take_apart(_network(layer)),
        lambda layer: network_table(_network(layer)),
        lambda layer: map_input(layer, np.eye(1), None),
        lambda layer: in_hardware_units(_network(layer), 2),
    ],
)
def test_a_layer_that_nothing_knows_is_named(ask):
    with pytest.raises(AssertionError, match="unreachable.*Unknown"):
        ask(Unknown())
