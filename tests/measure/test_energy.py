# SPDX-License-Identifier: Apache-2.0
"""The figures of the energy model, and how they scale."""

from __future__ import annotations

import pytest

from lmu_hw.measure.energy import Clocking, Energy, Entry, access, addition, product

ENTRIES = tuple(
    Entry(layer=layer, node="y", kind=kind, count=1, bits="8", picojoules=1000.0 * number)
    for number, (layer, kind) in enumerate([("a", "sums"), ("a", "products"), ("b", "sums")], 1)
)


def test_the_figures_are_those_of_the_source():
    assert product(1, 8, 8)[0] == pytest.approx(0.2)
    assert addition(1, 32)[0] == pytest.approx(0.1)
    assert access(1, 64, 8 * 8192)[0] == pytest.approx(10.0)


def test_accesses_grow_with_the_root_of_the_memory_up_to_a_bank():
    small, whole, large = (access(3, 16, 8 * size)[0] for size in (2048, 8192, 32768))
    assert small == pytest.approx(whole / 2)
    assert large == whole


def test_clocks_are_said_only_where_flip_flops_are_counted():
    energy = Energy(entries=ENTRIES, cycles=100)
    assert energy.clocking is None
    assert energy.total == energy.operations == pytest.approx(6.0)
    assert not any("clocks" in line for line in energy.lines())
    clocked = Energy(entries=ENTRIES, cycles=100, flip_flops=1000)
    assert clocked.clocking == pytest.approx(1.006)
    assert clocked.total == pytest.approx(7.006)
    assert clocked.lines()[-1].startswith("1.01 nJ of clocks: 1,000 flip-flops in 100 cycles")


def test_clocks_that_enables_stop_do_not_count():
    enables = Clocking(flip_flops=1000, enabled=800, clocked=250.0)
    energy = Energy(entries=ENTRIES, cycles=100, flip_flops=1000, enables=enables)
    assert energy.clocking == pytest.approx(0.2515)
    assert energy.ungated == pytest.approx(1.006)
    assert energy.total == pytest.approx(6.2515)
    assert "800 of them behind clock gates: 250 clocked in a cycle" in energy.lines()[-1]


def test_it_is_split_by_layer_and_kind():
    table = Energy(entries=ENTRIES, cycles=1).by_layer()
    assert table == {"a": {"sums": 1.0, "products": 2.0}, "b": {"sums": 3.0}}
