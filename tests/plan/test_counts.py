# SPDX-License-Identifier: Apache-2.0
"""What a plan is built of: what grows with it, and which memories are blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.hdl.registers.map import register_map
from lmu_hw.network import stream_of
from lmu_hw.plan import LayerPlan, interleaved, make_plan
from lmu_hw.plan.chip import CHIPS, DEFAULT
from lmu_hw.plan.counts import OPTIONS, counts_of, port_counts
from tests import networks
from tests.plan.swept import swept


def plan_of(**options):
    network = networks.quantized(networks.network(**options))
    return LayerPlan(layer=network.layers[0], rows=1, columns=1, beat=1)


@pytest.mark.parametrize(
    ("more", "part", "name"),
    [
        ({"rows": 2}, "array", "sums"),
        ({"columns": 4}, "array", "trees"),
        ({"columns": 4, "beat": 4, "rows": 4}, "output", "codes"),
    ],
)
def test_parts_grow_with_the_plan(more, part, name):
    plan = plan_of()
    larger = replace(plan, **more)
    key = f"{part}: {name}"
    assert counts_of(larger).parts[part][key] > counts_of(plan).parts[part][key]


def test_only_gated_layers_have_products_of_vectors():
    assert "products of vectors" not in counts_of(plan_of()).parts
    assert "products of vectors" in counts_of(plan_of(hidden="lstm")).parts


def test_a_structured_memory_is_a_part_of_its_own():
    layer = swept(16, units=16).layers[0]
    few, more = (
        LayerPlan(layer=layer, rows=4, columns=4, beat=1, memory_lanes=lanes) for lanes in (1, 4)
    )
    part, key = "memory, semiseparable", "memory, semiseparable: operands"
    assert counts_of(more).parts[part][key] > counts_of(few).parts[part][key]
    assert more.lanes > few.lanes


def test_banks_have_registers_behind_them_and_a_small_one_in_front_of_its_address(monkeypatch):
    plan = plan_of(order=4, units=3)
    (rom,) = plan.coefficient_roms
    alone = counts_of(plan).parts["array"]["array: registers"]
    banks = counts_of(replace(plan, bank_words=32)).parts["array"]["array: registers"]
    assert 32 < rom.depth <= 64
    assert banks - alone == 2 * rom.width - (rom.depth - 1).bit_length()
    monkeypatch.setattr("lmu_hw.plan.counts.registers_address", lambda depths, width: False)
    block = counts_of(replace(plan)).parts["array"]["array: registers"]
    assert banks - block == rom.width


def test_addresses_of_segments_take_no_multipliers():
    plan, alone = (plan_of(memory_d=memory_d, order=5) for memory_d in (3, 1))
    dsp = [DEFAULT.multipliers(counts_of(each).multipliers) for each in (plan, alone)]
    assert dsp[0] == dsp[1]


def test_ports_are_as_wide_as_the_answer():
    few, many = (
        port_counts(make_plan(networks.quantized(networks.network(dense=size)), 1))
        for size in (2, 4)
    )
    assert many.parts["ports"]["ports: outputs"] == 2 * few.parts["ports"]["ports: outputs"]


def test_small_memories_are_registers_where_there_are_none_of_tables():
    plan = make_plan(networks.quantized(networks.network(dense=2)), 1).layers[0]
    parts = [counts_of(plan, CHIPS[name]).parts for name in ("ecp5-25k", "ice40-up5k")]
    kinds = ("ram", "register file")
    few, registers = (
        [sum(bits[kind] for bits in each.values()) for kind in kinds] for each in parts
    )
    assert few[0] > 0 == few[1]
    assert registers[0] == 0


@pytest.mark.parametrize("width", ["vector", 32])
def test_every_register_that_counts_is_counted(width):
    network = networks.quantized(networks.network(dense=2))
    plan = replace(make_plan(network, 1, stream=stream_of(width)), registers=True)
    counters = [register for register in register_map(plan).registers if register.counts]
    assert port_counts(plan).parts["registers"]["registers: counters"] == len(counters)


def test_what_is_not_asked_for_is_not_counted():
    plan = make_plan(networks.quantized(networks.network()), 1)
    assert not set(OPTIONS) & set(port_counts(plan).parts)
    plans = (
        replace(plan, registers=True),
        replace(plan, state_access=True),
        interleaved(plan, 2),
    )
    for part, with_option in zip(OPTIONS, plans, strict=True):
        assert part in port_counts(with_option).parts
