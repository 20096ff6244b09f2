# SPDX-License-Identifier: Apache-2.0
"""README.md of a design: what it says follows from the design, and nothing else is claimed."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.integration import integration_files
from lmu_hw.integration.example import example_of
from lmu_hw.integration.ports import ports_of
from lmu_hw.integration.registry import KINDS
from tests.integration.designs import subject


def text(**shape: object) -> str:
    return integration_files(subject(**shape))["README.md"].decode()


def rows(readme: str, header: str) -> list[list[str]]:
    """Return the cells of the table whose header begins with some text."""
    table = readme.split(f"| {header}", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table]


@pytest.mark.parametrize("width", ["vector", 8, 32])
def test_the_sample_by_hand_is_what_the_golden_model_reads(width):
    made = subject(width=width)
    network, packet = made.network, made.plan.source
    table = rows(text(width=width), "element | value")
    values = np.array([[[float(row[1]) for row in table]]])
    codes = GoldenModel(network).quantize_input(values)[0]
    assert [int(row[3]) for row in table] == codes[0].tolist()
    bits = packet.element_bits
    assert [int(row[4], 16) for row in table] == [c & (1 << bits) - 1 for c in codes[0].tolist()]
    beats = [row[1] for row in rows(text(width=width), "beat | tdata")]
    octets = np.array([list(bytes.fromhex(beat)[::-1]) for beat in beats], np.uint8)
    assert np.array_equal(packet.decode(octets[None]), codes)


def test_the_answer_by_hand_is_that_of_the_golden_model():
    made = subject()
    golden = GoldenModel(made.network)
    values = np.array([[[element.value for element in example_of(made).sample]]])
    y = golden.run(golden.quantize_input(values))[0]
    table = rows(text(), "element | in ")
    assert [int(row[2]) for row in table] == y.ravel().tolist()
    assert [float(row[3]) for row in table] == pytest.approx(golden.output_values(y).ravel(), 1e-5)


def test_it_says_every_port_every_node_and_the_cycles():
    made = subject(width=8)
    readme = text(width=8)
    expected = [[p.name, p.direction, str(p.width), p.meaning] for p in ports_of(made.plan)]
    assert rows(readme, "port |") == expected
    assert [row[0] for row in rows(readme, "node |")] == [n.name for n in made.network.nodes]
    assert f"takes {made.plan.cycles(last_step=False)} cycles" in readme


def test_it_lists_every_kind_of_file():
    readme = text()
    for kind in filter(lambda kind: kind.make(subject()), KINDS):
        assert all(f"`{pattern.format(name='tiny')}`" in readme for pattern in kind.patterns)


def test_it_calls_estimates_estimates_and_claims_no_proof_of_the_verilog():
    readme = text()
    assert "estimate, on Lattice ECP5" in readme
    assert "says nothing of one" in readme
    assert not re.search(r"\b(proved|shown) (that|equal)", readme)
