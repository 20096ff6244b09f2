# SPDX-License-Identifier: Apache-2.0
"""Building and running the bench in a process of its own: ``python -m lmu_hw.simulate._cocotb``.

cocotb's runner changes the environment and ends the process on errors. Its exit status says
nothing about the tests outside pytest; the caller looks at the files that the bench leaves.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cocotb_tools.runner import get_runner

_ARGUMENTS = {
    "icarus": [],
    "verilator": [
        "-O3",
        "-Wno-fatal",
        "-Wno-lint",
        "-Wno-style",
        "--x-assign",
        "fast",
        "--x-initial",
        "fast",
        "--noassert",
        "-CFLAGS",
        "-std=c++20 -O2",
    ],
}


def main(simulator: str, top: str, job: str, waves: str, *sources: str) -> None:
    """Compile `sources` in the working directory and run the bench on the module `top`."""
    recorded = waves == "waves"
    runner = get_runner(simulator)
    arguments = _ARGUMENTS[simulator] + (["--trace"] if recorded and simulator == "verilator" else [])
    runner.build(
        sources=[Path(source) for source in sources],
        hdl_toplevel=top,
        build_args=arguments,
        build_dir="build",
        always=True,
        timescale=("1ns", "1ps"),
        log_file="build.log",
    )
    runner.test(
        test_module="lmu_hw.simulate.bench",
        hdl_toplevel=top,
        build_dir="build",
        test_dir=".",
        results_xml=str(Path("results.xml").absolute()),
        plusargs=["+waves"] if recorded else [],
        extra_env={"LMU_HW_JOB": job, "COCOTB_TRUST_INERTIAL_WRITES": "1"},
        log_file="test.log",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
