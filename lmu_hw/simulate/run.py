# SPDX-License-Identifier: Apache-2.0
"""Running a design on a simulator and comparing every word with the golden model."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.design import Design
from lmu_hw.emit import RTL_FOLDER, read_manifest
from lmu_hw.errors import LoadError, ToolError
from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.top import element_bits
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.simulate.job import Job
from lmu_hw.simulate.scoreboard import (
    Expectation,
    Mismatch,
    Words,
    compare_words,
    expect,
)
from lmu_hw.simulate.stimuli import Sequence, Stall, stimuli
from lmu_hw.simulate.tools import Simulator, Tool, find
from lmu_hw.simulate.wrapper import STARTS_FILE, TOP, read_words, words_file, wrapper

__all__ = ["CYCLE_BUDGET", "Result", "simulate"]

Progress = Callable[[str, int, int], None]
"""Called with a simulator's name, the answers so far, and the answers expected."""

CYCLE_BUDGET = {
    Simulator.AMARANTH: (8_000, 8_000),
    Simulator.ICARUS: (100_000, 200_000),
    Simulator.VERILATOR: (2_000_000, 100_000_000),
}
"""Cycles that the built-in stimuli and the user's data may take by default."""

_AGAIN = "generate the design again"
_WARM_UP = 4  # steps until the pipeline of layers is full


@dataclass(frozen=True, kw_only=True)
class Result:
    """Outcome of one simulator; `to_json` is an entry of `simulation.json`.

    Attributes
    ----------
    simulator, version : str
    words_compared, mismatches : int
    first_mismatch : Mismatch or None
    failure : str
        What went wrong with the protocol or the cycle count; empty if nothing did.
    cycles : int
        Cycles of the whole run.
    cycles_per_step : int or None
        Cycles from one time step to the next at full load; None if too few steps ran.
    steps : int
        Time steps in all.
    input_steps, input_steps_given : int
        Steps of the user's data that ran, and that there were.
    """

    simulator: str
    version: str
    words_compared: int
    mismatches: int
    first_mismatch: Mismatch | None
    failure: str
    cycles: int
    cycles_per_step: int | None
    steps: int
    input_steps: int
    input_steps_given: int

    @property
    def passed(self) -> bool:
        """True if words were compared, all were equal, and the protocol held."""
        return self.words_compared > 0 and not self.mismatches and not self.failure

    def to_json(self) -> dict[str, Any]:
        """Return the entry of `simulation.json`."""
        entry: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        first = self.first_mismatch
        entry["first_mismatch"] = None if first is None else first.to_json()
        entry["passed"] = self.passed
        return entry


def simulate(
    directory: str | Path,
    x: NDArray[np.generic] | None = None,
    *,
    simulators: list[Simulator],
    seed: int = 0,
    max_cycles: int | None = None,
    waves: bool = False,
    progress: Progress | None = None,
) -> list[Result]:
    """Run the emitted Verilog of a design against the golden model, on every simulator given.

    Built-in stimuli (impulse, full scale, sign-matched, noise, sequences of one step) run with
    and without random pauses and back-pressure; the user's data runs at full load. Every code that
    a layer stores and every answer is compared.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`; `simulation.json` is left in it.
    x : (sequences, steps, inputs), optional
        The user's data, in the network's own units.
    simulators : list of Simulator
    seed : int
        Of stimuli, pauses and back-pressure.
    max_cycles : int or None
        Cycles to spend on the built-in stimuli, and as many on `x`; 0: no limit;
        None: `CYCLE_BUDGET`.
    waves : bool
        Leave ``waves_<simulator>.vcd`` in the folder.
    progress : callable, optional

    Returns
    -------
    list of Result

    Raises
    ------
    ToolError
        If a simulator is missing or does not compile the design.
    LoadError, SpecError
        If the folder or `x` is not what it must be.
    """
    folder = Path(directory)
    design = Design.read(folder)
    plan = _read_plan(folder, design)
    tools = [find(simulator) for simulator in simulators]
    runs = []
    for tool in tools:
        own, data = CYCLE_BUDGET[tool.simulator]
        if max_cycles is not None:
            own = data = max_cycles
        sequences = stimuli(
            design,
            x,
            steps=own // plan.cycles(last_step=True) if own else None,
            data_steps=data // plan.cycles(last_step=True) if data else None,
            seed=seed,
        )
        runs.append(_Run(folder, design, plan, tool, sequences, seed, waves, progress))
    results = [run.result(0 if x is None else x.shape[0] * x.shape[1]) for run in runs]
    write_results(folder, results)
    return results


def write_results(folder: Path, results: list[Result]) -> None:
    """Replace `simulation.json` in one move."""
    temporary = folder / f".simulation.{os.getpid()}.json"
    try:
        temporary.write_text(json.dumps([result.to_json() for result in results], indent=2) + "\n")
        os.replace(temporary, folder / "simulation.json")
    finally:
        temporary.unlink(missing_ok=True)


def _read_plan(folder: Path, design: Design) -> Plan:
    """Return the plan that the manifest describes, whose files must all be there."""
    manifest = read_manifest(folder)
    try:
        missing = [name for name in manifest["files"] if not (folder / name).is_file()]
        layers = [
            LayerPlan(
                layer=layer,
                rows=int(entry["rows"]),
                columns=int(entry["columns"]),
                beat=int(manifest["beat"]),
            )
            for layer, entry in zip(design.network.layers, manifest["layers"], strict=True)
        ]
        plan = Plan(layers=tuple(layers))
        fits = plan.cycles(last_step=True) == manifest["cycles_last_step"]
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise LoadError(f"{folder / 'manifest.json'}: is damaged ({error!r}); {_AGAIN}") from None
    if missing:
        raise LoadError(f"{folder}: must hold {missing[0]}, which is missing; {_AGAIN}")
    if not fits:
        raise LoadError(
            f"{folder / 'manifest.json'}: rows, columns and beat must give its cycles_last_step of "
            f"{manifest['cycles_last_step']}, not {plan.cycles(last_step=True)}; {_AGAIN}"
        )
    return plan


class _Run:
    """One simulator, one design, one set of stimuli."""

    def __init__(
        self,
        folder: Path,
        design: Design,
        plan: Plan,
        tool: Tool,
        sequences: list[Sequence],
        seed: int,
        waves: bool,
        progress: Progress | None,
    ) -> None:
        self.folder, self.design, self.plan, self.tool = folder, design, plan, tool
        self.sequences, self.seed, self.waves = sequences, seed, waves
        self.progress = progress or (lambda name, done, total: None)
        self.steps = sum(len(sequence.codes) for sequence in sequences)

    def result(self, given: int) -> Result:
        """Run, compare, and sum up."""
        network = self.design.network
        expectations = expect(GoldenModel(network), self.plan, self.sequences)
        per_step = self.plan.cycles(last_step=True)
        fill = 4 * (len(self.plan.layers) + 1) * per_step  # every buffer between two layers
        with tempfile.TemporaryDirectory(prefix="lmu_hw_") as name:
            work = Path(name)
            job = Job(
                folder=work,
                sequences=self.sequences,
                answers_once=network.answers_once,
                element_bits=element_bits(network.layers[0].input),
                cycles_per_step=per_step,
                fill_cycles=fill,
                timeout_cycles=2_000 + self.steps * (per_step + fill),
                seed=self.seed,
            )
            if self.tool.simulator is Simulator.AMARANTH:
                from lmu_hw.simulate.pysim import run_amaranth

                waves = work / "waves.vcd" if self.waves else None
                words, starts = run_amaranth(self.plan, job, self._tick(job), waves)
            else:
                words, starts = self._cocotb(work, job)
            if self.waves:
                target = self.folder / f"waves_{self.tool.simulator.value}.vcd"
                shutil.move(work / "waves.vcd", target)
            answered = job.read_answers()
        if answered is None:
            raise ToolError(f"{self.tool.simulator.value}: the bench did not finish")
        answers, cycles, failure = answered
        words.append(_answer_words(network, answers))
        compared, mismatches, first = _compare_all(expectations, words)
        per_step, wrong = self._cycles_per_step(starts)
        return Result(
            simulator=self.tool.simulator.value,
            version=self.tool.version,
            words_compared=compared,
            mismatches=mismatches,
            first_mismatch=first,
            failure=failure or _wrong_last(network, self.sequences, answers) or wrong,
            cycles=cycles,
            cycles_per_step=per_step,
            steps=self.steps,
            input_steps=sum(len(s.codes) for s in self.sequences if s.name == "input data"),
            input_steps_given=given,
        )

    def _tick(self, job: Job) -> Callable[[int], None]:
        total = len(job.answer_stalls)
        return lambda done: self.progress(self.tool.simulator.value, done, total)

    def _cocotb(self, work: Path, job: Job) -> tuple[list[Words], list[tuple[int, int]]]:
        """Build and run the emitted Verilog; return the words of each layer, and its starts."""
        name = self.design.network.name
        for path in sorted((self.folder / RTL_FOLDER).iterdir()):
            shutil.copy(path, work)
        (work / f"{TOP}.v").write_text(wrapper(name, self.plan))
        sources = [f"{name}.v", f"{TOP}.v"]
        command = [sys.executable, "-m", "lmu_hw.simulate._cocotb", self.tool.simulator.value, TOP]
        command += [str(job.write()), "waves" if self.waves else "quiet", *sources]
        package = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, **self.tool.environment, "PYTHONPATH": path}
        # The bench decides by itself; results of a surrounding pytest must not confuse the runner.
        environment.pop("PYTEST_CURRENT_TEST", None)
        with (work / "run.log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=work, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            tick = self._tick(job)
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
                f"{self.tool.simulator.value} must compile and run the design, but failed:\n"
                + _last_lines(work)
            )
        words = [
            read_words(work / words_file(place), layer)
            for place, layer in enumerate(self.plan.layers)
        ]
        starts = [
            (int(place), int(cycle))
            for place, cycle in (
                line.split() for line in (work / STARTS_FILE).read_text().splitlines()
            )
        ]
        return words, starts

    def _cycles_per_step(self, starts: list[tuple[int, int]]) -> tuple[int | None, str]:
        """Return the cycles between steps at full load, and a complaint if they are not the plan's.

        Looked at where the slowest layer starts a step that is not the last of its sequence.
        """
        slowest = max(
            range(len(self.plan.every_step)),
            key=lambda place: self.plan.every_step[place].cycles(last_step=False),
        )
        times = [cycle for place, cycle in starts if place == slowest]
        lasts = [
            step == len(sequence.codes) - 1
            for sequence in self.sequences
            if sequence.stall == Stall.NONE
            for step in range(len(sequence.codes))
        ]
        intervals = {
            times[n + 1] - times[n]
            for n in range(_WARM_UP, min(len(lasts), len(times)) - 1)
            if not lasts[n]
        }
        if not intervals:
            return None, ""
        planned = self.plan.cycles(last_step=False)
        measured = max(intervals)
        if intervals != {planned}:
            return measured, (
                f"a time step must take {planned} cycles at full load, but took {sorted(intervals)}"
            )
        return measured, ""


def _answer_words(network: Any, answers: list[str]) -> Words:
    """Return the elements of the answers as words."""
    size, bits = network.output.size, element_bits(network.output)
    rows = [answer.split()[0] for answer in answers]
    known = np.array([set(row) <= {"0", "1"} for row in rows], np.bool_)
    raw = [
        int(row[len(row) - (e + 1) * bits : len(row) - e * bits] or "0", 2) if good else 0
        for row, good in zip(rows, known, strict=True)
        for e in range(size)
    ]
    node = np.zeros(len(raw), np.int64)
    last = network.layers[-1]
    signal = last.output.format
    codes = np.array(raw, np.int64)
    # The whole container counts: a wrong sign extension is a wrong word.
    if signal.signed:
        codes = codes - ((codes >> (bits - 1)) << bits)
    return Words(
        node=node,
        index=np.tile(np.arange(size), len(rows)),
        code=codes,
        known=np.repeat(known, size),
    )


def _wrong_last(network: Any, sequences: list[Sequence], answers: list[str]) -> str:
    """Return a complaint if m_axis_tlast does not mark exactly the last answer of a sequence."""
    expected = [
        "1" if last else "0"
        for sequence in sequences
        for last in (
            [True]
            if network.answers_once
            else [step == len(sequence.codes) - 1 for step in range(len(sequence.codes))]
        )
    ]
    for number, (want, answer) in enumerate(zip(expected, answers, strict=False)):
        got = answer.split()[1]
        if got != want:
            return f"m_axis_tlast of answer {number} must be {want}, not {got}"
    return ""


def _compare_all(
    expectations: list[Expectation], words: list[Words]
) -> tuple[int, int, Mismatch | None]:
    """Compare all places; the first mismatch is the earliest in time, then in the network."""
    compared = mismatches = 0
    found: list[Mismatch] = []
    for expected, got in zip(expectations, words, strict=True):
        here, wrong, first = compare_words(expected, got)
        compared += here
        mismatches += wrong
        if first is not None:
            found.append(first)
    earliest = min(found, key=lambda one: (one.sequence, one.step), default=None)
    return compared, mismatches, earliest


def _last_lines(work: Path) -> str:
    """Return both ends of whichever log says something: compilers put the cause first."""
    for name in ("test.log", "build.log", "run.log"):
        path = work / name
        text = path.read_text(errors="replace").strip() if path.exists() else ""
        if text:
            lines = text.replace(f"{work}{os.sep}", "").splitlines()
            return "\n".join(lines if len(lines) <= 12 else [*lines[:6], "...", *lines[-6:]])
    return "no log"
