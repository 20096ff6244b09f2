# SPDX-License-Identifier: Apache-2.0
"""The benchmark on chips: the memory written by hand, and the rows of the page."""

from __future__ import annotations

import subprocess

import numpy as np

from tests.simulators import require_simulator
from tools import bench_physical
from tools.memory_bench.cells import dense_integers
from tools.memory_bench.networks import Bits

BENCH = """
module bench;
  reg clk = 0, rst = 1;
  reg signed [15:0] u [0:9];
  wire ready, valid;
  wire signed [15:0] state;
  integer n = 0, answers = 0, cycle = 0;
  by_hand_8 dut(.clk(clk), .rst(rst), .u(u[n]), .u_valid(1'b1), .u_ready(ready), .state(state),
    .state_valid(valid));
  initial begin
    $readmemh("u.hex", u);
    #1 clk = 1; #1 clk = 0; rst = 0;
    while (answers < 80) begin
      #1;
      if (valid) begin $display("%0d", state); answers = answers + 1; end
      if (ready) begin $display("cycle %0d", cycle); clk = 1; #1 n = n + 1; end
      else begin clk = 1; #1; end
      clk = 0; cycle = cycle + 1;
    end
    $finish;
  end
endmodule
"""


def test_the_memory_by_hand_computes_its_sums_in_its_cycles(tmp_path, monkeypatch):
    require_simulator("icarus")
    monkeypatch.setattr(bench_physical, "equal", lambda *_: Bits(13))
    emitted = bench_physical.by_hand(8)
    for name, content in emitted.files.items():
        (tmp_path / name).write_bytes(content)
    u = np.random.default_rng(1).integers(-20000, 20000, 10)
    (tmp_path / "u.hex").write_text("".join(f"{code & 0xFFFF:04x}\n" for code in u.tolist()))
    (tmp_path / "bench.v").write_text(BENCH)
    command = ["iverilog", "-g2012", "-o", "bench", "bench.v", "by_hand_8.v"]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = subprocess.run(["vvp", "bench"], cwd=tmp_path, check=True, capture_output=True, text=True)
    A, B, shift = dense_integers(bench_physical.dense_memory(8))
    x, expected = np.zeros(8, np.int64), list[int]()
    for code in u:
        x = (A @ x + B * code + (1 << shift - 1)) >> shift
        expected += x.tolist()
    lines = run.stdout.splitlines()
    assert [int(line) for line in lines if not line.startswith("cycle")] == expected
    starts = [int(line.split()[1]) for line in lines if line.startswith("cycle")]
    assert set(np.diff(starts).tolist()) == {emitted.cycles}


def test_rows_of_cases_that_were_left_out_stay():
    first, second, *_ = bench_physical.cases()
    width = len(bench_physical.HEADINGS) - 2
    old = [(case.name, case.target, *["old"] * width) for case in (first, second)]
    new = [(second.name, second.target, *["new"] * width)]
    assert bench_physical.merged(old, new) == [old[0], new[0]]
