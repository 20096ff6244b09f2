# SPDX-License-Identifier: Apache-2.0
"""Intervals: no sum ever leaves them, and they use what formats alone do not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.fixed import Overflow
from lmu_hw.golden import GoldenModel
from lmu_hw.network import ElementwiseNode, MemoryNode, QuantizedNetwork, Table
from lmu_hw.simulate.directed.intervals import sum_intervals
from tests import networks

CELLS = ("rnn", "dense", "lstm", "gru", "gru, reset before")


def quantized(**options) -> QuantizedNetwork:
    net = networks.network(order=3, theta=8.0, units=3, inputs=2, dense=2, **options)
    return networks.quantized(net, weight_bits=6, state_bits=8, activation_bits=6, narrower=1)


def entering(network: QuantizedNetwork, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Return every limited sum, (sequences * steps, elements)."""
    trace = GoldenModel(network).trace(codes).codes
    names = {
        node.name: node.name
        if isinstance(node, MemoryNode) or node.activation is None
        else node.pre_activation
        for node in network.nodes
    }
    return {name: trace[key].reshape(-1, trace[key].shape[2]) for name, key in names.items()}


@pytest.mark.parametrize("kind", CELLS)
def test_no_sum_leaves_its_interval(kind):
    network = quantized(hidden=kind, hidden_to_memory=True)
    fmt, random = network.input.format, np.random.default_rng(1)
    codes = random.choice([fmt.min_code, fmt.max_code, 0], (50, 20, network.inputs))
    intervals, nodes = sum_intervals(network), {node.name: node for node in network.nodes}
    for name, sums in entering(network, codes).items():
        limits = nodes[name].requant.format
        bounds = intervals[name]
        assert (np.maximum(bounds.low, limits.min_code) <= sums).all(), name
        assert (sums <= np.minimum(bounds.high, limits.max_code)).all(), name


def test_a_product_of_bounded_factors_cannot_leave_its_format():
    """A sigmoid below 1 times what a tanh holds: the format's own range does not show it."""
    network = quantized(hidden="lstm")
    h = next(node for node in network.nodes if node.name.endswith(".h"))
    assert isinstance(h, ElementwiseNode)
    bounds, fmt = sum_intervals(network)[h.name], h.requant.format
    tables = [n.activation for n in network.nodes if isinstance(n.activation, Table)]
    assert tables and max(abs(bounds.low).max(), bounds.high.max()) <= fmt.max_code


def test_what_wraps_may_be_any_code():
    network = quantized(hidden="rnn")
    layer = network.layers[0]
    wrapped = tuple(
        replace(node, requant=replace(node.requant, overflow=Overflow.WRAP))
        if node.name.endswith(".u")
        else node
        for node in layer.nodes
    )
    other = replace(network, layers=(replace(layer, nodes=wrapped), *network.layers[1:]))
    for name, bounds in sum_intervals(network).items():
        assert (sum_intervals(other)[name].high >= bounds.high).all()
