# SPDX-License-Identifier: Apache-2.0
"""The wrapper around a top: its ports, and that it synthesises for every kind of top."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

import lmu_hw
from lmu_hw.boards.ports import Ports, ports_of
from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.registers.axi_lite import axi_lite_inputs, axi_lite_outputs
from lmu_hw.implement.tools import run_yosys
from lmu_hw.implement.wrapper import port_bits, wrapper
from tests.implementations import tiny_network
from tests.simulators import require_simulator

PLAIN = {"s_axis_tdata": 16, "m_axis_tdata": 8}
_MARKS = {"tkeep": 4, "tuser": 1, "tid": 2}
PACKETS = {f"{side}_{name}": n for side in ("s_axis", "m_axis") for name, n in _MARKS.items()}
PACKETS |= {"s_axis_tdata": 32, "m_axis_tdata": 32}
RELOADABLE = {**PLAIN, "coefficient_write": 1, "coefficient_address": 9, "coefficient_data": 21}


def test_ports_are_read_from_the_emitted_verilog(verilog):
    bits = ports_of(verilog(), "tiny").bits
    assert bits["s_axis_tdata"] == 16
    assert bits["clk"] == bits["m_axis_tvalid"] == 1
    with pytest.raises(ValueError, match="it must hold the module other"):
        ports_of(verilog(), "other")


@pytest.mark.parametrize("bits", [PLAIN, RELOADABLE, PACKETS, {**PLAIN, "m_axis_tdata": 4_096}])
def test_all_ports_of_the_design_are_connected(bits, tmp_path):
    inputs = {"clk": 1, "rst": 1, "s_axis_tvalid": 1, "s_axis_tlast": 1, "m_axis_tready": 1}
    outputs = {"s_axis_tready": 1, "m_axis_tvalid": 1, "m_axis_tlast": 1, "m_axis_tdata": 0}
    outputs |= {name: 0 for name in bits if name.startswith("m_axis")}
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


def test_all_ports_of_registers_are_connected(tmp_path):
    lite = lite_ports()
    inputs = {"clk": 1, "rst": 1, "s_axis_tvalid": 1, "s_axis_tlast": 1, "m_axis_tready": 1}
    outputs = {"s_axis_tready": 1, "m_axis_tvalid": 1, "m_axis_tlast": 1, **PLAIN}
    del outputs["s_axis_tdata"]
    bits = {**inputs, **outputs, "s_axis_tdata": 16, **lite[0], **lite[1]}
    driven = {*outputs, *lite[1]}
    declared = [
        f"{'output' if name in driven else 'input'} [{width - 1}:0] {name}"
        for name, width in bits.items()
    ]
    (tmp_path / "design.v").write_text(
        f"(* blackbox *) module d({', '.join(declared)}); endmodule\n"
    )
    ports = Ports(bits=bits, outputs=frozenset(driven))
    (tmp_path / "wrapper.v").write_text(wrapper("d", ports))
    commands = ["read_verilog design.v wrapper.v", "hierarchy -check -top d__bytes"]
    said = run_yosys([*commands, "proc", "check -assert"], tmp_path, log="log")
    assert "Resizing cell port" not in said and "Warning" not in said
    assert len(set(port_bits(ports))) == 24 + 17


def lite_ports():
    """Return inputs and outputs of AXI4-Lite with their prefix."""
    return [
        {f"s_axi_{name}": width for name, width in widths.items()}
        for widths in (axi_lite_inputs(7), axi_lite_outputs())
    ]


def test_every_port_is_listed_bit_by_bit():
    assert len(port_bits(Ports(bits=PLAIN))) == len(port_bits(Ports(bits=PACKETS))) == 24
    assert len(set(port_bits(Ports(bits=RELOADABLE)))) == 33
    assert port_bits(Ports(bits=PLAIN))[0] == "clk"


_BENCH = """
module bench;
  reg clk = 0, rst = 1, offered = 0, taking = 0;
  always #1 clk = ~clk;
  reg [8:0] given [0:{count} - 1];
  initial $readmemh("given.hex", given);
  integer at = 0, got = 0, cycle = 0;
  wire ready, valid, last;
  wire [7:0] answer;
  tiny__bytes dut(
    .clk(clk), .rst(rst), .s_byte(offered ? given[at][7:0] : 8'hx),
    .s_last(offered ? given[at][8] : 1'bx), .s_valid(offered), .s_ready(ready),
    .m_byte(answer), .m_valid(valid), .m_last(last), .m_ready(taking));
  always @(posedge clk) begin
    cycle <= cycle + 1;
    rst <= cycle < 1;
    if (offered & ready) at <= at + 1;
    offered <= cycle > 3 & at + (offered & ready) < {count}
      & (offered & ~ready | $random % 3 != 0);
    taking <= $random % 3 != 0;
    if (valid & taking) begin
      $display("%h %b", answer, last);
      got <= got + 1;
      if (got + 1 == {answers}) $finish;
    end
    if (cycle > 100000) $finish;
  end
endmodule
"""


def words(codes: np.ndarray) -> list[tuple[int, bool]]:
    """Return the bytes of (steps, elements) codes, each with whether it ends the sequence."""
    data = codes.astype(np.int64).ravel() & 255  # elements of one byte each
    return [(int(byte), place == len(data) - 1) for place, byte in enumerate(data)]


def beats(codes: np.ndarray) -> list[tuple[int, bool]]:
    """Return the bytes of (steps, 2) codes as beats of 32 bits, each with its byte of marks."""
    ends = [step == len(codes) - 1 for step in range(len(codes))]
    data = codes.astype(np.int64) & 255
    marked = [[*pair, 0, 0, 0b0011 | end << 4] for pair, end in zip(data, ends, strict=True)]
    return [(int(byte), place == 4) for beat in marked for place, byte in enumerate(beat)]


@pytest.mark.parametrize(("stream_width", "as_bytes"), [("vector", words), (32, beats)])
def test_bytes_through_the_wrapper_are_what_the_golden_model_answers(
    tmp_path, stream_width, as_bytes
):
    require_simulator("icarus")
    design = lmu_hw.quantize(tiny_network(), weight_bits=4, state_bits=6, activation_bits=4)
    lmu_hw.emit(design, tmp_path / "design", lanes=1, stream_width=stream_width)
    network, random = design.network, np.random.default_rng(1)
    fmt = network.layers[0].input.format
    sequences = [random.integers(fmt.min_code, fmt.max_code + 1, (n, 2)) for n in (3, 1, 7)]
    answers = [GoldenModel(network).run(codes[None])[0][0] for codes in sequences]
    given = [word for codes in sequences for word in as_bytes(codes)]
    expected = [word for codes in answers for word in as_bytes(codes)]
    for path in (tmp_path / "design" / "rtl").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    verilog = (tmp_path / "tiny.v").read_text()
    (tmp_path / "wrapper.v").write_text(wrapper("tiny", ports_of(verilog, "tiny")))
    (tmp_path / "given.hex").write_text("".join(f"{last << 8 | b:x}\n" for b, last in given))
    bench = _BENCH.format(count=len(given), answers=len(expected))
    (tmp_path / "bench.v").write_text(bench)
    sources = ["tiny.v", "wrapper.v", "bench.v"]
    command = ["iverilog", "-g2005", "-s", "bench", "-o", "bench", *sources]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = subprocess.run(["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout.splitlines() == [f"{byte:02x} {int(last)}" for byte, last in expected]
