# SPDX-License-Identifier: Apache-2.0
"""How trained weights become the weights of nodes; and what happens without PyTorch."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import lmu_hw.train
from lmu_hw.errors import NetworkError, ToolError
from lmu_hw.lmu import Network, Role
from lmu_hw.network.float_nodes import FloatNode, float_nodes
from lmu_hw.quantize import realized
from lmu_hw.train.weights import BIAS, placement, rewriting, trainable, weights, with_weights
from tests.networks import configured, network
from tests.train.cells import gated

FULL = {"hidden_to_memory": True, "memory_to_memory": True, "memory_d": 2, "inputs": 2, "layers": 2}


def summed(net: Network) -> dict[tuple[str, str], np.ndarray]:
    """Return the weights of all nodes that `placement` puts together."""
    held = weights(net)
    return {
        place: sum(held[piece.name].flat[piece.index] for piece in pieces)
        for place, pieces in placement(net).items()
    }


def test_weights_come_back():
    net = network(dense=2, **FULL)
    changed = with_weights(net, {name: array + 1.0 for name, array in weights(net).items()})
    for name, array in weights(changed).items():
        assert np.array_equal(array, weights(net)[name] + 1.0)


@pytest.mark.parametrize("basis", ["orthonormal", "trained"])
@pytest.mark.parametrize("hidden", ["rnn", "none"])
def test_rewriting_is_a_matrix_from_the_right(hidden, basis):
    options = {"hidden_to_memory": hidden == "rnn", "input_to_hidden": hidden == "rnn"}
    net = network(dense=2, hidden=hidden, memory_to_memory=True, memory_d=2, **options)
    config = configured(net)
    rewrite = partial(realized, config=config)
    maps = rewriting(net, rewrite)
    other = with_weights(net, {name: np.cos(array) for name, array in weights(net).items()})
    for name, array in weights(rewrite(other)).items():
        trained = weights(other)[name]
        found = trained.reshape(len(trained), -1) @ maps[name]
        # The same products in another order.
        assert np.allclose(found.reshape(array.shape), array, rtol=1e-12, atol=1e-12), name


def test_another_rewriting_is_refused():
    net = network(dense=2)

    def bent(given: Network) -> Network:
        dense = given.layers[-1]
        return replace(given, layers=(*given.layers[:-1], replace(dense, W=dense.W**2)))

    with pytest.raises(NetworkError, match="dense.W: must be rewritten by a matrix from the right"):
        rewriting(net, bent)


@pytest.mark.parametrize(
    "net",
    [network(dense=2, **FULL), network(dense=2, hidden="none"), gated("lstm"), gated("gru")],
    ids=["full", "none", "lstm", "gru"],
)
def test_nodes_are_made_of_elements(net):
    found, compared = summed(net), 0
    for node in (node for layer in net.layers for node in float_nodes(layer)):
        if isinstance(node, FloatNode) and node.role not in (Role.MEMORY, Role.PASSED_INPUT):
            expected = {term.label: term.matrix for term in node.terms} | {BIAS: node.bias}
            for label, matrix in expected.items():
                assert np.array_equal(found.pop((node.name, label)), matrix), (node.name, label)
                compared += matrix.size
    assert compared and not found


def test_unknown_and_exhaustive_choices_are_refused():
    places = placement(network(dense=2))
    with pytest.raises(NetworkError, match=r"fixed must name arrays among .* not \['lmu0.A'\]"):
        trainable(places, places, ["lmu0.A"])
    with pytest.raises(NetworkError, match="an array left to train"):
        trainable(places, places, {piece.name for pieces in places.values() for piece in pieces})


def test_arrays_without_a_format_are_not_trained():
    net = network(memory_to_memory=True)
    zero = with_weights(net, {"lmu0.E_m": np.zeros((1, 3))})
    config, places = configured(zero), placement(net)
    read = {(name, label) for name, node in config.nodes.items() for label in node.weights}
    assert "lmu0.E_m" not in trainable(places, read, [])
    assert "lmu0.W_m" in trainable(places, read, [])


def test_without_pytorch_the_message_says_what_to_install(monkeypatch):
    for module in [name for name in sys.modules if name.startswith("lmu_hw.train.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ToolError, match=r"needs PyTorch.*pip install 'lmu_hw\[train\]'"):
        lmu_hw.train.__getattr__("AwareNetwork")
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        lmu_hw.train.__getattr__("other")
