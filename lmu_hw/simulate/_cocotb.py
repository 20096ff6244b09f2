# SPDX-License-Identifier: Apache-2.0
"""Building and running the bench in a process of its own, started by the path of this file.

cocotb's runner changes the environment and ends the process on errors. Its exit status says
nothing about the tests outside pytest; the caller looks at the files that the bench leaves.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from cocotb_tools import runner as runners

# Without the second, cocotb compiles every module that the bench imports anew, to rewrite asserts.
_SETTINGS = {"COCOTB_TRUST_INERTIAL_WRITES": "1", "COCOTB_REWRITE_ASSERTION_FILES": ""}


def _runner(name: str, left_out: list[str]) -> runners.Runner:
    """Return a runner whose first command lacks some words."""
    kind: Any = getattr(runners, name)

    class Runner(kind):
        def _build_command(self) -> list[list[str]]:
            first, *rest = super()._build_command()
            return [[word for word in first if word not in left_out], *rest]

    return Runner()


def main(compiler: str, top: str, waves: str, build: str, *sources: str) -> None:
    """Compile `sources` into the folder `build`, unless that is done, and run the module `top`.

    Runs in the working directory; the sources lie in the folder above `build`. The compiler is
    described in JSON, as `simulators.backend.Compiler` has it.
    """
    recorded, folder, job = waves == "waves", Path(build), Path.cwd()
    described = json.loads(compiler)
    os.chdir(folder.parent)
    runner = _runner(described["runner"], described["left_out"])
    for name, text in described["files"].items():
        Path(name).write_text(text)
    compiled = folder / "done"
    if not compiled.exists():
        runner.build(
            sources=[Path(source) for source in (*described["files"], *sources)],
            hdl_toplevel=top,
            build_args=described["arguments"],
            build_dir=folder,
            always=True,
            timescale=("1ns", "1ps"),
            waves=recorded,
            log_file=job / "build.log",
        )
        compiled.touch()
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
