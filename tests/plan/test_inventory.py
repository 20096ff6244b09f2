# SPDX-License-Identifier: Apache-2.0
"""The memories of a plan, and which of them are blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.network import INPUT
from lmu_hw.plan import LayerPlan, make_plan
from lmu_hw.plan.inventory import Memory, answer_queue, memories_of, stored_vectors
from tests import networks
from tests.plan.swept import swept


@pytest.mark.parametrize(("answers", "tables"), [(20, True), (600, False)])
def test_a_long_queue_lies_in_a_block(answers, tables):
    plan = make_plan(networks.quantized(networks.network(dense=answers)), 1)
    queue = answer_queue(plan)
    assert queue.words == answers
    assert queue.tables == tables


@pytest.mark.parametrize(("words", "tables"), [(128, True), (129, False)])
def test_a_memory_of_as_many_cells_as_a_block_costs_takes_tables(words, tables):
    assert Memory(part="vectors", words=words, width=16).tables == tables


def test_elements_that_are_written_one_by_one_fill_cells_of_their_own():
    memory = Memory(part="vectors", words=16, width=20)
    assert (memory.cells, replace(memory, elements=4).cells) == (5, 8)


def test_vectors_that_only_a_memory_reads_are_not_stored():
    layer = swept(16, units=16).layers[0]
    plan = LayerPlan(layer=layer, rows=1, columns=1, beat=1, memory_lanes=1)
    read = {term.source for node in layer.sums for term in node.terms} - {INPUT}
    assert stored_vectors(plan) == sorted(read)
    assert layer.structured[0].source not in read


def test_all_coefficients_are_in_roms():
    layer = networks.quantized(networks.network()).layers[0]
    plan = LayerPlan(layer=layer, rows=2, columns=1, beat=1)
    roms = [memory for memory in memories_of(plan) if memory.part == "array"]
    assert sum(rom.words * rom.width for rom in roms) == plan.rom_bits
    assert all(rom.constant for rom in roms)
