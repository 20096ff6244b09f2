# SPDX-License-Identifier: Apache-2.0
"""Several generated folders in one Verilog project, put together from the files that they hold."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import lmu_hw
from lmu_hw.folder import DesignFolder
from lmu_hw.golden import GoldenModel
from lmu_hw.manifest import read_plan
from lmu_hw.simulate import Simulator, find

__all__ = ["answers", "due", "write_top"]

_TOP = """
module top;
  reg clk = 0, rst = 1;
  integer cycle = 0;
  always #5 clk = ~clk;
{designs}
  always @(posedge clk) begin
    cycle <= cycle + 1;
    rst <= cycle == 0;
    if (cycle == {cycles}) $finish;
  end
endmodule
"""
_DESIGN = """
  `include "{name}.vh"
  reg [{bits}:0] {name}_words [0:{last}];
  initial $readmemh("{name}_words.hex", {name}_words);
  integer {name}_sent = 0, {name}_at = 0;
  wire [{bits}:0] {name}_word = {name}_words[{name}_sent % {beats}];
  assign {{{sent}}} = {name}_word;
  assign {name}__s_axis_tvalid = !rst && {name}_sent < {beats};
  assign {name}__m_axis_tready = 1;
  always @(posedge clk) begin
    if ({name}__s_axis_tvalid && {name}__s_axis_tready) begin
      {name}_sent <= {name}_sent + 1;
      {name}_at <= cycle;
    end
    if ({name}__m_axis_tvalid && !rst)
      $display("{name} %h %0d", {name}__m_axis_tdata, cycle - {name}_at);
  end
"""


class Answer(NamedTuple):
    """The beats of an answer, and the cycles from the last beat sent to the last one received."""

    beats: list[int]
    latency: int


def write_top(project: Path, names: Sequence[str]) -> None:
    """Write a top with an instance of each design, which gets the last step of its testbench."""
    texts, cycles = [], 0
    for name in names:
        folder = project / name
        plan = read_plan(DesignFolder(folder), lmu_hw.read_design(folder).network)
        beats = plan.source.beats
        words = (folder / "testbench" / f"{name}_input.hex").read_text().split()[-beats:]
        (project / f"{name}_words.hex").write_text("\n".join(words))
        parts = ["tdata", *(["tkeep"] if plan.stream.packets else []), "tlast"]
        parts += ["tuser"] if plan.source.marks else []
        sent = ", ".join(f"{name}__s_axis_{part}" for part in reversed(parts))
        bits = plan.source.width + (plan.source.bytes if plan.stream.packets else 0) + len(parts)
        bits -= 2 + plan.stream.packets
        texts.append(_DESIGN.format(name=name, bits=bits, last=beats - 1, beats=beats, sent=sent))
        cycles = max(cycles, 2 * sum(layer.cycles(last_step=True) for layer in plan.layers))
    (project / "top.v").write_text(_TOP.format(designs="".join(texts), cycles=cycles + 500))


def due(folder: Path) -> list[int]:
    """Return the beats of the answer to that step, which has the least code in every element."""
    network = lmu_hw.read_design(folder).network
    x = np.full((1, 1, network.inputs), network.input.format.min_code)
    y = GoldenModel(network).run(x)[0].reshape(1, -1)
    beats = read_plan(DesignFolder(folder), network).answer.encode(y)[0]
    return [int.from_bytes(beat.tobytes(), "little") for beat in beats]


def answers(project: Path, names: Sequence[str], tool: str) -> dict[str, Answer]:
    """Compile the project as the files say, run it, and return the answer of each design."""
    places = [f'-D{name.upper()}_ROM_PATH="{name}/rtl/"' for name in names]
    places += [f"-I{name}/rtl" for name in names]
    environment = {**os.environ, **find(Simulator(tool)).environment}
    if tool == "icarus":
        sources = [f"{name}/rtl/{name}.v" for name in names]
        command = ["iverilog", "-g2005", "-s", "top", "-o", "top.vvp", *places, "top.v", *sources]
        program = ["vvp", "-n", "top.vvp"]
    else:
        command = ["verilator", "--binary", "-Wno-fatal", "-Wno-lint", "-CFLAGS", "-std=c++20"]
        command += ["--top-module", "top", "-o", "top", *places, "top.v"]
        command += [part for name in names for part in ("-F", f"{name}/rtl/files.f")]
        program = ["obj_dir/top"]
    options = {"cwd": project, "check": True, "capture_output": True, "text": True}
    subprocess.run(command, env=environment, **options)
    lines = [line.split() for line in subprocess.run(program, **options).stdout.splitlines()]
    said = {name: [line[1:] for line in lines if line[0] == name] for name in names}
    return {
        name: Answer([int(data, 16) for data, _ in beats], int(beats[-1][1]))
        for name, beats in said.items()
    }
