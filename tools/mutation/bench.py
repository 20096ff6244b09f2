# SPDX-License-Identifier: Apache-2.0
"""The bench on every mutant of a design: compiled once by Verilator, run once for each."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

from lmu_hw.design import Design
from lmu_hw.errors import ToolError
from lmu_hw.folder import DesignFolder
from lmu_hw.manifest import read_plan
from lmu_hw.simulate import Simulator, find
from lmu_hw.simulate.cache import digest_of, opened
from lmu_hw.simulate.coefficient_sets import coefficient_sets_of
from lmu_hw.simulate.directed.goals import Goals
from lmu_hw.simulate.job import Job
from lmu_hw.simulate.process import environment_of, toolchain
from lmu_hw.simulate.run import job_of
from lmu_hw.simulate.simulators.backend import Compiler
from lmu_hw.simulate.simulators.verilator import TOGETHER, VARIABLES
from lmu_hw.simulate.stimuli import stimuli
from lmu_hw.simulate.verdict import Verdict, judge
from lmu_hw.simulate.wrapper import DRIVER, read_stored, wrapper
from lmu_hw.simulate.wrapper import TOP as BENCH
from tools.mutation.schema import TOP, top, with_all
from tools.mutation.sites import Mutant, mutants_of

__all__ = ["Fate", "MutantBench"]

# What is not reset begins with ones in the first drive, and is random in the others.
_ONES = ("+verilator+rand+reset+1",)
_RANDOM = ("+verilator+rand+reset+2", "+verilator+seed+1")
# What is no wire, or matters at power-up.
_NOT_WATCHED = ("enable", "port", "reset", "stage")
_CUTS = ("cuts.txt", "counts.txt")
_LONGEST = 3_000_000  # cycles of the design itself


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant.

    Attributes
    ----------
    mutant : Mutant
    killed : bool
    why : str
        The complaint, or the first word that differs.
    differs : bool
        What stands in its place was another value in some cycle of the design's own run.
    """

    mutant: Mutant
    killed: bool
    why: str
    differs: bool


@dataclass(frozen=True, slots=True)
class _Drive:
    """A set of stimuli, and what the design itself makes of it."""

    job: Job
    verdict: Verdict
    files: dict[str, bytes]
    differing: set[int]
    power_up: tuple[str, ...]


class MutantBench:
    """A design, its mutants, and stimuli: few at first, and all for what survives those.

    Parameters
    ----------
    folder : Path
        Written by `emit`.
    work : Path
        Created; holds everything that is compiled and run.
    cycles : list of int
        Spent on the built-in stimuli, as in `simulate`: each of them on what survives those before.
    seed : int
    mutants : list of Mutant, optional
        In the order of their lines; by default those that `mutants_of` finds.
    """

    def __init__(
        self,
        folder: Path,
        work: Path,
        *,
        cycles: Iterable[int],
        seed: int = 0,
        mutants: list[Mutant] | None = None,
    ) -> None:
        self._design, files = Design.read(folder), DesignFolder(folder)
        self.plan = read_plan(files, self._design.network)
        self.sets = coefficient_sets_of(files, self._design, self.plan, None)
        self._rtl, name = folder / files.RTL, self._design.network.name
        text = (self._rtl / f"{name}.v").read_text()
        self.mutants = mutants_of(text) if mutants is None else mutants
        self._numbers = {mutant.name: number for number, mutant in enumerate(self.mutants, 1)}
        sources = {
            f"{name}.v": with_all(text, self.mutants),
            DRIVER.name: DRIVER.read_text(),
            f"{BENCH}.v": wrapper(name, self.plan),
            f"{TOP}.v": top(BENCH),
        }
        work.mkdir()
        for file, source in sources.items():
            (work / file).write_text(source)
        self._program = _compiled(work, sources)
        self._work, self._seed = work, seed
        self._power_ups = chain([_ONES], repeat(_RANDOM))
        self.drive(cycles)

    def drive(self, cycles: Iterable[int]) -> None:
        """Drive stimuli of other lengths from now on."""
        self._drives = [
            self._driven(self._work / f"cycles_{count}", count, self._seed, power_up)
            for count, power_up in zip(cycles, self._power_ups, strict=False)
        ]

    def _driven(self, work: Path, cycles: int, seed: int, power_up: tuple[str, ...]) -> _Drive:
        """Return stimuli that take about so many cycles, in a folder of their own."""
        shutil.copytree(self._rtl, work)
        network, plan = self._design.network, self.plan
        sequences = stimuli(
            self._design,
            Goals(network, plan),
            [],
            steps=cycles // plan.cycles(last_step=True),
            seed=seed,
            packets=plan.stream.packets,
        )
        job = job_of(work, plan, self.sets, sequences, seed=seed)
        job.write()
        printed = self._simulate(job, 0, _LONGEST, power_up)
        verdict = self._judged(job)
        if verdict is None or verdict.mismatches or verdict.failure:
            raise RuntimeError(f"the design itself must pass, not {verdict}")
        differing = {int(number) for number in re.findall(r"differs (\d+)", printed)}
        differing |= {n for n, m in enumerate(self.mutants, 1) if m.kind in _NOT_WATCHED}
        return _Drive(job, verdict, self._files(job), differing, power_up)

    def fates(self, mutants: Iterable[Mutant]) -> Iterator[Fate]:
        """Run mutants and yield what becomes of each."""
        for mutant in mutants:
            number = self._numbers[mutant.name]
            drives = [drive for drive in self._drives if number in drive.differing]
            why = next(filter(None, (self._complaint(drive, number) for drive in drives)), "")
            yield Fate(mutant, bool(why), why, bool(drives))

    def _complaint(self, drive: _Drive, number: int) -> str:
        """Return what the bench says of a mutant; nothing if it passes."""
        self._simulate(drive.job, number, 2 * drive.verdict.cycles, drive.power_up)
        files = self._files(drive.job)
        if files == drive.files:
            return ""
        # What is expected follows from the cuts. Where they are those of the design, whose words
        # are all equal, other words are wrong ones.
        if files["failures.txt"] or all(files[name] == drive.files[name] for name in _CUTS):
            return "other words, or a broken protocol"
        verdict = self._judged(drive.job)
        if verdict is None:
            return "no end"
        return verdict.failure or str(verdict.first or "")

    def _simulate(self, job: Job, number: int, longest: int, power_up: tuple[str, ...]) -> str:
        """Run one mutant, 0 for none, and return what is printed."""
        for name in self._outputs():
            (job.folder / name).unlink(missing_ok=True)
        run = subprocess.run(
            [self._program, f"+mutant={number}", f"+longest={longest}", *power_up],
            cwd=job.folder,
            check=False,
            capture_output=True,
            text=True,
        )
        return run.stdout

    def _judged(self, job: Job) -> Verdict | None:
        """Return how a run compares with what it must be, or None if it has no end."""
        record = job.read()
        return record and judge(
            self.sets, self.plan, job, record, read_stored(job.folder, self.plan)
        )

    def _outputs(self) -> list[str]:
        layers = [f"layer_{place}.txt" for place in range(len(self.plan.layers))]
        others = ("answers", "cuts", "failures", "stalls", "starts", "counts")
        return [*layers, *(f"{name}.txt" for name in others)]

    def _files(self, job: Job) -> dict[str, bytes]:
        paths = [job.folder / name for name in self._outputs()]
        return {path.name: path.read_bytes() if path.exists() else b"" for path in paths}


def _compiled(work: Path, sources: dict[str, str]) -> Path:
    """Return the program that Verilator makes of Verilog, or made of it before."""
    tool, program, cache = find(Simulator.VERILATOR), work / "bench", opened(None)
    command = [
        "verilator",
        "--binary",
        "--timing",
        "--top-module",
        TOP,
        "-Mdir",
        "build",
        *TOGETHER,
    ]
    command += ["-Wno-fatal", "-Wno-lint", "-Wno-style", "--noassert"]
    command += ["--x-assign", "fast", "--x-initial", "unique", "-o", program.name]
    command += ["-CFLAGS", "-std=c++20 -fcoroutines -O1", *sources]
    reference = Compiler(runner="", product="", programs=("c++",), variables=VARIABLES)
    digest = digest_of([command, toolchain(tool, reference), sources])
    content = cache.get(digest)
    if content is None:
        environment = environment_of(tool)
        run = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
        if run.returncode:
            raise ToolError(
                f"verilator must compile the mutants, but failed:\n{run.stderr[-2000:]}"
            )
        content = (work / "build" / program.name).read_bytes()
        cache.put(digest, content)
    program.write_bytes(content)
    program.chmod(0o700)
    return program
