# SPDX-License-Identifier: Apache-2.0
"""The top of a board: it fits the cells of the device, and carries the design's answers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import lmu_hw
from lmu_hw.boards import build_board
from lmu_hw.boards.ports import ports_of
from lmu_hw.boards.top import divisor
from lmu_hw.errors import ConfigError
from lmu_hw.folder import DesignFolder
from lmu_hw.golden import GoldenModel
from lmu_hw.implement.tools import run_yosys
from lmu_hw.manifest import read_plan
from lmu_hw.network.frames import FrameReader, framed
from tests.implementations import tiny_network
from tests.simulators import require_simulator

LIBRARIES = {"ice40": ("ice40/cells_sim.v",), "ecp5": ("lattice/cells_bb_ecp5.v",)}
BENCH = """
module bench;
  reg clk = 0, rx = 1;
  wire tx;
  always #1 clk = ~clk;
  reg [7:0] sent [0:{count} - 1];
  initial $readmemh("sent.hex", sent);
  tiny__ulx3s_25k dut(.oscillator(clk), .rx(rx), .tx(tx));
  integer n, bit, got;
  reg [7:0] octet;
  initial begin
    repeat (1200) @(posedge clk);
    for (n = 0; n < {count}; n = n + 1) begin
      rx = 0; repeat ({bit}) @(posedge clk);
      for (bit = 0; bit < 8; bit = bit + 1) begin
        rx = sent[n][bit]; repeat ({bit}) @(posedge clk);
      end
      rx = 1; repeat ({bit}) @(posedge clk);
    end
  end
  initial for (got = 0; got < {answers}; got = got + 1) begin
    @(negedge tx); repeat ({bit} + {bit} / 2) @(posedge clk);
    for (n_bit = 0; n_bit < 8; n_bit = n_bit + 1) begin
      octet[n_bit] = tx; repeat ({bit}) @(posedge clk);
    end
    $display("%h", octet);
    if (got == {answers} - 1) $finish;
  end
  integer n_bit;
  initial begin repeat (100000) @(posedge clk); $finish; end
endmodule
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return the folder of a design; not to be changed."""
    path = tmp_path_factory.mktemp("boards") / "design"
    design = lmu_hw.quantize(tiny_network(), weight_bits=4, state_bits=6, activation_bits=4)
    lmu_hw.emit(design, path, lanes=1, stream_width=8)
    return path


def build(folder: Path, board: str, **options):
    network = lmu_hw.read_design(folder).network
    plan = read_plan(DesignFolder(folder), network)
    ports = ports_of((folder / "rtl" / "tiny.v").read_text(), "tiny")
    return build_board(board, ports, "tiny", plan, **options)


@pytest.mark.parametrize("board", ["icebreaker", "upduino", "ulx3s-25k"])
def test_cells_of_the_device_have_the_ports_that_are_connected(folder, tmp_path, board):
    made = build(folder, board)
    (tmp_path / "top.v").write_text(made.verilog)
    libraries = [f"read_verilog -lib +/{name}" for name in LIBRARIES[made.board.family]]
    said = run_yosys(
        [
            *libraries,
            f"read_verilog {folder / 'rtl' / 'tiny.v'}",
            "read_verilog top.v",
            f"hierarchy -check -top {made.top}",
            *("proc", "flatten", "opt_clean", "check -assert"),
        ],
        tmp_path,
        log="said.log",
    )
    assert "Warning: Resizing" not in said
    ports = {line.split()[1] for line in made.pins.splitlines() if line.startswith("set_io")}
    assert all(f"put {port}" in made.verilog for port in ports)


def test_answers_of_a_board_are_those_of_the_golden_model(folder, tmp_path):
    require_simulator("icarus")
    made = build(folder, "ulx3s-25k", clock=25, baud=2_500_000)
    network = lmu_hw.read_design(folder).network
    plan = read_plan(DesignFolder(folder), network)
    codes = np.array([[1, -2], [3, 4], [-5, 6]])
    octets = plan.source.encode(codes).reshape(3, -1)
    sent = b"".join(framed(row.tobytes(), ends=n == 2) for n, row in enumerate(octets))
    y, _ = GoldenModel(network).run(codes[None])
    expected = [row.tobytes() for row in plan.answer.encode(y[0]).reshape(3, -1)]
    count = sum(len(row) + 2 for row in expected) + 1  # marks of each, and that it is there
    for path in (folder / "rtl").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "top.v").write_text(made.verilog)
    (tmp_path / "sent.hex").write_text("".join(f"{octet:x}\n" for octet in sent))
    (tmp_path / "bench.v").write_text(BENCH.format(count=len(sent), answers=count, bit=10))
    command = ["iverilog", "-g2005", "-s", "bench", "-o", "bench", "tiny.v", "top.v", "bench.v"]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = subprocess.run(["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True)
    reader = FrameReader()
    frames = list(reader.read(int(line, 16) for line in run.stdout.split()))
    assert [frame.octets for frame in frames] == expected
    assert [frame.ends for frame in frames] == [False, False, True]
    assert reader.taken == 1 + 3


@pytest.mark.parametrize(
    ("board", "options", "message"),
    [
        ("upduino", {"link": "uart"}, "`link` must be spi on upduino, not 'uart'"),
        ("icebreaker", {"link": "i2c"}, "`link` must be one of uart, spi, not 'i2c'"),
        ("icebreaker", {"link": "spi", "baud": 9600}, "`baud` must be left out with `link` spi"),
        ("icebreaker", {"baud": 5_000_000}, "within 2%, not 5000000, which is 4.8"),
        ("icebreaker", {"baud": 0}, "`baud` must be at least 1, not 0"),
        ("icebreaker", {"clock": -1}, "`clock` must be a positive number of MHz, not -1"),
    ],
)
def test_what_a_board_has_not_is_refused(folder, board, options, message):
    with pytest.raises(ConfigError, match=message):
        build(folder, board, **options)


def test_a_bit_is_a_whole_number_of_cycles():
    assert divisor(24.0, 115_200) == 208
    with pytest.raises(ConfigError, match=r"`baud` must divide the clock of 24 MHz .* is 10\.43"):
        divisor(24.0, 2_300_000)
