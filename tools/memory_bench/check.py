# SPDX-License-Identifier: Apache-2.0
"""Cells in Icarus, every word compared with the golden model."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hw.golden import GoldenModel
from tools.memory_bench.cells import Cell
from tools.memory_bench.networks import memory_of

__all__ = ["Check", "simulate"]

_STEPS = """
module bench;
  reg clk = 0, rst = 1;
  reg [{u_bits}-1:0] u [0:{steps}-1];
  wire [{width}-1:0] states;
  integer n;
  {top} dut(.clk(clk), .rst(rst), .en(1'b1), .u(u[n]), .states(states));
  initial begin
    $readmemh("u.hex", u);
    n = 0; #1 clk = 1; #1 clk = 0; rst = 0;
    while (n < {steps}) begin
      #1 clk = 1; #1 clk = 0; n = n + 1;
      $display("%0d %h", n, states);
    end
    $finish;
  end
endmodule
"""

_STREAM = """
module bench;
  reg clk = 0, rst = 1;
  reg [{u_bits}-1:0] u [0:{steps}-1];
  wire [{width}-1:0] states;
  wire ready, valid, last;
  integer n, answers, cycle;
  {top} dut(.clk(clk), .rst(rst),
    .s_axis_tdata(u[n]), .s_axis_tvalid(n < {steps}), .s_axis_tready(ready),
    .s_axis_tlast(n == {steps} - 1),
    .m_axis_tdata(states), .m_axis_tvalid(valid), .m_axis_tready(1'b1), .m_axis_tlast(last));
  initial begin
    $readmemh("u.hex", u);
    n = 0; answers = 0; cycle = 0; #1 clk = 1; #1 clk = 0; rst = 0;
    while (answers < {steps}) begin
      #1;
      if (valid) begin $display("%0d %h", cycle, states); answers = answers + 1; end
      if (ready && n < {steps}) begin clk = 1; #1 n = n + 1; end
      else begin clk = 1; #1; end
      clk = 0; cycle = cycle + 1;
    end
    $finish;
  end
endmodule
"""


@dataclass(frozen=True, slots=True)
class Check:
    """What a simulation saw.

    Attributes
    ----------
    words, mismatches : int
        Compared, and different.
    cycles : int
        From one answer to the next, at full load.
    """

    words: int
    mismatches: int
    cycles: int


def simulate(cell: Cell, folder: Path, steps: int) -> Check:
    """Run a cell whose files are in a folder.

    Raises
    ------
    RuntimeError
        If it does not answer, or the steps take different numbers of cycles.
    """
    u, expected = _golden(cell, steps)
    state = memory_of(cell.network).requant.format
    order, u_bits = expected.shape[1], cell.network.input.format.width
    assert state.width == u_bits == 16, "words of streams are whole bytes"
    bench = (_STREAM if cell.folded else _STEPS).format(
        top=cell.top, steps=steps, u_bits=u_bits, width=order * state.width
    )
    (folder / "bench.v").write_text(bench)
    (folder / "u.hex").write_text("".join(f"{code & (1 << u_bits) - 1:x}\n" for code in u.tolist()))
    for command in (
        ["iverilog", "-g2005-sv", "-o", "bench.vvp", "-s", "bench", "bench.v", "cell.v"],
        ["vvp", "-n", "bench.vvp"],
    ):
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(
                f"{command[0]} must run {cell.top}, but failed: {run.stderr[-2000:]}"
            )
    lines = [line.split() for line in run.stdout.splitlines() if line[:1].isdigit()]
    if len(lines) != steps:
        raise RuntimeError(f"{cell.top} must answer {steps} steps, not {len(lines)}")
    times = np.diff([int(cycle) for cycle, _ in lines])
    if len(set(times[1:].tolist())) > 1:
        raise RuntimeError(f"{cell.top} must need as many cycles in each step, not {set(times)}")
    mask = (1 << state.width) - 1
    wrong = 0
    for (_, digits), codes in zip(lines, expected.tolist(), strict=True):
        seen = None if "x" in digits else int(digits, 16)
        wrong += sum(
            seen is None or seen >> state.width * k & mask != code & mask
            for k, code in enumerate(codes)
        )
    return Check(words=expected.size, mismatches=wrong, cycles=int(times[-1]))


def _golden(cell: Cell, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return u and the states after each step: full scale both ways, then noise."""
    fmt = cell.network.input.format
    u = np.random.default_rng(0).integers(fmt.min_code, fmt.max_code + 1, steps)
    u[: steps // 4], u[steps // 4 : steps // 2] = fmt.max_code, fmt.min_code
    answers, _ = GoldenModel(cell.network).run(u[None, :, None])
    return u, answers[0]
