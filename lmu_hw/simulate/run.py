# SPDX-License-Identifier: Apache-2.0
"""Running a design on a simulator and comparing every word with the golden model."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from lmu_hw.checked import flag, member, whole
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError, ToolError
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.flows import Cells
from lmu_hw.lmu import Network
from lmu_hw.manifest import read_plan
from lmu_hw.plan import Plan
from lmu_hw.reload import checked_window, reload
from lmu_hw.sequences import SequencesLike
from lmu_hw.simulate.cache import Cache, opened
from lmu_hw.simulate.coefficient_sets import CoefficientSet, calm_network, coefficient_sets_of
from lmu_hw.simulate.coverage import coverage
from lmu_hw.simulate.directed.goals import Goals
from lmu_hw.simulate.job import Job, Record
from lmu_hw.simulate.process import run_bench
from lmu_hw.simulate.resets import resets_of, writes_of
from lmu_hw.simulate.result import Result, write_results
from lmu_hw.simulate.searched import driven_sequences, searched
from lmu_hw.simulate.simulators import Simulator, find
from lmu_hw.simulate.stimuli import DATA, Sequence, data_sequences
from lmu_hw.simulate.subject import Subject, emitted, netlist_of
from lmu_hw.simulate.verdict import Stored, judge

__all__ = ["Result", "job_of", "simulate"]

_NETLIST_CYCLES = (8_000, 8_000)
"""Of the built-in stimuli and of the user's data, by default: gates are slow."""

Progress = Callable[[str, int, int], None]
"""Called with a simulator's name, the answers so far, and the answers expected."""


def simulate(
    directory: str | Path,
    x: SequencesLike | None = None,
    *,
    simulators: Collection[Simulator | str],
    seed: int = 0,
    max_cycles: int | None = None,
    waves: bool = False,
    theta: float | None = None,
    network: Network | None = None,
    netlist: Cells | str | None = None,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """Run the emitted Verilog of a design against the golden model, on every simulator given.

    Built-in stimuli (impulse, full scale, sign-matched, noise, and sequences that were searched
    for: they saturate sums and read entries of tables) run with and without pauses and
    back-pressure; resets cut a storm of short ones; the user's data runs at full load. Every code
    that a layer stores and every answer is compared. Parameters are those of the verb,
    `lmu_hw.simulate`.

    Returns
    -------
    list of Result

    Raises
    ------
    ToolError
        If a simulator is missing or does not compile the design.
    ConfigError
        If `cache` cannot be written to.
    LoadError, NetworkError
        If the folder or `x` is not what it must be.
    """
    chosen = _simulators(simulators)
    seed, waves = whole(seed, "`seed`", least=0), flag(waves, "`waves`")
    if max_cycles is not None:
        max_cycles = whole(max_cycles, "`max_cycles`", least=0)
    if theta is not None:
        theta = checked_window(theta)
    if theta is not None and network is not None:
        raise ConfigError("`theta` must be left out with `network`, which has its window")
    cells = None if netlist is None else member(netlist, "`netlist`", Cells)
    if cells and chosen != [Simulator.ICARUS]:
        raise ConfigError(
            "`simulators` must be icarus alone with `netlist`: unknown values need four states"
        )
    kept = opened(cache)
    versions = [find(simulator).version for simulator in chosen]
    folder = DesignFolder(directory)
    design = Design.read(directory)
    plan = read_plan(folder, design.network)
    budgets = [
        _steps(_NETLIST_CYCLES if cells else simulator.backend.cycles, max_cycles, plan)
        for simulator in chosen
    ]
    data = [data_sequences(design.network, x, data_steps) for _, data_steps in budgets]
    changed = folder.changed_rtl()
    waves_files = [waves_file(simulator) for simulator in chosen] if waves else []
    folder.results.check(folder.SIMULATION, *waves_files)
    given = theta is not None or network is not None
    other = reload(directory, network, theta=theta) if given else None
    sets = coefficient_sets_of(folder, design, plan, other)
    design = replace(design, network=calm_network(sets))
    goals = Goals(design.network, plan)
    subject = None
    if any(simulator.backend.runs_verilog for simulator in chosen):
        name = design.network.name
        subject = netlist_of(folder, name, plan, cells) if cells else emitted(folder, name, plan)
    steps = [own_steps for own_steps, _ in budgets]
    driven = driven_sequences(
        *(design, goals, chosen, steps, data, seed),
        gates=cells is not None,
        packets=plan.stream.packets,
        streams=plan.stream.streams,
        found=lambda made_from, search: searched(
            kept, [folder.manifest, design.digest, *made_from], search
        ),
    )
    steps_given = sum(len(sequence.codes) for sequence in data_sequences(design.network, x, None))
    results = []
    for simulator, version, sequences in zip(chosen, versions, driven, strict=True):
        run = _Run(
            folder=folder,
            plan=plan,
            sets=sets,
            goals=goals,
            simulator=simulator,
            version=version,
            changed=changed if simulator.backend.runs_verilog else (),
            subject=subject if simulator.backend.runs_verilog else None,
        )
        results.append(
            run.result(sequences, seed, steps_given, waves=waves, cache=kept, progress=progress)
        )
    write_results(folder, results)
    return results


def _steps(
    default: tuple[int, int], max_cycles: int | None, plan: Plan
) -> tuple[int | None, int | None]:
    """Return the steps of the built-in stimuli and of the user's data; None: no limit."""
    budget = default if max_cycles is None else (max_cycles, max_cycles)
    own_steps, data = (
        cycles // plan.cycles(last_step=True) if cycles else None for cycles in budget
    )
    return own_steps, data


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
    return f"waves_{simulator.value}{Path(simulator.backend.waves).suffix}"


def job_of(
    folder: Path,
    plan: Plan,
    sets: list[CoefficientSet],
    sequences: list[Sequence],
    *,
    seed: int,
    longest_fill: int | None = None,
    seen: bool = True,
) -> Job:
    """Return what is driven: sequences, pauses, resets, and coefficients.

    Parameters
    ----------
    folder : Path
        For the job's files.
    plan : Plan
    sets : list of CoefficientSet
    sequences : list of Sequence
    seed : int
    longest_fill : int or None
        Most cycles to keep everything waiting.
    seen : bool
        The bench sees when layers work.
    """
    network, per_step = sets[0].network, plan.cycles(last_step=True)
    at_once = plan.layers[0].contexts  # steps of a layer
    depth = 4 * (len(plan.layers) + 1) * at_once  # vectors that fit between input and output
    fill = depth * per_step if longest_fill is None else min(depth * per_step, longest_fill)
    waits = max(len(sequence.codes) for sequence in sequences) if network.answers_once else 1
    resets = resets_of(
        sequences,
        cycles_per_step=per_step,
        layers=len(plan.layers) * at_once,
        sets=sets,
        seed=seed,
    )
    return Job(
        folder=folder,
        source=plan.source,
        answer=plan.answer,
        sequences=sequences,
        answers_once=network.answers_once,
        cycles_per_step=per_step,
        fill_cycles=fill,
        wait_cycles=2_000 + 4 * (waits + depth) * per_step,
        seed=seed,
        unseen_layers=0 if seen else len(plan.layers),
        resets=resets,
        writes=writes_of(sets, resets),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """One simulator and one design; without a subject, the components before they are Verilog."""

    folder: DesignFolder
    plan: Plan
    sets: list[CoefficientSet]
    goals: Goals
    simulator: Simulator
    version: str
    changed: tuple[str, ...]
    subject: Subject | None

    def result(
        self,
        sequences: list[Sequence],
        seed: int,
        steps_given: int,
        *,
        waves: bool,
        cache: Cache,
        progress: Progress | None,
    ) -> Result:
        """Run, compare, and sum up."""
        backend, subject = self.simulator.backend, self.subject
        netlist = subject.netlist if subject else None
        with tempfile.TemporaryDirectory(prefix="lmu_hw_") as name:
            job = job_of(
                Path(name),
                self.plan,
                self.sets,
                sequences,
                seed=seed,
                longest_fill=None if subject else backend.cycles[0] // 8,
                seen=netlist is None,
            )

            def tick(count: int) -> None:
                if progress is not None:
                    progress(self.simulator.value, min(count, job.answer_count), job.answer_count)

            if subject:
                record, stored = self._cocotb(subject, job, waves, cache, tick)
            else:
                record, stored = self._amaranth(job, waves, tick)
            if waves:
                self._keep_waves(job.folder)
        verdict = judge(self.sets, self.plan, job, record, stored)
        return Result(
            simulator=self.simulator.value,
            version=self.version,
            words_compared=verdict.compared,
            mismatches=verdict.mismatches,
            first_mismatch=verdict.first,
            failure=verdict.failure,
            cycles=verdict.cycles,
            cycles_per_step=verdict.cycles_per_step,
            steps=sum(len(sequence.codes) for sequence in sequences),
            input_steps=sum(len(s.codes) for s in sequences if s.name == DATA),
            input_steps_given=steps_given,
            coverage=coverage(self.goals, verdict.epochs, record, job.settle),
            changed_files=self.changed,
            netlist=netlist,
        )

    def _amaranth(
        self, job: Job, waves: bool, tick: Callable[[int], None]
    ) -> tuple[Record, Stored]:
        """Run the components before they become Verilog."""
        from lmu_hw.simulate.amaranth_bench import run_amaranth

        return run_amaranth(self.plan, job, tick, job.folder / "dump.vcd" if waves else None)

    def _cocotb(
        self,
        subject: Subject,
        job: Job,
        waves: bool,
        cache: Cache,
        tick: Callable[[int], None],
    ) -> tuple[Record, Stored | None]:
        """Build and run Verilog."""
        for name, text in subject.data.items():
            (job.folder / name).write_text(text, encoding="utf-8")
        record = run_bench(
            self.simulator, job, subject.sources, cache=cache, waves=waves, tick=tick
        )
        return record, subject.stored(job.folder, self.plan)

    def _keep_waves(self, work: Path) -> None:
        """Move the waveforms into the design's folder."""
        recorded = list(work.glob(self.simulator.backend.waves))
        if not recorded:
            raise ToolError(f"{self.simulator.value} must leave waveforms, but left none")
        self.folder.results.write(waves_file(self.simulator), recorded[0])
