# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest

from lmu_hw.design import Design
from lmu_hw.measure import measure
from lmu_hw.report.what_if import alternatives, certified_memories
from tests import networks
from tests.reports import certified


def words(report):
    ((memory, proof, signal),) = certified_memories(report)
    return alternatives(memory, proof, signal)


def with_state_bits(more):
    """Return the report of a design whose states alone have more fraction bits."""
    net = networks.network(hidden="none", order=4, theta=8.0)
    x = 0.9 * networks.noise(net, sequences=10, steps=60)
    config = networks.configured(net, state_bits=10)
    node = config.nodes["lmu0.m"]
    fmt = replace(node.requant.format, frac_bits=node.requant.format.frac_bits + more)
    changed = replace(node, requant=replace(node.requant, format=fmt))
    nodes = {**config.nodes, "lmu0.m": changed}
    return certified(Design.build(net, replace(config, nodes=nodes), x), x)


@pytest.mark.parametrize(("more", "index"), [(1, 1), (-1, 2)])
def test_other_state_bits_do_what_the_report_said(more, index):
    said, done = words(with_state_bits(0))[index], words(with_state_bits(more))[0]
    assert said.state_bits == done.state_bits
    assert said.proved == done.proved
    for name in ("bound", "rounding", "noise"):
        assert getattr(said, name) == pytest.approx(getattr(done, name), rel=0.01)


def test_the_design_itself_comes_first():
    report = with_state_bits(0)
    now, *others = words(report)
    (memory,) = report.memories
    assert (now.change, now.bound, now.proved) == ("", memory.proof.bound, memory.proof.proved)
    assert [other.state_bits - now.state_bits for other in others] == [1, -1]


def test_without_proof_there_is_nothing_to_say(design, x):
    assert certified_memories(measure(design, x)) == []
