# SPDX-License-Identifier: Apache-2.0
"""The boards in a design's folder: what their scripts name is there, and is of the design."""

from __future__ import annotations

import re

import pytest

from lmu_hw.integration.boards import EXAMPLES, boards
from tests.integration.designs import design, subject


@pytest.mark.parametrize("width", ["vector", 32])
def test_scripts_name_files_that_are_there(width):
    made = subject(width=width)
    files = boards(made)
    for board in EXAMPLES:
        script = files[f"boards/{board}.sh"]
        named = set(re.findall(r"\.\./(boards/[\w.-]+\.(?:v|pcf|lpf))", script))
        assert len(named) >= 2
        assert named <= set(files)
        assert f"sh boards/{board}.sh" in script


def test_verilog_is_of_the_design_and_connects_it():
    files = boards(subject())
    verilog = {name: text for name, text in files.items() if name.endswith(".v")}
    assert len(verilog) == len(EXAMPLES) + 1
    assert all(f"// design sha256 {design().digest}" in text[:200] for text in verilog.values())
    for board in EXAMPLES:
        text = files[f"boards/{design().network.name}__{board.replace('-', '_')}.v"]
        assert f"  {design().network.name} inner (" in text
        assert ".s_axis_tdata(in_tdata)" in text
