# SPDX-License-Identifier: Apache-2.0
"""Gated layers in Amaranth's simulator: every word equal to the golden model's."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.hdl import emit_verilog
from lmu_hw.network import ElementwiseNode, Product, QuantizedNetwork
from tests.gated import CELLS, gated_network
from tests.hdl.bench import simulate
from tests.plans import fastest_plan
from tests.random_networks import random_input

LANES = (1, 4, 7, 16, 64, None)
SHAPES = (
    ("lstm", {"order": 3}),
    ("gru", {"order": 3, "once": True}),
    ("lstm", {"layers": 2}),
    ("gru, reset before", {"layers": 2, "once": True}),
    ("lstm", {"units": 9, "widest": 16}),
    ("gru", {"units": 1}),
)


def run(network, plan, *, seed: int = 0, pause: float = 0.0) -> None:
    """Compare every word of sequences back to back, and at full load the cycles of a step."""
    random = np.random.default_rng(seed)
    x_codes = [random_input(random, network, 1, steps)[0] for steps in (6, 1, 3)]
    seen = simulate(network, plan, x_codes=x_codes, pause=pause)
    if not pause and len(plan.layers) == 1:
        assert seen.intervals(0) == {plan.cycles(last_step=False)}


def with_node(network: QuantizedNetwork, name: str, **changes) -> QuantizedNetwork:
    """Return the network with one node of its first layer changed."""
    layer = network.layers[0]
    nodes = tuple(
        replace(node, **changes) if node.name == f"{layer.name}.{name}" else node
        for node in layer.nodes
    )
    return replace(network, layers=(replace(layer, nodes=nodes), *network.layers[1:]))


def node_of(network: QuantizedNetwork, name: str) -> ElementwiseNode:
    """Return an element-wise node of the first layer."""
    (node,) = (n for n in network.layers[0].elementwise if n.name.endswith(f".{name}"))
    return node


@pytest.mark.every(3)
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("cell", CELLS)
def test_no_number_of_lanes_changes_a_word(cell, lanes):
    network = gated_network(cell, units=5, seed=1)
    run(network, fastest_plan(network, lanes))


@pytest.mark.parametrize("cell", CELLS)
def test_pauses_and_back_pressure(cell):
    network = gated_network(cell, units=5, seed=2)
    run(network, fastest_plan(network, 4), pause=0.5)


@pytest.mark.parametrize("seed", range(3, 12))
def test_any_formats_and_modes(seed):
    network = gated_network(CELLS[seed % 3], units=1 + seed % 5, inputs=1 + seed % 3, seed=seed)
    run(network, fastest_plan(network, LANES[seed % 6]), seed=seed)


@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
@pytest.mark.parametrize("rounding", Rounding)
def test_every_mode(rounding, overflow):
    network = gated_network("lstm", seed=4, requant=(rounding, overflow))
    run(network, fastest_plan(network, 4))


@pytest.mark.parametrize("rounding", Rounding)
def test_forbid_spends_nothing_where_nothing_overflows(rounding):
    network = gated_network("gru, reset before", seed=4)
    node, layer = node_of(network, "q"), network.layers[0]
    bound = layer.sum_bounds(node)[1] >> node.dropped_bits
    fmt = FixedFormat.spanning(-bound - 1, bound + 1, frac_bits=node.requant.format.frac_bits)
    requant = Requant(format=fmt, rounding=rounding, overflow=Overflow.FORBID)
    network = with_node(network, "q", requant=requant)
    run(network, fastest_plan(network, 4))


@pytest.mark.parametrize(("cell", "shape"), SHAPES)
def test_every_shape(cell, shape):
    network = gated_network(cell, seed=6, **shape)
    run(network, fastest_plan(network, 16))


@pytest.mark.parametrize("cell", CELLS)
def test_multipliers_of_the_plan_are_those_that_are_built(cell):
    network = gated_network(cell, units=4, order=2, seed=1)
    plan = fastest_plan(network, 4)
    (layer,) = plan.layers
    assert layer.lanes == layer.array_lanes + 2 * layer.beat
    verilog = emit_verilog(network, plan, digest="0" * 64)["gated.v"]
    code = re.sub(r"\(\*.*?\*\)|//.*", "", verilog)  # without attributes and comments
    assert code.count(" * ") == plan.lanes + plan.table_multipliers


@pytest.mark.parametrize("place", [0, 1, 2])
def test_hardware_with_another_sign_gives_other_answers(place):
    network = gated_network("gru", units=5, seed=1)
    products = list(node_of(network, "h").products)
    changed = products[place]
    products[place] = Product(factors=changed.factors, negative=not changed.negative)
    other = with_node(network, "h", products=tuple(products))
    with pytest.raises(AssertionError):
        run(network, fastest_plan(other, 4))
