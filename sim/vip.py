# SPDX-License-Identifier: Apache-2.0
"""Benches of somebody else's sources, sinks and masters around several designs at once.

Nothing of the project's own packing is used: bytes are those of integers in Python.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from lmu_hw.fixed import FixedFormat
from lmu_hw.simulate.process import environment_of
from lmu_hw.simulate.simulators import Simulator, find

__all__ = ["octets_of", "run_vip", "wires_of"]

_RUN = """
import sys
from pathlib import Path
from cocotb_tools.runner import get_runner
simulator, bench = sys.argv[1:]
runner = get_runner(simulator)
# As in `simulate`, so that a compiler cache has the run-time library.
arguments = ["--output-split", "200000", "-Wno-fatal", "--no-timing", "-CFLAGS", "-std=c++20 -O2"]
arguments = arguments if simulator == "verilator" else []
runner.build(sources=sorted(Path().glob("*.v")), hdl_toplevel="vip", build_dir="build",
             build_args=arguments, timescale=("1ns", "1ps"))
runner.test(test_module=bench, hdl_toplevel="vip", build_dir="build", test_dir=Path().resolve())
"""


def octets_of(codes: list[int], fmt: FixedFormat, octets: int) -> bytes:
    """Return codes as so many bytes each, the lowest first."""
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


def run_vip(
    folder: Path, bench: str, wires: list[str], simulator: Simulator = Simulator.ICARUS
) -> int:
    """Run a bench on what lies in a folder; return how many words it says it compared.

    Parameters
    ----------
    folder : Path
        With the Verilog of the designs, and what the bench reads.
    bench : str
        A cocotb module beside this one; it leaves the file ``checked``.
    wires : list of str
        From `wires_of`, of all designs.
    simulator : Simulator
    """
    top = ["module vip(clk, rst);", "  input clk, rst;", *wires, "endmodule", ""]
    (folder / "vip.v").write_text("\n".join(top))
    environment = {**os.environ, **environment_of(find(simulator))}
    environment["PYTHONPATH"] = str(Path(__file__).parent)
    environment.pop("PYTEST_CURRENT_TEST", None)
    command = [sys.executable, "-c", _RUN, simulator.value, bench]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    checked = folder / "checked"
    assert checked.exists(), run.stdout[-3000:] + run.stderr[-2000:]
    return int(checked.read_text())
