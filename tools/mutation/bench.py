# SPDX-License-Identifier: Apache-2.0
"""The bench on every mutant of a design: compiled once by Verilator, run once for each."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lmu_hw.design import Design
from lmu_hw.emit import read_plan
from lmu_hw.errors import ToolError
from lmu_hw.folder import DesignFolder
from lmu_hw.simulate.goals import Goals
from lmu_hw.simulate.images import images_of
from lmu_hw.simulate.judge import Verdict, judge
from lmu_hw.simulate.run import job_of
from lmu_hw.simulate.stimuli import stimuli
from lmu_hw.simulate.tools import Simulator, find
from lmu_hw.simulate.wrapper import DRIVER, read_stored, wrapper
from lmu_hw.simulate.wrapper import TOP as BENCH
from tools.mutation.schema import TOP, top, with_all
from tools.mutation.sites import Mutant, mutants_of

__all__ = ["Fate", "MutantBench"]

_CUTS = ("cuts.txt", "counts.txt")
_LONGEST = 3_000_000  # cycles after which a mutant that does not come to an end is stopped


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant.

    Attributes
    ----------
    mutant : Mutant
    killed : bool
    why : str
        The complaint, or the first word that differs.
    """

    mutant: Mutant
    killed: bool
    why: str


class MutantBench:
    """A design, its mutants, and one set of stimuli.

    Parameters
    ----------
    folder : Path
        Written by `emit`.
    work : Path
        Created; holds everything that is compiled and run.
    cycles : int
        Spent on the built-in stimuli, as in `simulate`.
    seed : int
    """

    def __init__(self, folder: Path, work: Path, *, cycles: int, seed: int = 0) -> None:
        self._design, files = Design.read(folder), DesignFolder(folder)
        self.plan = read_plan(files, self._design.network)
        self.images = images_of(files, self._design, self.plan, None)
        shutil.copytree(folder / files.RTL, work)
        self._work, name = work, self._design.network.name
        text = (work / f"{name}.v").read_text()
        self.mutants = mutants_of(text)
        self._numbers = {mutant.name: number for number, mutant in enumerate(self.mutants, 1)}
        sources = {
            f"{name}.v": with_all(text, self.mutants),
            DRIVER.name: DRIVER.read_text(),
            f"{BENCH}.v": wrapper(name, self.plan),
            f"{TOP}.v": top(BENCH, _LONGEST),
        }
        for file, source in sources.items():
            (work / file).write_text(source)
        self._program = _compiled(work, list(sources))
        self.drive(cycles, seed)

    def drive(self, cycles: int, seed: int) -> None:
        """Drive other stimuli from now on."""
        network, plan = self._design.network, self.plan
        sequences = stimuli(
            self._design,
            Goals(network, plan),
            None,
            steps=cycles // plan.cycles(last_step=True),
            data_steps=None,
            seed=seed,
        )
        self.job = job_of(self._work, plan, self.images, sequences, seed=seed)
        self.job.write()
        unmutated = self._run(0)
        if unmutated is None or unmutated.mismatches or unmutated.failure:
            raise RuntimeError(f"the design itself must pass, not {unmutated}")
        self.unmutated, self._seen = unmutated, self._files()

    def fates(self, mutants: Iterable[Mutant]) -> Iterator[Fate]:
        """Run mutants and yield what becomes of each."""
        for mutant in mutants:
            yield self._fate(mutant, self._numbers[mutant.name])

    def _fate(self, mutant: Mutant, number: int) -> Fate:
        verdict = self._run(number)
        if verdict is None:
            return Fate(mutant, True, "other words, a broken protocol, or no end")
        why = verdict.failure or str(verdict.first or "")
        return Fate(mutant, bool(verdict.failure or verdict.mismatches), why)

    def _run(self, number: int) -> Verdict | None:
        """Run one mutant, 0 for none, and compare; None if that need not be judged."""
        work = self.job.folder
        for name in self._outputs():
            (work / name).unlink(missing_ok=True)
        subprocess.run(
            [self._program, f"+mutant={number}"], cwd=work, check=False, stdout=subprocess.DEVNULL
        )
        if number:
            files = self._files()
            if files == self._seen:
                return self.unmutated
            # What is expected follows from the cuts. Where they are those of the design, whose
            # words are all equal, other words are wrong ones.
            if files["failures.txt"] or all(files[name] == self._seen[name] for name in _CUTS):
                return None
        record = self.job.read()
        return record and judge(
            self.images, self.plan, self.job, record, read_stored(work, self.plan)
        )

    def _outputs(self) -> list[str]:
        layers = [f"layer_{place}.txt" for place in range(len(self.plan.layers))]
        others = ("answers", "cuts", "failures", "stalls", "starts", "counts")
        return [*layers, *(f"{name}.txt" for name in others)]

    def _files(self) -> dict[str, bytes]:
        paths = [self.job.folder / name for name in self._outputs()]
        return {path.name: path.read_bytes() if path.exists() else b"" for path in paths}


def _compiled(work: Path, sources: list[str]) -> Path:
    """Return the program that Verilator makes of Verilog files in a folder."""
    tool = find(Simulator.VERILATOR)
    command = ["verilator", "--binary", "--timing", "--top-module", TOP, "-Mdir", "build"]
    command += ["-Wno-fatal", "-Wno-lint", "-Wno-style", "--noassert"]
    command += ["--x-assign", "fast", "--x-initial", "fast", "-o", "bench"]
    command += ["-CFLAGS", "-std=c++20 -fcoroutines -O1", *sources]
    run = subprocess.run(
        command, cwd=work, env={**os.environ, **tool.environment}, capture_output=True, text=True
    )
    if run.returncode:
        raise ToolError(f"verilator must compile the mutants, but failed:\n{run.stderr[-2000:]}")
    return work / "build" / "bench"
