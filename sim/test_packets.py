# SPDX-License-Identifier: Apache-2.0
"""Designs whose vectors are packets: equal on every simulator, and what is broken fails."""

from __future__ import annotations

import re
import shutil

import pytest

from lmu_hw.simulate import simulate
from tests.simulators import require_simulator

# A part of the design, what is replaced in it, and by what.
BROKEN = {
    "what is not kept is read": ("from_axi", r"= tkeep & (\w+);", r"= \1;"),
    "what is too much is read": ("from_axi", r"skipping <= (\w+);", "skipping <= 1'h0;"),
    "the mark of a short packet is lost": ("from_axi", r"mark <= \w+;", "mark <= 1'h0;"),
    "beats go on in reset": ("to_axi", r"= rst \? \d'h0 : (\w+);", r"= \1;"),
}


@pytest.mark.parametrize(
    ("name", "simulator", "max_cycles"),
    [
        ("packets", "icarus", 6_000),
        ("packets_of_sequences", "icarus", 6_000),
        ("packets", "verilator", 60_000),
        ("packets_of_sequences", "amaranth", 1_500),
    ],
)
def test_packets_equal_the_golden_model(folder_of, name, simulator, max_cycles):
    if simulator != "amaranth":
        require_simulator(simulator)
    (result,) = simulate(folder_of(name), simulators=[simulator], max_cycles=max_cycles)
    assert result.passed, result
    assert result.words_compared > 100


@pytest.mark.parametrize("how", BROKEN)
def test_packets_that_are_broken_fail(folder_of, tmp_path, how):
    require_simulator("icarus")
    folder = shutil.copytree(folder_of("packets"), tmp_path / "broken")
    part, pattern, replacement = BROKEN[how]
    path = folder / "rtl" / "packets.v"
    module = re.search(rf"^module packets__{part}\(.*?^endmodule", path.read_text(), re.M | re.S)[0]
    changed, count = re.subn(pattern, replacement, module)
    assert count == 1, how
    path.write_text(path.read_text().replace(module, changed))
    (result,) = simulate(folder, simulators=["icarus"], max_cycles=4_000)
    assert not result.passed
