# SPDX-License-Identifier: Apache-2.0
"""A memory is a node of that role, dense or structured; no kind of node passes for another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.golden.model import node_model
from lmu_hw.lmu import Role
from lmu_hw.network import INPUT, AnyNode, MemoryNode, activation_of, has_feedback, realization_of
from lmu_hw.plan import LayerPlan
from lmu_hw.proofs import quantized_memories, values
from lmu_hw.quantize import Realization
from tests import networks


@pytest.fixture(scope="module", params=["dense", "semiseparable", "scan", "two-pass"])
def quantized(request):
    net = networks.network(order=3, theta=40.0, memory_d=2, hidden="gru")
    return networks.quantized(net, realization=Realization(request.param)), request.param


def test_memories_are_found_by_their_role(quantized):
    network, kind = quantized
    (memory,) = network.memories
    assert memory is network.layers[0].memories[0]
    assert (memory.name, memory.role, realization_of(memory)) == ("lmu0.m", Role.MEMORY, kind)
    assert [proved.name for proved in quantized_memories(network)] == ["lmu0.m"]


def test_a_memory_reads_its_own_states_and_its_input(quantized):
    (memory,) = quantized[0].memories
    assert {read.label for read in memory.reads} == {"lmu0.m[t-1]", "lmu0.u"}
    assert "lmu0.m" in quantized[0].layers[0].states


def test_a_memory_has_nothing_that_means_nothing(quantized):
    (memory,) = quantized[0].memories
    if isinstance(memory, MemoryNode):
        assert not hasattr(memory, "activation") and not hasattr(memory, "error_feedback")
    else:
        assert not hasattr(memory, "realization")


def test_another_role_has_no_update():
    network = networks.quantized(networks.network(theta=40.0), realization=Realization.SCAN)
    (memory,) = network.memories
    with pytest.raises(NetworkError, match="lmu0.h: only a memory has an update"):
        replace(memory, role=Role.HIDDEN)


def test_products_of_vectors_are_no_memory():
    layer = networks.quantized(networks.network(hidden="lstm")).layers[0]
    with pytest.raises(NetworkError, match="lmu0.m: a memory must be linear"):
        replace(layer.elementwise[0], role=Role.MEMORY)


def test_roles_of_a_layer_differ():
    layer = networks.quantized(networks.network()).layers[0]
    u, *rest = layer.nodes
    with pytest.raises(NetworkError, match="lmu0: every node must be .* of a role of its own"):
        replace(layer, nodes=(u, u, *rest))
    with pytest.raises(NetworkError, match="lmu0: every node must be its own"):
        replace(layer, nodes=(replace(u, layer="other"), *rest))


class Unknown:
    """A node of a kind that nothing knows."""

    name, layer, role, reads, last_only = "lmu0.h", "lmu0", Role.HIDDEN, (), False

    def __init__(self, node: AnyNode) -> None:
        self.requant, self.signal, self.segments = node.requant, node.signal, node.segments


@pytest.mark.parametrize(
    "ask",
    [
        lambda layer, node: activation_of(node),
        lambda layer, node: has_feedback(node),
        lambda layer, node: realization_of(node),
        lambda layer, node: layer.sum_bounds(node),
        lambda layer, node: replace(layer, nodes=(*layer.nodes[:-1], node)),
        lambda layer, node: node_model(layer, node, np.float64),
        lambda layer, node: LayerPlan(layer=layer, rows=1, columns=1, beat=1).node(node),
        lambda layer, node: values(node, INPUT, delayed=False),
    ],
)
def test_a_kind_that_nothing_knows_is_named(ask):
    layer = networks.quantized(networks.network()).layers[0]
    with pytest.raises(AssertionError, match="unreachable.*Unknown"):
        ask(layer, Unknown(layer.nodes[-1]))
