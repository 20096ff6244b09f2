# SPDX-License-Identifier: Apache-2.0
"""Costs against counts by hand, against the manifest, and against the model that ranks."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.manifest import manifest_of
from lmu_hw.plan import make_plan
from lmu_hw.quantize import MemoryRange, Options, configure, quantize
from lmu_hw.search.cost import Cost, CostModel, costs_of
from lmu_hw.search.lengths import WordLengths
from tests import networks

NETWORKS = {
    "a classifier": {"order": 3, "units": 4, "dense": 2, "return_sequences": False},
    "two layers": {"layers": 2, "inputs": 2, "memory_d": 2, "hidden_to_memory": True},
    "relu": {"activation": "relu", "memory_to_memory": True, "dense": 2},
    "no hidden cell": {"hidden": "none", "dense": 3},
    "gelu on top": {"dense": 3, "dense_activation": "gelu", "bias": False},
}


def design(options: Options, **shape) -> Design:
    net = networks.network(**shape)
    x = networks.noise(net, sequences=4, steps=12)
    return Design.build(net, configure(net, x, options), x)


def test_costs_are_those_counted_by_hand():
    options = Options(weight_bits=5, memory_bits=7, state_bits=9, activation_bits=6, input_bits=8)
    made = design(options, order=3, units=4, dense=2, bias=False)
    costs = costs_of(made.network)
    assert costs.state_bits == 3 * 9 + 4 * 6  # the memory and the hidden cell
    u, m, h, y = 1 * 1, 3 * 3 + 3 * 1, 4 * 4 + 4 * 1 + 4 * 3, 2 * 4
    table = made.network.layers[0].nodes[2].activation
    biases = sum(
        node.bias.codes.size * node.bias.format.width for node in made.network.nodes if node.bias
    )
    assert table.interpolation is None  # of so few bits
    table_bits = table.values.codes.size * table.values.format.width
    expected = 5 * u + 7 * m + 5 * h + 5 * y + table_bits + biases
    assert costs.coefficient_bits == expected
    area = 5 * 8  # u reads x
    area += 7 * 9 * m  # the memory reads itself and u, all of 9 bits
    area += 5 * (6 * 16 + 8 * 4 + 9 * 12)  # h reads itself, x and the memory
    area += 5 * 6 * y
    assert costs.multiplier_area == area


@pytest.mark.parametrize("feedback", [False, True])
@pytest.mark.parametrize("shape", NETWORKS.values(), ids=NETWORKS)
def test_costs_are_those_of_the_manifest(shape, feedback):
    options = Options(weight_bits=9, memory_bits=11, state_bits=12, error_feedback=feedback)
    made = design(options, **shape)
    manifest = manifest_of(made, make_plan(made.network, 2))
    costs = costs_of(made.network)
    assert costs.state_bits == manifest["state_bits"]
    assert costs.coefficient_bits == manifest["coefficient_bits"] + manifest["table_bits"]


@pytest.mark.parametrize("feedback", [False, True])
@pytest.mark.parametrize("shape", NETWORKS.values(), ids=NETWORKS)
def test_the_model_gives_the_costs_of_other_word_lengths(shape, feedback):
    """State bits and area to the bit; coefficient bits but for the width of a bias or a table."""
    options = Options(
        weight_bits=14,
        memory_bits=14,
        state_bits=15,
        activation_bits=11,
        memory_range=MemoryRange.SATURATE,
        error_feedback=feedback,
    )
    net = networks.network(**shape)
    x = networks.noise(net, sequences=4, steps=12)
    wide = quantize(net, configure(net, x, options), model_digest="")
    model = CostModel(wide, WordLengths.of(options), options)
    for bits in ((14, 14, 15, 11), (9, 11, 15, 11), (14, 14, 11, 7), (6, 9, 10, 5)):
        asked = WordLengths(
            weight_bits=bits[0], memory_bits=bits[1], state_bits=bits[2], activation_bits=bits[3]
        )
        config = configure(net, x, asked.applied(options))
        exact = costs_of(quantize(net, config, model_digest=""))
        model_costs = model.costs(np.array([bits]))
        assert model_costs[Cost.MULTIPLIER_AREA][0] == exact.multiplier_area
        assert model_costs[Cost.STATE_BITS][0] == pytest.approx(exact.state_bits, abs=8)
        got = model_costs[Cost.COEFFICIENT_BITS][0]
        assert got == pytest.approx(exact.coefficient_bits, rel=0.02)
