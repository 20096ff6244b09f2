# SPDX-License-Identifier: Apache-2.0
"""Where words of vectors wait in a register behind their memory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lmu_hw.network import INPUT
from lmu_hw.plan import LayerPlan
from lmu_hw.plan.vectors import has_register, reads_ahead
from tests import networks
from tests.gated import gated_network


def plan_of(network):
    return LayerPlan(layer=network.layers[0], rows=1, columns=1, beat=1)


@pytest.mark.parametrize("blocks", [False, True])
def test_block_ram_has_a_register_behind_it_and_tables_are_one(blocks, monkeypatch):
    chip = SimpleNamespace(in_blocks=lambda memory: blocks)
    monkeypatch.setattr("lmu_hw.plan.vectors.DEFAULT", chip)
    plan = plan_of(networks.quantized(networks.network(order=4)))
    assert reads_ahead(plan, "lmu0.m") is blocks
    assert has_register(plan, "lmu0.m")


def test_the_word_that_was_written_last_cannot_be_read_ahead(monkeypatch):
    chip = SimpleNamespace(in_blocks=lambda memory: True)
    monkeypatch.setattr("lmu_hw.plan.vectors.DEFAULT", chip)
    one_word = plan_of(networks.quantized(networks.network(inputs=1)))
    assert not reads_ahead(one_word, INPUT) and not has_register(one_word, INPUT)
    followed = plan_of(gated_network("lstm", units=5, seed=1))
    waits = {node.name: reads_ahead(followed, node.name) for node in followed.layer.nodes}
    assert len(set(waits.values())) == 2
