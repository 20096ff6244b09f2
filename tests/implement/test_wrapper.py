# SPDX-License-Identifier: Apache-2.0
"""The wrapper around a top: its ports, and that it synthesises for every kind of top."""

from __future__ import annotations

import pytest

from lmu_hw.implement.tools import run_yosys
from lmu_hw.implement.wrapper import Ports, port_bits, ports_of, wrapper

PLAIN = {"s_axis_tdata": 16, "m_axis_tdata": 8}
RELOADABLE = {**PLAIN, "coefficient_write": 1, "coefficient_address": 9, "coefficient_data": 21}


def test_ports_are_read_from_the_emitted_verilog(verilog):
    bits = ports_of(verilog(), "tiny").bits
    assert bits["s_axis_tdata"] == 8
    assert bits["clk"] == bits["m_axis_tvalid"] == 1
    with pytest.raises(ValueError, match="it must hold the module other"):
        ports_of(verilog(), "other")


@pytest.mark.parametrize("bits", [PLAIN, RELOADABLE, {**PLAIN, "m_axis_tdata": 4_096}])
def test_all_ports_of_the_design_are_connected(bits, tmp_path):
    inputs = {"clk": 1, "rst": 1, "s_axis_tvalid": 1, "s_axis_tlast": 1, "m_axis_tready": 1}
    outputs = {"s_axis_tready": 1, "m_axis_tvalid": 1, "m_axis_tlast": 1, "m_axis_tdata": 0}
    declared = [
        f"{'output' if name in outputs else 'input'} [{width - 1}:0] {name}"
        for name, width in {**inputs, **outputs, **bits}.items()
    ]
    (tmp_path / "design.v").write_text(f"module d({', '.join(declared)}); endmodule\n")
    (tmp_path / "wrapper.v").write_text(wrapper("d", Ports(bits=bits)))
    commands = ["read_verilog design.v wrapper.v", "hierarchy -check -top d__bytes"]
    said = run_yosys([*commands, "proc", "check"], tmp_path, log="log")
    assert "Resizing cell port" not in said
    assert not [line for line in said.splitlines() if "Warning" in line and "m_axis" not in line]


def test_every_port_is_listed_bit_by_bit():
    assert len(port_bits(Ports(bits=PLAIN))) == 24
    assert len(set(port_bits(Ports(bits=RELOADABLE)))) == 33
    assert port_bits(Ports(bits=PLAIN))[0] == "clk"
