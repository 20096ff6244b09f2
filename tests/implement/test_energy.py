# SPDX-License-Identifier: Apache-2.0
"""Operations and accesses of a step, counted from the plan."""

from __future__ import annotations

import pytest

import lmu_hw
from lmu_hw.implement.energy import step_energy
from lmu_hw.plan import make_plan
from tests.networks import network, noise

KINDS = ["dense", "semiseparable", "two-pass"]


def planned(lanes=4, realization="semiseparable", **options):
    net = network(**{"order": 6, "units": 5, "dense": 3, "hidden_to_memory": True, **options})
    design = lmu_hw.quantize(net, noise(net, sequences=2, steps=20), realization=realization)
    return make_plan(design.network, lanes)


def counts(plan, kind, node=""):
    entries = step_energy(plan).entries
    return sum(e.count for e in entries if e.kind == kind and (not node or e.node == node))


@pytest.mark.parametrize("realization", KINDS)
def test_every_product_of_the_network_counts_once(realization):
    plan = planned(realization=realization)
    expected = sum(layer.layer.multiplications(last_step=True) for layer in plan.layers)
    assert counts(plan, "products") == expected


def test_gates_count_as_they_are_computed():
    plan = planned(hidden="lstm")
    expected = sum(layer.layer.multiplications(last_step=True) for layer in plan.layers)
    assert counts(plan, "products") == expected


def test_a_word_of_coefficients_is_read_for_each_cycle_of_the_array():
    plan = planned()
    (head,) = plan.layers[-1].layer.nodes
    schedule = plan.layers[-1].node(head)
    rows = -(-head.rows // plan.beat)  # its bias, too
    assert counts(plan, "coefficients read", head.name) == schedule.rom_words + rows
    assert counts(plan, "tables read", "lmu0.h") == 5


def test_a_wider_array_reads_vectors_less_often():
    few, many = planned(lanes=1), planned(lanes=8)
    assert counts(many, "vectors read") < counts(few, "vectors read")
    assert counts(many, "products") == counts(few, "products")
