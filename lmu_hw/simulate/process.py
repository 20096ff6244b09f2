# SPDX-License-Identifier: Apache-2.0
"""The process that compiles a bench and runs it: started, watched, and asked why it failed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from lmu_hw.errors import ToolError
from lmu_hw.simulate.job import Job, Record
from lmu_hw.simulate.simulators import Installed, Simulator, find
from lmu_hw.simulate.wrapper import DRIVER, TOP

__all__ = ["BUILD_FOLDER", "run_bench"]

BUILD_FOLDER = "build"

# Started by its path, so that the process need not import the package.
_SCRIPT = Path(__file__).with_name("_cocotb.py")


def run_bench(
    simulator: Simulator,
    job: Job,
    sources: dict[str, str],
    *,
    builds: Path | None = None,
    waves: bool = False,
    tick: Callable[[int], None] = lambda done: None,
) -> Record:
    """Compile the Verilog and run the bench on a job.

    Parameters
    ----------
    simulator : Simulator
        One that runs Verilog.
    job : Job
        Its folder also holds what the Verilog reads.
    sources : dict of file name to text
        The design and the top of the bench.
    builds : Path, optional
        Where compiled benches are kept, by the digest of all that they are made from; by default
        in the job's folder.
    waves : bool
    tick : callable
        Called with the answers so far.

    Returns
    -------
    Record
        What the driver left.

    Raises
    ------
    ToolError
        If the simulator does not compile and run the design.
    """
    installed, compiler = find(simulator), simulator.backend.compiler
    if compiler is None:
        raise ToolError(f"{simulator.value} must run Verilog to run this bench, but does not")
    described = json.dumps(asdict(compiler))
    job.write()
    files = {**sources, DRIVER.name: DRIVER.read_text(encoding="utf-8")}
    made_from = json.dumps([described, installed.version, waves, sorted(files.items())])
    build = (builds or job.folder) / f"{hashlib.sha256(made_from.encode()).hexdigest()[:20]}"
    build.mkdir(exist_ok=True)
    for name, text in files.items():
        (build / name).write_text(text)
    # -P: what lies beside the script is not to be imported by its bare name.
    command = [sys.executable, "-P", str(_SCRIPT), described, TOP]
    command += ["waves" if waves else "quiet", str(build / BUILD_FOLDER), *files]
    with (job.folder / "run.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=job.folder,
            env=_environment(installed),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            while process.poll() is None:
                tick(job.read_progress())
                time.sleep(0.05)
        finally:
            if process.poll() is None:  # interrupted: compiler and simulator end, too
                process.send_signal(signal.SIGINT)
                process.wait()
    record = job.read()
    if record is None:
        raise ToolError(
            f"{simulator.value} must compile and run the design, but failed:\n"
            + _last_lines(job.folder, build)
        )
    return record


def _environment(installed: Installed) -> dict[str, str]:
    """Return the environment in which the simulator finds its parts, and the bench this package."""
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **installed.environment, "PYTHONPATH": path}
    # The bench decides by itself; results of a surrounding pytest must not confuse the runner.
    environment.pop("PYTEST_CURRENT_TEST", None)
    return environment


def _last_lines(work: Path, build: Path) -> str:
    """Return both ends of whichever log says something: compilers put the cause first."""
    for name in ("test.log", "build.log", "run.log"):
        path = work / name
        text = path.read_text(errors="replace").strip() if path.exists() else ""
        if text:
            lines = text.replace(f"{build}{os.sep}", "").replace(f"{work}{os.sep}", "").splitlines()
            return "\n".join(lines if len(lines) <= 12 else [*lines[:6], "...", *lines[-6:]])
    return "no log"
