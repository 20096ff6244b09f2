# SPDX-License-Identifier: Apache-2.0
"""The cocotb bench: gives the driver its clock until it is done, and says how far it is.

Runs inside the simulator. Everything that happens cycle by cycle is in Verilog.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import Timer

PERIOD_NS = 10
_SLICE = 400  # cycles between looks at whether the driver is done


@cocotb.test()
async def run_job(dut: Any) -> None:
    """Run until the driver is done; the files that it leaves are the result."""
    Clock(dut.clk, PERIOD_NS, unit="ns").start(start_high=False)  # what begins at 0 is settled
    while str(dut.done.value) != "1":
        await Timer(_SLICE * PERIOD_NS, "ns")
        Path("progress.new").write_text(str(int(dut.answers.value)))
        os.replace("progress.new", "progress")  # whoever reads it never finds it empty
    await Timer(4 * PERIOD_NS, "ns")  # files are closed
