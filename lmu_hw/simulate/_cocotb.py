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


def build(
    compiler: dict[str, Any], top: str, waves: bool, folder: Path, sources: list[str]
) -> None:
    """Compile `sources`, which lie in the folder above `folder`, into that."""
    job = Path.cwd()
    os.chdir(folder.parent)
    for name, text in compiler["files"].items():
        Path(name).write_text(text)
    _runner(compiler["runner"], compiler["left_out"]).build(
        sources=[Path(source) for source in (*compiler["files"], *sources)],
        hdl_toplevel=top,
        build_args=compiler["arguments"],
        build_dir=folder,
        always=True,
        timescale=("1ns", "1ps"),
        waves=waves,
        log_file=job / "build.log",
    )


def run(compiler: dict[str, Any], top: str, waves: bool, folder: Path) -> None:
    """Run the module `top` that was compiled into `folder`, in the working directory."""
    job = Path.cwd()
    _runner(compiler["runner"], []).test(
        test_module="lmu_hw.simulate.bench",
        hdl_toplevel=top,
        hdl_toplevel_lang="verilog",
        build_dir=folder,
        test_dir=job,
        results_xml=str(job / "results.xml"),
        waves=waves,
        extra_env=_SETTINGS,
        log_file=job / "test.log",
    )


def main(verb: str, compiler: str, top: str, waves: str, folder: str, *sources: str) -> None:
    """Build or run; the compiler is described in JSON, as `simulators.backend.Compiler` has it."""
    described, recorded = json.loads(compiler), waves == "waves"
    if verb == "build":
        build(described, top, recorded, Path(folder), list(sources))
    else:
        run(described, top, recorded, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
