# SPDX-License-Identifier: Apache-2.0
"""Vectors as packets of beats: every shape answers as the golden model, in the cycles planned."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.network import Elements, Last, Stream
from tests import networks, random_networks
from tests.hdl.bench import simulate
from tests.plans import fastest_plan

WORDS = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}
WIDE = {"weight_bits": 6, "state_bits": 20, "activation_bits": 10, "input_bits": 18}
STREAMS = {
    f"{width}, {elements.value}, {last.value}": Stream(width=width, elements=elements, last=last)
    for width, elements, last in [
        (8, Elements.PACKED, Last.VECTOR),
        (16, Elements.PACKED, Last.SEQUENCE),
        (32, Elements.PACKED, Last.VECTOR),
        (32, Elements.SINGLE, Last.SEQUENCE),
        (128, Elements.PACKED, Last.VECTOR),
        (128, Elements.SINGLE, Last.VECTOR),
    ]
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize(("lanes", "pause"), [(8, 0.0), (None, 0.5)])
def test_every_shape_answers_as_the_golden_model(name, lanes, pause):
    net = networks.network(order=3, inputs=3, units=5, hidden_to_memory=True)
    network = networks.quantized(net, **WORDS)
    simulate(network, fastest_plan(network, lanes, stream=STREAMS[name]), pause=pause)


@pytest.mark.parametrize("name", STREAMS)
def test_elements_of_several_beats_and_vectors_of_one_element(name):
    network = networks.quantized(networks.network(hidden="none", order=2), **WIDE)
    plan = fastest_plan(network, 4, stream=STREAMS[name])
    assert plan.source.vector.size == 1
    simulate(network, plan, pause=0.3)


@pytest.mark.parametrize("seed", range(12))
def test_any_specification(seed):
    random = np.random.default_rng(seed)
    network = random_networks.random_network(random)
    stream = list(STREAMS.values())[seed % len(STREAMS)]
    sequences = [random_networks.random_input(random, network, 1, n)[0] for n in (1, 3)]
    plan = fastest_plan(network, (1, 4, 16, None)[seed // 3], stream=stream)
    simulate(network, plan, x_codes=sequences, pause=0.4 * (seed % 2))


@pytest.mark.parametrize(
    ("shape", "width", "bound"),
    [
        ({"units": 5}, 32, "layer"),
        ({"inputs": 21, "order": 1, "units": 2, "hidden": "dense"}, 8, "input"),
        ({"units": 40, "order": 1, "hidden": "dense", "activation": "relu"}, 8, "output"),
    ],
)
def test_steps_take_the_cycles_of_the_plan_beats_included(shape, width, bound):
    network = networks.quantized(networks.network(**shape), **WIDE)
    plan = fastest_plan(network, None, stream=Stream(width=width, last=Last.VECTOR))
    bounds = {
        "layer": max(layer.cycles(last_step=False) for layer in plan.layers),
        "input": plan.source.beats,
        "output": plan.answer.beats,
    }
    assert max(bounds, key=bounds.__getitem__) == bound
    assert plan.cycles(last_step=False) == bounds[bound]
    seen = simulate(network, plan, lengths=(12,))
    assert set(np.diff(seen.cycles)[5:-1].tolist()) == {bounds[bound]}
