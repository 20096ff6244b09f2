# SPDX-License-Identifier: Apache-2.0
"""Building and running the bench in a process of its own, started by the path of this file.

cocotb's runner changes the environment and ends the process on errors. Its exit status says
nothing about the tests outside pytest; the caller looks at the files that the bench leaves.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cocotb_tools.runner import Icarus, Runner, Verilator

_PUBLIC = "public.vlt"
_VERILATOR_ARGUMENTS = [
    *("-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--noassert"),
    *("--x-assign", "fast", "--x-initial", "fast", "-CFLAGS", "-std=c++20 -O2"),
]
# Without the second, cocotb compiles every module that the bench imports anew, to rewrite asserts.
_SETTINGS = {"COCOTB_TRUST_INERTIAL_WRITES": "1", "COCOTB_REWRITE_ASSERTION_FILES": ""}


class _Verilator(Verilator):
    """Makes only the ports of the bench public, so that all else may be optimised."""

    def _build_command(self) -> list[list[str]]:
        verilate, *rest = super()._build_command()
        return [[word for word in verilate if word != "--public-flat-rw"], *rest]


def _runner(simulator: str, top: str) -> tuple[Runner, list[Path], list[str]]:
    """Return the runner, its additional sources, and its arguments."""
    if simulator != "verilator":
        return Icarus(), [], []
    public = f'`verilator_config\npublic_flat_rw -module "{top}" -var "*"\n'
    Path(_PUBLIC).write_text(public)
    return _Verilator(), [Path(_PUBLIC)], _VERILATOR_ARGUMENTS


def main(simulator: str, top: str, waves: str, build: str, *sources: str) -> None:
    """Compile `sources` into the folder `build`, unless that is done, and run the module `top`.

    Runs in the working directory; the sources lie in the folder above `build`.
    """
    recorded, folder, job = waves == "waves", Path(build), Path.cwd()
    os.chdir(folder.parent)
    runner, more, arguments = _runner(simulator, top)
    done = folder / "done"
    if not done.exists():
        runner.build(
            sources=[*more, *(Path(source) for source in sources)],
            hdl_toplevel=top,
            build_args=arguments,
            build_dir=folder,
            always=True,
            timescale=("1ns", "1ps"),
            waves=recorded,
            log_file=job / "build.log",
        )
        done.touch()
    runner.test(
        test_module="lmu_hw.simulate.bench",
        hdl_toplevel=top,
        hdl_toplevel_lang="verilog",
        build_dir=folder,
        test_dir=job,
        results_xml=str(job / "results.xml"),
        waves=recorded,
        extra_env=_SETTINGS,
        log_file=job / "test.log",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
