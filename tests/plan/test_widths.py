# SPDX-License-Identifier: Apache-2.0
"""The bits of what the array of a layer works with hold all that can be in it."""

from __future__ import annotations

from lmu_hw.plan import widths_of
from tests import networks


def test_factors_and_sums_of_every_node_fit():
    layer = networks.quantized(networks.network(dense=2), weight_bits=7, state_bits=9).layers[0]
    widths = widths_of(layer)
    terms = [term for node in layer.sums for term in node.terms]
    assert widths.weight == max(term.weights.format.width for term in terms)
    sources = [layer.signals[term.source].format for term in terms]
    assert all(fmt.min_code >= -(1 << (widths.operand - 1)) for fmt in sources)
    assert all(fmt.max_code < 1 << (widths.operand - 1) for fmt in sources)
    partial, total = (
        max(bounds) for bounds in zip(*map(layer.sum_bounds, layer.sums), strict=True)
    )
    assert 1 << (widths.sum - 2) <= partial < 1 << (widths.sum - 1)
    assert total < 1 << (widths.total - 1)
    assert widths.product == widths.weight + widths.operand
