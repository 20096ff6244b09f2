# SPDX-License-Identifier: Apache-2.0
"""What is added to the sums of rows: which constants there are, and their bits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.fixed import Rounding
from lmu_hw.plan import half_ulp
from lmu_hw.plan.row_constants import row_constants_of
from tests import networks


@pytest.fixture(scope="module")
def layer():
    net = networks.network(order=3, units=5, hidden="dense", seed=1)
    words = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}
    return networks.quantized(net, **words).layers[0]


def test_nodes_whose_rows_are_alike_take_no_word(layer):
    constants, memory = row_constants_of(layer), layer.node("lmu0.m")
    index = layer.nodes.index(memory)
    assert memory.bias is None and memory.row_shifts is None
    assert constants.uniform[index] == (0, 1 << (memory.dropped_bits - 1))
    assert index not in constants.varied
    rows = [node.rows for n, node in enumerate(layer.nodes) if n in constants.varied]
    assert constants.words(2) == sum(-(-count // 2) for count in rows)


@pytest.mark.parametrize("rounding", [r for r in Rounding if r is not Rounding.HALF_UP])
def test_only_what_rounds_half_up_gets_half_an_ulp(layer, rounding):
    node = layer.node("lmu0.h")
    assert half_ulp(node) == 1 << (node.dropped_bits - 1)
    assert half_ulp(replace(node, requant=replace(node.requant, rounding=rounding))) == 0


def test_constants_have_the_bits_of_the_largest(layer):
    constants = row_constants_of(layer)
    rows = [row for of_node in constants.of_nodes.values() for row in of_node]
    assert max(row.up for row in rows) in range(1 << constants.up_bits)
    limit = 1 << (constants.addend_bits - 1)
    assert all(-limit <= row.addend < limit for row in rows)
    assert any(not -limit // 2 <= row.addend < limit // 2 for row in rows)
