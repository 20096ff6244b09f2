# SPDX-License-Identifier: Apache-2.0
"""Icarus Verilog, of the system."""

from __future__ import annotations

import re
import shutil

from lmu_hw.errors import ToolError
from lmu_hw.simulate.simulators.backend import Backend, Compiler, Installed, output

__all__ = ["ICARUS"]


def _find() -> Installed:
    missing = "install it with 'apt-get install iverilog', or choose another with `simulators`"
    if shutil.which("iverilog") is None or shutil.which("vvp") is None:
        raise ToolError(f"Icarus Verilog (iverilog, vvp) is not installed: {missing}")
    match = re.search(r"Icarus Verilog version (\S+)", output("iverilog", "-V"))
    if match is None:
        raise ToolError(f"'iverilog -V' must print a version, but does not: {missing}")
    return Installed(version=match[1])


ICARUS = Backend(
    find=_find,
    compiler=Compiler(runner="Icarus", product="sim.vvp"),
    cycles=(100_000, 200_000),
    waves="*/build/*.fst",  # beside what it compiled
)
