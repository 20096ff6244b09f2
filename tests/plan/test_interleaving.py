# SPDX-License-Identifier: Apache-2.0
"""Phases, contexts and cycles of layers that several streams share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.plan import interleaved, layer_cycles, make_plan, step_cycles
from lmu_hw.plan.interleaving import phases_of
from tests import networks


@pytest.fixture(scope="module")
def plan():
    net = networks.network(order=6, theta=8.0, units=8, inputs=1, hidden_to_memory=True)
    return make_plan(networks.quantized(net), 16)


def test_one_stream_is_the_plan_itself(plan):
    assert interleaved(plan, 1) is plan
    assert step_cycles(plan) == plan.cycles(last_step=False)


def test_more_streams_hide_more_of_a_step(plan):
    cycles = [step_cycles(interleaved(plan, streams)) for streams in (1, 2, 4, 16)]
    assert cycles == sorted(cycles, reverse=True)
    assert cycles[-1] < 0.6 * cycles[0]


def test_no_step_is_shorter_than_its_words(plan):
    layer = interleaved(plan, 16).layers[0]
    words = sum(layer.node(node).groups * layer.node(node).period for node in layer.layer.sums)
    assert words <= layer_cycles(layer) < 1.2 * words


def test_there_are_no_more_contexts_than_streams(plan):
    assert [interleaved(plan, n).layers[0].contexts for n in (2, 4)] == [2, 4]


def test_the_nodes_that_answer_are_one_phase(plan):
    layer = plan.layers[0]
    assert [list(phase) for phase in phases_of(layer)] == [[0], [1], [2]]
    first = layer.layer.nodes[0].name
    answering = replace(layer, layer=replace(layer.layer, outputs=(first,)))
    assert [list(phase) for phase in phases_of(answering)] == [[0, 1, 2]]
