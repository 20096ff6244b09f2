# SPDX-License-Identifier: Apache-2.0
"""The memories and the multipliers of a plan are those of the Verilog."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lmu_hw.hdl import emit_verilog
from lmu_hw.network import INPUT, Last, QuantizedNetwork, Stream
from lmu_hw.plan import LayerPlan, Plan, Reloadable, make_plan
from lmu_hw.plan.chip import DEFAULT
from lmu_hw.plan.inventory import (
    Memory,
    answer_queue,
    memories_of,
    multipliers_of,
    stored_vectors,
)
from tests import networks, running_sums
from tests.gated import gated_network
from tests.plan.swept import swept
from tests.plans import fastest_plan
from tests.residues import with_feedback

MEMORY = re.compile(r"^ *reg (?:\[(\d+):0\] )?\S+ +\[(?:0:)?(\d+)(?::0)?\];", re.MULTILINE)
PRODUCT = re.compile(r"= (.*) \* (.*);")
CONSTANT = re.compile(r"-?\d*'s?h")

FED_BACK = networks.network(order=3, units=4, hidden="dense", memory_d=2, inputs=3)
DESIGNS = {
    "LSTM": lambda: (gated_network("lstm", units=4, order=2, seed=1), {"lanes": 4}),
    "one multiplier": lambda: (swept(11, units=5), {"lanes": 1}),
    "chain, reloadable": lambda: (
        swept(9, 2, units=4),
        {"lanes": 16, "reloadable": Reloadable.MEMORY},
    ),
    "two segments": lambda: (swept(5, memory_d=2, inputs=3), {"lanes": 4}),
    "running sums": lambda: (
        running_sums.memory_network(running_sums.scan(5, 9.0), segments=2),
        {"lanes": 2},
    ),
    "two passes": lambda: (
        running_sums.memory_network(running_sums.two_pass(5, 9.0)),
        {"lanes": 2},
    ),
    "packets": lambda: (
        networks.quantized(networks.network(inputs=3, dense=5), weight_bits=6, state_bits=8),
        {"lanes": 4, "stream": Stream(width=32, last=Last.VECTOR)},
    ),
    "error feedback": lambda: (
        with_feedback(networks.quantized(FED_BACK, weight_bits=6, state_bits=8)),
        {"lanes": 3},
    ),
}


def memories_in(verilog: str) -> Iterator[tuple[int, int]]:
    """Yield words and bits of every memory, once for each instance of its module."""
    for module in re.split(r"^module ", verilog, flags=re.MULTILINE)[1:]:
        name, _, _ = module.partition("(")
        instances = len(re.findall(rf"^ +{re.escape(name)} \S+ \(", verilog, re.MULTILINE))
        for width, last in MEMORY.findall(module):
            yield from [(int(last) + 1, int(width or 0) + 1)] * max(instances, 1)


def products_in(verilog: str) -> int:
    """Return how many products of two signals there are."""
    code = re.sub(r"\(\*.*?\*\)|//.*", "", verilog)  # without attributes and comments
    factors = PRODUCT.findall(code)
    return sum(not any(map(CONSTANT.match, pair)) for pair in factors)


def design(name: str) -> tuple[QuantizedNetwork, Plan]:
    network, options = DESIGNS[name]()
    return network, fastest_plan(network, **options)


@pytest.mark.parametrize("name", DESIGNS)
def test_memories_and_multipliers_are_those_of_the_verilog(name):
    network, plan = design(name)
    verilog = emit_verilog(network, plan, digest="0" * 64)[f"{network.name}.v"]
    counted = [*(memory for layer in plan.layers for memory in memories_of(layer))]
    counted.append(answer_queue(plan))
    assert Counter((m.words, m.width) for m in counted) == Counter(memories_in(verilog))
    products = [sum(each.count for each in multipliers_of(layer)) for layer in plan.layers]
    assert products == [layer.multipliers for layer in plan.layers]
    assert sum(products) == products_in(verilog)


@pytest.mark.parametrize(("answers", "tables"), [(20, True), (600, False)])
def test_a_long_queue_lies_in_a_block(answers, tables):
    plan = make_plan(networks.quantized(networks.network(dense=answers)), 1)
    queue = answer_queue(plan)
    assert queue.words == answers
    assert DEFAULT.in_blocks(queue) != tables


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
