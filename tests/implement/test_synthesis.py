# SPDX-License-Identifier: Apache-2.0
"""Counts of a netlist by part, and the warnings that its reader should see."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from lmu_hw.errors import ToolError
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import read_implementations
from lmu_hw.implement.synthesis import NETLIST, synthesize, warnings_in
from lmu_hw.implement.targets import TARGETS
from lmu_hw.measure.implementation import Resources

SAID = """\
Warning: Replacing memory \\cells with list of registers. See t.v:24
Warning: Wire t.\\y is used but has no driver.
Warning: Wire t.\\y is used but has no driver.
mapping memory \\layer_a.x.cells in module \\t:
  created 16 $dff cells and 0 static cells of width 8.
mapping memory \\layer_a.small in module \\t:
  created 2 $dff cells and 0 static cells of width 8.
ABC: Warning: The network is combinational.
"""


def test_warnings_that_matter_come_once_each():
    assert warnings_in(SAID) == (
        "Wire t.\\y is used but has no driver.",
        "the memory layer_a.x.cells became 128 registers",
    )


def test_a_wire_without_a_driver_is_warned_of(tmp_path):
    (tmp_path / "t.v").write_text("module t(output z); wire loose; assign z = loose; endmodule\n")
    found = synthesize(TARGETS["ecp5-25k"], ["t.v"], "t", tmp_path, wrapped=False).warnings
    assert any("no driver" in text for text in found)


def test_a_latch_is_an_error(tmp_path):
    text = "module t(input e, input d, output reg q); always @* if (e) q = d; endmodule\n"
    (tmp_path / "t.v").write_text(text)
    with pytest.raises(ToolError, match="Latch inferred for signal"):
        synthesize(TARGETS["ecp5-25k"], ["t.v"], "t", tmp_path, wrapped=False)


def test_parts_add_up_to_the_total(placed):
    (found,) = read_implementations(DesignFolder(placed))
    assert sum((part.resources for part in found.parts), Resources()) == found.total
    used = {entry.name: entry.used for entry in found.used}
    assert (found.total.ff, found.total.dsp) == (used["TRELLIS_FF"], used["MULT18X18D"])


@pytest.mark.parametrize("target", ["gowin-nano-9k", "gowin-nano-20k"])
def test_multipliers_of_gowin_are_of_one_size(target, tmp_path):
    # Narrow ones beside wide ones are more than nextpnr places.
    text = "module t(input signed [7:0] a, b, input signed [15:0] c, output [40:0] y);\n"
    text += "wire signed [15:0] p = a * b; wire signed [23:0] q = a * c;\n"
    text += "assign y = {p, q}; endmodule\n"
    (tmp_path / "t.v").write_text(text)
    report = synthesize(TARGETS[target], ["t.v"], "t", tmp_path, wrapped=False)
    netlist = json.loads((tmp_path / NETLIST).read_text())
    kinds = Counter(cell["type"] for cell in netlist["modules"]["t"]["cells"].values())
    assert {kind: kinds[kind] for kind in kinds if "MULT" in kind} == {"MULT18X18": 2}
    assert sum((part.resources for part in report.parts), Resources()).dsp == 2
