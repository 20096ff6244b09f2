# SPDX-License-Identifier: Apache-2.0
"""Emitted designs in a bench of plain Verilog: several in one simulation, nothing known at first.

Inputs are unknown while they are not valid, registers and memories until the design sets them.
Icarus has four states, and an unknown control signal or answer shows as x; Verilator has two.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hw.golden import GoldenModel
from lmu_hw.hdl import emit_verilog
from lmu_hw.network import QuantizedNetwork, element_bits
from lmu_hw.plan import Plan
from lmu_hw.simulate import Simulator, find
from lmu_hw.simulate.wrapper import coefficient_ports

_TIMEOUT = 200_000  # cycles

_HARNESS = """
module bench_{name}(input clk, output done);
  reg [{data}:0] steps [0:{steps} - 1];
  reg [{word}:0] writes [0:{writes}];
  initial $readmemh("{name}.steps", steps);
  initial if ({writes} > 0) $readmemh("{name}.writes", writes);
  reg rst = 0, offered = {writes} == 0, taking = 0;
  integer cycle = 0, step = 0, answers = 0, write = 0;
  assign done = answers == {answers} & cycle > {reset_at} + 2;
  wire ready, valid, last;
  wire [{answer} - 1:0] answer;
  wire writing = cycle > 2 & write < {writes};
  {name} dut(
    .clk(clk), .rst(rst), .s_axis_tready(ready), .s_axis_tvalid(offered),
    .s_axis_tdata(offered ? steps[step][{data} - 1:0] : {data}'hx),
    .s_axis_tlast(offered ? steps[step][{data}] : 1'bx),
    {ports}
    .m_axis_tready(taking), .m_axis_tvalid(valid), .m_axis_tdata(answer), .m_axis_tlast(last));
  always @(posedge clk) begin
    cycle <= cycle + 1;
    rst <= cycle == 1 | cycle == {reset_at};
    if (writing) write <= write + 1;
    if (rst) begin
      if ({reset_at} > 0 & cycle > {reset_at}) $display("{name} reset");
      if ({{ready, valid}} !== 2'b00) $display("{name} hands over in reset");
      step <= 0;
      answers <= 0;
    end else if (cycle > 2) begin
      if (^{{ready, valid}} === 1'bx) $display("{name} unknown handshake");
      if (offered & ready) step <= step + 1;
      offered <= write == {writes} & step + (offered & ready) < {steps}
        & (offered & ~ready | $random % 3 != 0);
      taking <= $random % 3 != 0;
      if (valid & taking) begin
        answers <= answers + 1;
        $display("{name} %b %b", answer, last);
      end
    end
    if (cycle == {timeout}) begin
      $display("{name} timeout");
      $finish;
    end
  end
endmodule
"""

_MAIN = """
#include "Vplain_bench.h"
int main() {
  VerilatedContext context;
  Vplain_bench top(&context);
  while (!context.gotFinish()) { context.timeInc(1); top.clk = !top.clk; top.eval(); }
}
"""


@dataclass(frozen=True, kw_only=True)
class Design:
    """A design in the bench: what is fed to it, and the files if they are not as emitted.

    Parameters
    ----------
    network : QuantizedNetwork
        What its answers must be those of.
    plan : Plan
    sequences : list of (steps, inputs) integers
    files : dict of file name to text, optional
    writes : list of (address, word)
        To the coefficients, after the first reset.
    reset_at : int
        Cycle in which it is reset again, for one cycle, and fed from the start; what it printed
        before does not count.
    """

    network: QuantizedNetwork
    plan: Plan
    sequences: list[np.ndarray]
    files: dict[str, str] | None = None
    writes: tuple[tuple[int, int], ...] = ()
    reset_at: int = 0

    @property
    def name(self) -> str:
        return self.network.name

    def sources(self) -> dict[str, str]:
        """Return the files of the design, of its harness, and what that reads."""
        files = self.files or emit_verilog(self.network, self.plan, digest="0" * 64)
        steps = [
            self._packed(codes, self.network.layers[0].input, last=int(t == len(sequence) - 1))
            for sequence in self.sequences
            for t, codes in enumerate(sequence.tolist())
        ]
        words = [address << self._word_bits | word for address, word in self.writes]
        return {
            **files,
            f"{self.name}.steps": "".join(f"{word:x}\n" for word in steps),
            f"{self.name}.writes": "".join(f"{word:x}\n" for word in words),
            f"bench_{self.name}.v": self._harness(len(steps)),
        }

    def expected(self) -> list[str]:
        """Return what the harness prints."""
        golden, output = GoldenModel(self.network), self.network.output
        bits = element_bits(output) * output.size
        lines = []
        for sequence in self.sequences:
            answers = golden.run(sequence[None])[0].reshape(-1, output.size).tolist()
            for t, codes in enumerate(answers):
                word = self._packed(codes, output, last=0)
                lines.append(f"{self.name} {word:0{bits}b} {int(t == len(answers) - 1)}")
        return lines

    @property
    def _word_bits(self) -> int:
        return coefficient_ports(self.plan).get("coefficient_data", 1)

    def _packed(self, codes, vector, *, last: int) -> int:
        bits = element_bits(vector)
        data = sum((code & (1 << bits) - 1) << (bits * n) for n, code in enumerate(codes))
        return data | last << (bits * vector.size)

    def _harness(self, steps: int) -> str:
        network, ports = self.network, coefficient_ports(self.plan)
        address = ports.get("coefficient_address", 1)
        source = network.layers[0].input
        bits = self._word_bits
        connected = ""
        if ports:
            connected = (
                ".coefficient_write(writing), "
                f".coefficient_address(writes[write][{bits + address - 1}:{bits}]), "
                f".coefficient_data(writes[write][{bits - 1}:0]),"
            )
        return _HARNESS.format(
            name=self.name,
            data=element_bits(source) * source.size,
            answer=element_bits(network.output) * network.output.size,
            steps=steps,
            word=bits + address - 1,
            writes=len(self.writes),
            answers=len(self.expected()),
            ports=connected,
            reset_at=self.reset_at,
            timeout=_TIMEOUT,
        )


def answers(folder: Path, design: Design, simulator: str = "icarus") -> list[str]:
    """Return the lines that the harness of one design prints."""
    command = build(folder, [design], simulator)
    run = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    lines = [line for line in run.stdout.splitlines() if line.startswith(f"{design.name} ")]
    marker = f"{design.name} reset"
    return lines[lines.index(marker) + 1 :] if design.reset_at else lines


def build(
    folder: Path, designs: list[Design], simulator: str = "icarus", defines: tuple[str, ...] = ()
) -> list[str]:
    """Build a simulation of several designs; return the command that runs it in `folder`."""
    instances = [f"  bench_{d.name} {d.name}(clk, done[{n}]);" for n, d in enumerate(designs)]
    top = [
        "module plain_bench(input clk);",
        f"  wire [{len(designs) - 1}:0] done;",
        *instances,
        "  always @(posedge clk) if (&done) $finish;",
        "endmodule",
        "module clocked; reg clk = 0; always #1 clk = ~clk; plain_bench bench(clk); endmodule",
    ]
    files = {"main.cpp": _MAIN, "top.v": "\n".join(top) + "\n"}
    for design in designs:
        files |= design.sources()
    for name, text in files.items():
        (folder / name).write_text(text)
    sources = [name for name in files if name.endswith(".v")]
    sources += [f"-D{define}" for define in defines]
    if simulator == "icarus":
        command = ["iverilog", "-g2005", "-s", "clocked", "-o", "bench", *sources]
        subprocess.run(command, cwd=folder, check=True)
        return ["vvp", "-n", "bench"]
    environment = {**os.environ, **find(Simulator.VERILATOR).environment}
    sources.remove("top.v")  # without its clock: delays need a newer compiler
    (folder / "inner.v").write_text("\n".join(top[:-1]) + "\n")
    command = ["verilator", "--cc", "--exe", "--build", "-Wno-fatal", "-Wno-lint"]
    command += ["--x-initial", "unique", "--top-module", "plain_bench"]
    command += [*sources, "inner.v", "main.cpp"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
    return ["obj_dir/Vplain_bench", "+verilator+rand+reset+2"]
