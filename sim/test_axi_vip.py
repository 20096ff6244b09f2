# SPDX-License-Identifier: Apache-2.0
"""Streams of every shape between source, sink and monitor of cocotbext-axi, all in one simulation.

Nothing of the project's own packing is used: bytes are those of integers in Python.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from lmu_hw.golden import GoldenModel
from lmu_hw.hdl import emit_verilog
from lmu_hw.network import QuantizedNetwork, stream_of
from lmu_hw.plan import Plan, make_plan
from tests import networks
from tests.simulators import require_simulator

SHAPES = {
    "whole": ("vector", None, None),
    "bytes": (8, "packed", "vector"),
    "half": (16, "single", "vector"),
    "words": (32, "packed", "vector"),
    "sequences": (32, "packed", "sequence"),
    "singles": (32, "single", "sequence"),
    "wide": (128, "packed", "vector"),
}
STEPS = (3, 1, 4)

_RUN = """
import sys
from pathlib import Path
from cocotb_tools.runner import get_runner
runner = get_runner("icarus")
runner.build(sources=sorted(Path().glob("*.v")), hdl_toplevel="vip", build_dir="build",
             timescale=("1ns", "1ps"))
runner.test(test_module="axi_vip", hdl_toplevel="vip", build_dir="build", test_dir=Path().resolve())
"""


def test_every_shape_answers_between_somebody_elses_source_and_sink(tmp_path):
    require_simulator("icarus")
    designs, ports = [], ["  input clk, rst;"]
    for name, options in SHAPES.items():
        network = replace(_network(), name=name)
        plan = make_plan(network, 8, stream=stream_of(*options))
        files = emit_verilog(network, plan, digest="0" * 64)
        for file, text in files.items():
            (tmp_path / file).write_text(text)
        designs.append(frames_of(network, plan))
        ports += wires_of(name, files[f"{name}.v"])
    top = ["module vip(clk, rst);", *ports, "endmodule", ""]
    (tmp_path / "vip.v").write_text("\n".join(top))
    (tmp_path / "frames.json").write_text(json.dumps(designs))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    environment.pop("PYTEST_CURRENT_TEST", None)
    command = [sys.executable, "-c", _RUN]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    received = tmp_path / "received"
    assert received.exists(), run.stdout[-3000:] + run.stderr[-2000:]
    size = sum(len(octets) for design in designs for octets, _ in design["expected"]) // 2
    assert int(received.read_text()) == size > 7 * sum(STEPS) * 5


@cache
def _network() -> QuantizedNetwork:
    net = networks.network(order=2, inputs=3, units=3, dense=5)
    return networks.quantized(net, weight_bits=6, state_bits=8, activation_bits=6)


def frames_of(network: QuantizedNetwork, plan: Plan) -> dict:
    """Return the frames that are sent to a design, and those that must come."""
    golden, random = GoldenModel(network), np.random.default_rng(4)
    fmt, source, answer = network.input.format, plan.source, plan.answer
    sent, expected = [], []
    for steps in STEPS:
        codes = random.integers(fmt.min_code, fmt.max_code, (steps, 3), endpoint=True)
        answers = golden.run(codes[None])[0][0]
        given = [_bytes(row, fmt, source.element_bits // 8) for row in codes.tolist()]
        octets, output = answer.element_bits // 8, network.output.format
        made = [_bytes(row, output, octets) for row in answers.tolist()]
        padding = source.beats * source.width // 8 - len(given[0])
        kept = "1" * len(given[0])
        if source.marks:
            marks = [0] * (steps - 1) + [1]
            sent += [(row.hex(), kept, mark) for row, mark in zip(given, marks, strict=True)]
            expected += [(row.hex(), mark) for row, mark in zip(made, marks, strict=True)]
        else:  # one frame for a sequence, with what fills beats up
            filled = b"".join(row + b"\xa5" * padding for row in given)
            sent.append((filled.hex(), (kept + "0" * padding) * steps, 0))
            expected.append((b"".join(made).hex(), 0))
    return {"name": network.name, "sent": sent, "expected": expected}


def _bytes(codes: list[int], fmt, octets: int) -> bytes:
    return b"".join(code.to_bytes(octets, "little", signed=fmt.signed) for code in codes)


def wires_of(name: str, verilog: str) -> list[str]:
    """Return the Verilog of a design in the bench: wires of its ports, and an instance."""
    module = re.search(rf"^module {name}\(.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)[0]
    ports = re.findall(
        r"^  (input|output) (\[\d+:0\] )?(\w+axi\w+|state_\w+);", module, re.MULTILINE
    )
    kinds = {"input": "reg", "output": "wire"}
    wires = [f"  {kinds[way]} {bits}{name}_{port};" for way, bits, port in ports]
    joined = ", ".join(f".{port}({name}_{port})" for _, _, port in ports)
    return [*wires, f"  {name} {name}_dut (.clk(clk), .rst(rst), {joined});"]
