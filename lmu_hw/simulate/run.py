# SPDX-License-Identifier: Apache-2.0
"""Running a design on a simulator and comparing every word with the golden model."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import flag, member, whole
from lmu_hw.design import Design
from lmu_hw.emit import read_plan
from lmu_hw.errors import ConfigError, ToolError
from lmu_hw.folder import DesignFolder
from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.top import element_bits
from lmu_hw.plan import Plan
from lmu_hw.reload import checked_window, reload
from lmu_hw.simulate.answers import answer_words, wrong_last
from lmu_hw.simulate.job import Job
from lmu_hw.simulate.process import run_bench
from lmu_hw.simulate.result import Result, write_results
from lmu_hw.simulate.scoreboard import (
    Expectation,
    Mismatch,
    Words,
    compare_words,
    expect,
)
from lmu_hw.simulate.stimuli import DATA, Sequence, Stall, few, stimuli
from lmu_hw.simulate.tools import Simulator, Tool, find
from lmu_hw.simulate.wrapper import (
    STARTS_FILE,
    TOP,
    coefficient_ports,
    read_words,
    words_file,
    wrapper,
)

__all__ = ["CYCLE_BUDGET", "Result", "simulate"]

Progress = Callable[[str, int, int], None]
"""Called with a simulator's name, the answers so far, and the answers expected."""

CYCLE_BUDGET = {
    Simulator.AMARANTH: (8_000, 8_000),
    Simulator.ICARUS: (100_000, 200_000),
    Simulator.VERILATOR: (2_000_000, 50_000_000),
}
"""Cycles that the built-in stimuli and the user's data may take by default."""

# Where simulators leave their waveforms.
_WAVES = {
    Simulator.AMARANTH: "dump.vcd",
    Simulator.ICARUS: f"build/{TOP}.fst",
    Simulator.VERILATOR: "dump.vcd",
}
_WARM_UP = 4  # steps until the pipeline of layers is full


def simulate(
    directory: str | Path,
    x: NDArray[np.generic] | None = None,
    *,
    simulators: Collection[Simulator | str],
    seed: int = 0,
    max_cycles: int | None = None,
    waves: bool = False,
    theta: float | None = None,
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
    simulators : collection of Simulator
        At least one; may be given by name.
    seed : int
        Of stimuli, pauses and back-pressure.
    max_cycles : int or None
        Cycles to spend on the built-in stimuli, and as many on `x`; 0: no limit;
        None: `CYCLE_BUDGET`.
    waves : bool
        Leave ``waves_<simulator>.vcd`` (Icarus: ``.fst``) in the folder.
    theta : float, optional
        First write the coefficients of this window to a reloadable design, in steps.
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
    wanted = _simulators(simulators)
    seed, waves = whole(seed, "`seed`", least=0), flag(waves, "`waves`")
    if max_cycles is not None:
        max_cycles = whole(max_cycles, "`max_cycles`", least=0)
    if theta is not None:
        theta = checked_window(theta)
    tools = [find(simulator) for simulator in wanted]
    folder = DesignFolder(directory)
    design = Design.read(directory)
    plan = read_plan(folder, design.network)
    changed = folder.changed_rtl()
    left = [waves_file(simulator) for simulator in wanted] if waves else []
    folder.results.check(folder.SIMULATION, *left)
    writes: list[tuple[int, int]] = []
    if theta is not None:
        network, writes = reload(directory, theta)
        design = replace(design, network=network)
    runs = []
    for tool in tools:
        own, data = CYCLE_BUDGET[tool.simulator]
        if max_cycles is not None:
            own = data = max_cycles
        steps = own // plan.cycles(last_step=True) if own else None
        data_steps = data // plan.cycles(last_step=True) if data else None
        sequences = stimuli(design, x, steps=steps, data_steps=data_steps, seed=seed)
        if tool.simulator is Simulator.AMARANTH and steps is not None:
            sequences = few(sequences, steps)  # it is interpreted: some thousand cycles a second
        runs.append(_Run(folder, design, plan, writes, tool, sequences, seed, waves, progress))
    results = [run.result(0 if x is None else x.shape[0] * x.shape[1]) for run in runs]
    results = [
        replace(result, changed_files=changed)
        if result.simulator != Simulator.AMARANTH.value  # which runs no Verilog
        else result
        for result in results
    ]
    write_results(folder, results)
    return results


def _simulators(names: Collection[Simulator | str]) -> list[Simulator]:
    """Return the simulators that are named: at least one, since nothing else would be compared."""
    if isinstance(names, str | Simulator) or not names:
        raise ConfigError(
            f"`simulators` must be one or more of {', '.join(s.value for s in Simulator)}, in a "
            f"list, not {names!r}"
        )
    return [member(name, "`simulators`", Simulator) for name in names]


def waves_file(simulator: Simulator) -> str:
    """Return the name under which a simulator's waveforms are left in a design's folder."""
    return f"waves_{simulator.value}{Path(_WAVES[simulator]).suffix}"


class _Run:
    """One simulator, one design, one set of stimuli."""

    def __init__(
        self,
        folder: DesignFolder,
        design: Design,
        plan: Plan,
        writes: list[tuple[int, int]],
        tool: Tool,
        sequences: list[Sequence],
        seed: int,
        waves: bool,
        progress: Progress | None,
    ) -> None:
        self.folder, self.design, self.plan, self.tool = folder, design, plan, tool
        self.sequences, self.seed, self.waves = sequences, seed, waves
        self.writes = writes
        self.progress = progress or (lambda name, done, total: None)
        self.steps = sum(len(sequence.codes) for sequence in sequences)

    def result(self, given: int) -> Result:
        """Run, compare, and sum up."""
        network = self.design.network
        expectations = expect(GoldenModel(network), self.plan, self.sequences)
        per_step = self.plan.cycles(last_step=True)
        depth = 4 * (len(self.plan.layers) + 1)  # vectors that fit between input and output
        fill = depth * per_step
        if self.tool.simulator is Simulator.AMARANTH:
            fill = min(fill, CYCLE_BUDGET[Simulator.AMARANTH][0])
        waits = max(len(one.codes) for one in self.sequences) if network.answers_once else 1
        with tempfile.TemporaryDirectory(prefix="lmu_hw_") as name:
            work = Path(name)
            job = Job(
                folder=work,
                sequences=self.sequences,
                answers_once=network.answers_once,
                element_bits=element_bits(network.layers[0].input),
                cycles_per_step=per_step,
                fill_cycles=fill,
                timeout_cycles=2_000 + 4 * (waits + depth) * per_step,
                seed=self.seed,
                reloadable=bool(coefficient_ports(self.plan)),
                writes=self.writes,
            )
            if self.tool.simulator is Simulator.AMARANTH:
                from lmu_hw.simulate.pysim import run_amaranth

                waves = work / _WAVES[self.tool.simulator] if self.waves else None
                words, starts = run_amaranth(self.plan, job, self._tick(job), waves)
            else:
                words, starts = self._cocotb(work, job)
            if self.waves:
                recorded = work / _WAVES[self.tool.simulator]
                self.folder.results.write(waves_file(self.tool.simulator), recorded)
            answered = job.read_answers()
        if answered is None:
            raise ToolError(f"{self.tool.simulator.value}: the bench did not finish")
        answers, cycles, failure = answered
        words.append(answer_words(network, answers))
        compared, mismatches, first = _compare_all(expectations, words)
        per_step, wrong = self._cycles_per_step(starts)
        return Result(
            simulator=self.tool.simulator.value,
            version=self.tool.version,
            words_compared=compared,
            mismatches=mismatches,
            first_mismatch=first,
            failure=failure or wrong_last(network, self.sequences, answers) or wrong,
            cycles=cycles,
            cycles_per_step=per_step,
            steps=self.steps,
            input_steps=sum(len(s.codes) for s in self.sequences if s.name == DATA),
            input_steps_given=given,
        )

    def _tick(self, job: Job) -> Callable[[int], None]:
        total = len(job.answer_stalls)
        return lambda done: self.progress(self.tool.simulator.value, done, total)

    def _cocotb(self, work: Path, job: Job) -> tuple[list[Words], list[tuple[int, int]]]:
        """Build and run the emitted Verilog; return the words of each layer, and its starts."""
        name = self.design.network.name
        for file in self.folder.rtl:
            shutil.copy(self.folder.path / file, work)
        (work / f"{TOP}.v").write_text(wrapper(name, self.plan))
        sources = [f"{name}.v", f"{TOP}.v"]
        run_bench(self.tool, job, sources, waves=self.waves, tick=self._tick(job))
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
