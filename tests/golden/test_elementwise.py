# SPDX-License-Identifier: Apache-2.0
"""Element-wise nodes of the golden model against the oracle, word for word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hw.golden import GoldenModel, model
from tests import gated, networks, oracle, random_networks

CELLS = ("lstm", "gru", "gru, reset before")


@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    cell=st.sampled_from(CELLS),
    order=st.integers(0, 3),
    widest=st.sampled_from([7, 20]),
)
def test_gated_layers(seed, cell, order, widest):
    network = gated.gated_network(cell, order=order, layers=2, seed=seed, widest=widest)
    random = np.random.default_rng(seed)
    x_codes = random_networks.random_input(random, network, 2, 4)
    trace = GoldenModel(network).trace(x_codes)
    overflows = dict.fromkeys(trace.overflows, 0)
    for n, codes in enumerate(x_codes.tolist()):
        slow = oracle.Oracle(network)
        slow.run(codes)
        assert set(slow.trace) == set(trace.codes) - {"x"}
        for name, vectors in slow.trace.items():
            assert np.array_equal(trace.codes[name][n], vectors), name
        for name, count in slow.overflows.items():
            overflows[name] += count
    assert trace.overflows == overflows
    assert {f"{layer.name}.h" for layer in network.layers} <= set(trace.codes)


@pytest.mark.parametrize("kind", CELLS)
def test_both_kinds_of_arithmetic_agree(kind):
    net = networks.network(hidden=kind, order=4, units=5, hidden_to_memory=True, dense=2)
    network = networks.quantized(net)
    in_float64, in_int64 = GoldenModel(network), GoldenModel(network)
    assert in_float64.kind is np.float64
    in_int64.kind = np.int64
    in_int64._layers = [model._LayerModel(layer, np.int64) for layer in network.layers]
    x_codes = in_float64.quantize_input(networks.noise(net, sequences=3, steps=20))
    assert np.array_equal(in_float64.run(x_codes)[0], in_int64.run(x_codes)[0])
