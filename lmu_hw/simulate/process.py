# SPDX-License-Identifier: Apache-2.0
"""The process that compiles a bench and runs it: started, watched, and asked why it failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lmu_hw.errors import ToolError
from lmu_hw.simulate.job import Job
from lmu_hw.simulate.tools import Tool
from lmu_hw.simulate.wrapper import TOP

__all__ = ["run_bench"]

# Started by its path, so that the process need not import the package.
_SCRIPT = Path(__file__).with_name("_cocotb.py")


def run_bench(
    tool: Tool,
    job: Job,
    sources: list[str],
    *,
    waves: bool = False,
    tick: Callable[[int], None] = lambda done: None,
) -> None:
    """Compile the Verilog in the job's folder and run the bench on it.

    Parameters
    ----------
    tool : Tool
        Icarus or Verilator.
    job : Job
    sources : list of str
        Files in the job's folder, the wrapper among them.
    waves : bool
    tick : callable
        Called with the answers so far.

    Raises
    ------
    ToolError
        If the simulator does not compile and run the design.
    """
    # -P: what lies beside the script is not to be imported by its bare name.
    command = [sys.executable, "-P", str(_SCRIPT), tool.simulator.value, TOP, str(job.write())]
    command += ["waves" if waves else "quiet", *sources]
    with (job.folder / "run.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=job.folder, env=_environment(tool), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                tick(job.read_progress())
                time.sleep(0.1)
        finally:
            if process.poll() is None:  # interrupted: compiler and simulator end, too
                process.send_signal(signal.SIGINT)
                process.wait()
    if job.read_answers() is None:
        raise ToolError(
            f"{tool.simulator.value} must compile and run the design, but failed:\n"
            + _last_lines(job.folder)
        )


def _environment(tool: Tool) -> dict[str, str]:
    """Return the environment in which the simulator finds its parts, and the bench this package."""
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **tool.environment, "PYTHONPATH": path}
    # The bench decides by itself; results of a surrounding pytest must not confuse the runner.
    environment.pop("PYTEST_CURRENT_TEST", None)
    return environment


def _last_lines(work: Path) -> str:
    """Return both ends of whichever log says something: compilers put the cause first."""
    for name in ("test.log", "build.log", "run.log"):
        path = work / name
        text = path.read_text(errors="replace").strip() if path.exists() else ""
        if text:
            lines = text.replace(f"{work}{os.sep}", "").splitlines()
            return "\n".join(lines if len(lines) <= 12 else [*lines[:6], "...", *lines[-6:]])
    return "no log"
