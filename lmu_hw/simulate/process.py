# SPDX-License-Identifier: Apache-2.0
"""The process that compiles a bench and runs it: started, watched, and asked why it failed."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from lmu_hw.errors import ToolError
from lmu_hw.simulate.cache import Cache, digest_of, opened
from lmu_hw.simulate.job import Job, Record
from lmu_hw.simulate.simulators import Installed, Simulator, find
from lmu_hw.simulate.simulators.backend import Compiler, output
from lmu_hw.simulate.wrapper import DRIVER, TOP

__all__ = ["environment_of", "run_bench", "toolchain"]

_BENCH_FOLDER = "bench"

# Started by its path, so that the process need not import the package.
_SCRIPT = Path(__file__).with_name("_cocotb.py")


def run_bench(
    simulator: Simulator,
    job: Job,
    sources: dict[str, str],
    *,
    cache: Cache | None = None,
    waves: bool = False,
    tick: Callable[[int], None] = lambda done: None,
) -> Record:
    """Compile the Verilog and run the bench on a job.

    Parameters
    ----------
    simulator : Simulator
        One that runs Verilog.
    job : Job
        Its folder also holds what the Verilog reads, and gets what is compiled.
    sources : dict of file name to text
        The design and the top of the bench.
    cache : Cache, optional
        Where what was compiled is looked for, and kept; by default in the standard folder.
    waves : bool
        Leave waveforms; what does so knows its folder, and is not kept.
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
    if cache is None or waves:
        cache = Cache(None) if waves else opened(None)
    job.write()
    process = _Process(simulator, installed, compiler, job, waves)
    files = {**sources, DRIVER.name: DRIVER.read_text(encoding="utf-8")}
    process.compile(files, cache)
    process("run", tick=tick)
    record = job.read()
    if record is None:
        raise process.failure()
    return record


@dataclass(frozen=True, slots=True)
class _Process:
    """cocotb's runner on a job, in a process of its own."""

    simulator: Simulator
    installed: Installed
    compiler: Compiler
    job: Job
    waves: bool

    @property
    def bench(self) -> Path:
        """Where the sources lie, and below them what is compiled."""
        return self.job.folder / _BENCH_FOLDER

    @property
    def product(self) -> Path:
        """What is compiled."""
        return self.bench / "build" / self.compiler.product

    def compile(self, files: dict[str, str], cache: Cache) -> None:
        """Make the product of sources, or take it from those that are kept."""
        self.product.parent.mkdir(parents=True, exist_ok=True)
        digest = digest_of(self._made_from(files))
        product = cache.get(digest)
        if product is not None:
            self.product.write_bytes(product)
            self.product.chmod(0o700)
            return
        for name, text in files.items():
            (self.bench / name).write_text(text)
        self("build", *files)
        if not self.product.is_file():
            raise self.failure()
        cache.put(digest, self.product.read_bytes())

    def _made_from(self, files: dict[str, str]) -> list[Any]:
        """Return all that a product depends on; ROM files are read when it runs."""
        return [
            *(
                asdict(self.compiler),
                self.simulator.value,
                toolchain(self.installed, self.compiler),
            ),
            # The product is linked with cocotb's library, where that lies.
            [metadata.version("cocotb"), str(metadata.distribution("cocotb").locate_file(""))],
            _SCRIPT.read_text(encoding="utf-8"),
            files,
        ]

    def __call__(
        self, verb: str, *sources: str, tick: Callable[[int], None] = lambda done: None
    ) -> None:
        """Start the script, and wait until it ends; what it leaves says whether it succeeded."""
        # -P: what lies beside the script is not to be imported by its bare name.
        command = [sys.executable, "-P", str(_SCRIPT), verb, json.dumps(asdict(self.compiler)), TOP]
        command += ["waves" if self.waves else "quiet", str(self.product.parent), *sources]
        with (self.job.folder / "run.log").open("a") as log:
            process = subprocess.Popen(
                command,
                cwd=self.job.folder,
                env=environment_of(self.installed),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                while process.poll() is None:
                    tick(self.job.read_progress())
                    time.sleep(0.05)
            finally:
                if process.poll() is None:  # interrupted: compiler and simulator end, too
                    process.send_signal(signal.SIGINT)
                    process.wait()

    def failure(self) -> ToolError:
        """Return what to say where the script left nothing."""
        return ToolError(
            f"{self.simulator.value} must compile and run the design, but failed:\n"
            + _last_lines(self.job.folder, self.bench)
        )


def toolchain(installed: Installed, compiler: Compiler) -> list[Any]:
    """Return what besides sources and flags decides what is compiled."""
    environment = environment_of(installed)
    return [
        *(installed.version, platform.machine()),
        [output(program, "--version") for program in compiler.programs],
        {name: environment.get(name) for name in compiler.variables},
    ]


def environment_of(installed: Installed) -> dict[str, str]:
    """Return the environment in which the simulator finds its parts, and the bench this package."""
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **installed.environment, "PYTHONPATH": path}
    # The bench decides by itself; results of a surrounding pytest must not confuse the runner.
    environment.pop("PYTEST_CURRENT_TEST", None)
    return environment


def _last_lines(work: Path, bench: Path) -> str:
    """Return both ends of whichever log says something: compilers put the cause first."""
    for name in ("test.log", "build.log", "run.log"):
        path = work / name
        text = path.read_text(errors="replace").strip() if path.exists() else ""
        if text:
            lines = text.replace(f"{bench}{os.sep}", "").replace(f"{work}{os.sep}", "").splitlines()
            return "\n".join(lines if len(lines) <= 12 else [*lines[:6], "...", *lines[-6:]])
    return "no log"
