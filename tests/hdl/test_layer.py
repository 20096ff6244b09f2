# SPDX-License-Identifier: Apache-2.0
"""A layer at its ports."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.network import INPUT
from lmu_hw.plan.vectors import reads_ahead
from tests import networks, structured
from tests.gated import gated_network
from tests.hdl.bench import simulate
from tests.plans import fastest_plan

WORDS = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}


@pytest.mark.parametrize("lanes", [1, 4])
def test_an_answer_stays_while_it_is_not_taken(lanes):
    network = networks.quantized(networks.network(dense=3), **WORDS)
    x_codes = np.random.default_rng(1).integers(-128, 128, (1, 4, 1))
    seen = simulate(network, fastest_plan(network, lanes), x_codes=x_codes, pause=0.9)
    assert len(seen.answers) == len(GoldenModel(network).run(x_codes)[0][0])


THREE = {"memory_d": 3, "order": 5, "units": 9, "inputs": 5, "hidden_to_memory": True}


def sweeps():
    """Return a network of three memories by two recursions, and a layer behind it."""
    net = networks.network(dense=3, **THREE)
    return structured.with_sweeps(networks.quantized(net, memory_bits=16, **WORDS))


LONG = (
    pytest.param(lambda: networks.quantized(networks.network(order=4), **WORDS), 1, id="dense"),
    pytest.param(sweeps, 4, id="sweeps"),
    pytest.param(partial(gated_network, "lstm", units=5, seed=1), 1, id="LSTM"),
    pytest.param(partial(gated_network, "gru, reset before", units=9, inputs=5), 7, id="GRU"),
)


@pytest.mark.parametrize(("build", "lanes"), LONG)
def test_vectors_in_block_ram_are_addressed_ahead(build, lanes, monkeypatch):
    blocks = SimpleNamespace(in_blocks=lambda memory: True)
    monkeypatch.setattr("lmu_hw.plan.vectors.DEFAULT", blocks)
    network = build()
    plan = fastest_plan(network, lanes)
    layer = plan.layers[0]
    names = [INPUT, *(node.name for node in layer.layer.nodes)]
    assert any(reads_ahead(layer, name) for name in names)
    seen = simulate(network, plan, lengths=(1, 3))
    assert min(seen.intervals(0)) == layer.cycles(last_step=False)
