# SPDX-License-Identifier: Apache-2.0
"""Operations and accesses of a step, counted from the plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

import lmu_hw
from lmu_hw.implement.energy import step_energy
from lmu_hw.network import Slopes, Table
from lmu_hw.plan import make_plan
from tests.networks import network, noise

KINDS = ["dense", "semiseparable", "two-pass"]


def planned(lanes=4, realization="semiseparable", activation_bits=8, **options):
    net = network(**{"order": 6, "units": 5, "dense": 3, "hidden_to_memory": True, **options})
    x = noise(net, sequences=2, steps=20)
    made = {"realization": realization, "activation_bits": activation_bits}
    return make_plan(lmu_hw.quantize(net, x, **made).network, lanes)


def counts(plan, kind, node=""):
    entries = step_energy(plan).entries
    return sum(e.count for e in entries if e.kind == kind and (not node or e.node == node))


def table_products(plan):
    """Return the products by slopes of tables, which come beside those of the network."""
    nodes = [node for layer in plan.layers for node in layer.layer.nodes]
    return sum(node.segments * node.rows for node in nodes if slopes_of(node) is not None)


def slopes_of(node):
    table = getattr(node, "activation", None)
    between = table.interpolation if isinstance(table, Table) else None
    return between if isinstance(between, Slopes) else None


@pytest.mark.parametrize("realization", KINDS)
def test_every_product_of_the_network_counts_once(realization):
    plan = planned(realization=realization)
    expected = sum(layer.layer.multiplications(last_step=True) for layer in plan.layers)
    assert counts(plan, "products") == expected + table_products(plan)


def test_gates_count_as_they_are_computed():
    plan = planned(hidden="lstm")
    expected = sum(layer.layer.multiplications(last_step=True) for layer in plan.layers)
    assert counts(plan, "products") == expected + table_products(plan)


# Reads of the ROMs and sums of a table, in the formula of `lmu_hw.network.activation`: address
# (distance, mirror image), value and what lies between, reflection, ramp.
@pytest.mark.parametrize(
    ("function", "bits", "form", "reads", "sums"),
    [
        ("tanh", 6, "79 values", ["6 of 474"], 2),
        ("tanh", 10, "52 values and slopes", ["18 of 936"], 3),
        ("sigmoid", 8, "62 values and 32 offsets", ["5 of 160", "11 of 682"], 3),
        ("gelu", 10, "50 values and slopes", ["12 of 600"], 3),
        ("elu", 6, "24 values", ["4 of 96"], 2),
    ],
)
def test_a_table_takes_its_parts_and_sums(function, bits, form, reads, sums):
    plan = planned(activation=function, activation_bits=bits, order=3, hidden_to_memory=False)
    (node,) = (node for node in plan.layers[0].layer.nodes if node.name == "lmu0.h")
    assert node.activation is not None and node.activation.form == form
    entries = [e for e in step_energy(plan).entries if e.node == node.name]
    assert [e.bits for e in entries if e.kind == "tables read"] == reads
    assert all(e.count == 5 for e in entries if e.kind == "tables read")
    own = len(node.terms) + 1  # of the products, and of the constant
    assert sum(e.kind == "sums" for e in entries) == own + sums
    products = [e.bits for e in entries if e.kind == "products"][len(node.terms) :]
    slopes = slopes_of(node)
    expected = slopes and [f"{slopes.codes.format.width} x {node.activation.low_bits}"]
    assert products == (expected or [])


def test_a_word_of_coefficients_is_read_for_each_cycle_of_the_array():
    plan = planned()
    (head,) = plan.layers[-1].layer.nodes
    schedule = plan.layers[-1].node(head)
    rows = -(-head.rows // plan.beat)  # its bias, too
    assert counts(plan, "coefficients read", head.name) == schedule.rom_words + rows
    assert counts(plan, "tables read", "lmu0.h") == 5


def test_a_word_takes_less_energy_from_a_smaller_bank():
    plan = planned(units=40)
    banked = replace(plan, layers=tuple(replace(each, bank_words=64) for each in plan.layers))
    assert counts(banked, "coefficients read") == counts(plan, "coefficients read")
    assert step_energy(banked).operations < step_energy(plan).operations


def test_a_wider_array_reads_vectors_less_often():
    few, many = planned(lanes=1), planned(lanes=8)
    assert counts(many, "vectors read") < counts(few, "vectors read")
    assert counts(many, "products") == counts(few, "products")
