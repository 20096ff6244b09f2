# SPDX-License-Identifier: Apache-2.0
"""The ports in words are those of the Verilog."""

from __future__ import annotations

import re

import pytest

from lmu_hw.integration.ports import ports_of
from tests.integration.designs import emitted, subject


@pytest.mark.parametrize("width", ["vector", 8])
def test_ports_are_those_of_the_verilog(width):
    made = subject(width=width)
    text = emitted(width=width)["tiny.v"]
    top = re.search(r"^module tiny\(.*?^endmodule", text, re.MULTILINE | re.DOTALL)
    assert top is not None
    declared = re.findall(r"^  (input|output) (\[\d+:0\] )?(\w+);$", top[0], re.MULTILINE)
    ports = ports_of(made.plan)
    assert sorted((p.direction, p.range, p.name) for p in ports) == sorted(declared)
    assert [port.name for port in ports[:2]] == ["clk", "rst"]


def test_every_port_has_words():
    assert all(port.meaning for port in ports_of(subject(width=8).plan))
