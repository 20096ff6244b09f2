# SPDX-License-Identifier: Apache-2.0
"""Running millions of steps of a design, and comparing every word with the golden model.

While the library runs a block, the golden model computes the next one.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import whole
from lmu_hw.design import Design
from lmu_hw.folder import DesignFolder
from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.verilog import core_name
from lmu_hw.lmu import Network
from lmu_hw.manifest import read_plan
from lmu_hw.measure.simulation import BulkRun, Coverage, Mismatch
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan, planned_cycles, step_cycles
from lmu_hw.reload import checked_window, reload
from lmu_hw.sequences import Sequences, SequencesLike
from lmu_hw.simulate.bulk.blocks import Drive, drives
from lmu_hw.simulate.bulk.library import Block, Report, compiled, opened_bench
from lmu_hw.simulate.bulk.words import expected_codes, place_of, step_words
from lmu_hw.simulate.cache import opened
from lmu_hw.simulate.coefficient_sets import CoefficientSet, Since
from lmu_hw.simulate.job import STALLS, Job
from lmu_hw.simulate.result import Result, write_results
from lmu_hw.simulate.run import Progress, job_of
from lmu_hw.simulate.simulators import Simulator, find
from lmu_hw.simulate.stimuli import Sequence, window_steps
from lmu_hw.simulate.subject import rtl_files

__all__ = ["simulate_bulk"]

_STAGE = "verilator, bulk"
_RESETS = ("all", "within a step", "an answer waits", "a beat is offered")
_LOOK = 0.2  # seconds between looks at how far the library is
_LONGEST = 4_000  # steps of a sequence of random codes


def simulate_bulk(
    directory: str | Path,
    steps: int,
    x: SequencesLike | None = None,
    *,
    seed: int = 0,
    theta: float | None = None,
    network: Network | None = None,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> Result:
    """Run many steps of a design that Verilator made a library of, and compare every word.

    Random codes from the whole range of the input, or the user's data over and over: most of it at
    full load, some with pauses and back-pressure, with resets, and in sequences of a few steps. The
    run ends at the first word that differs.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`; `simulation.json` is left in it.
    steps : int
        At least; sequences are run whole.
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences, optional
        The user's data, in the network's own units.
    seed : int
        Of codes, pauses, back-pressure, resets, and of what registers begin with.
    theta : float, optional
        First write the coefficients of this window to a reloadable design, in steps.
    network : Network, optional
        First write the coefficients of this network to a reloadable design; see `lmu_hw.reload`.
    cache : str or Path, optional
        Folder in which the library is kept; see `lmu_hw.simulate.cache`.
    progress : callable, optional

    Raises
    ------
    ToolError
        If Verilator or a compiler is missing or does not compile the design.
    ConfigError, LoadError, NetworkError, RangeError
        If an argument, the folder or `x` is not what it must be.
    """
    steps, seed = whole(steps, "`bulk`", least=1), whole(seed, "`seed`", least=0)
    theta = None if theta is None else checked_window(theta)
    kept, version = opened(cache), find(Simulator.VERILATOR).version
    folder, design = DesignFolder(directory), Design.read(directory)
    plan = read_plan(folder, design.network)
    data = None if x is None else GoldenModel(design.network).count_input(x)[0]
    changed = folder.changed_rtl()
    folder.results.check(folder.SIMULATION)
    computed, words = design.network, []
    if theta is not None or network is not None:
        other = reload(folder.path, network, theta=theta)
        computed, words = other.design.network, other.writes
    run = _Run(network=computed, plan=plan, seed=seed, total=steps, progress=progress)
    with tempfile.TemporaryDirectory(prefix="lmu_hw_") as name:
        files, work = rtl_files(folder), Path(name)
        for file, text in files.items():
            (work / file).write_text(text, encoding="utf-8")
        verilog = files[f"{design.network.name}.v"]
        path = compiled(work, core_name(design.network, plan), verilog, plan, kept)
        longest = min(window_steps(design), _LONGEST) if data is None else data.longest
        run.all_blocks(path, words, longest, data)
    given = 0 if data is None else data.total
    result = run.result(version=version, given=given, changed=changed)
    write_results(folder, [result])
    return result


@dataclass(kw_only=True, eq=False)
class _Run:
    """A design, and what came of it so far."""

    network: QuantizedNetwork
    plan: Plan
    seed: int
    total: int
    progress: Progress | None
    report: Report = field(default_factory=lambda: Report(place=-1))
    steps: int = 0
    sequences: int = 0
    seconds: float = 0.0
    first: Mismatch | None = None

    def all_blocks(
        self,
        path: Path,
        coefficients: list[tuple[int, int]],
        longest: int,
        data: Sequences | None,
    ) -> None:
        """Run until all steps are done, or a word is wrong."""
        words = [step_words(layer) for layer in self.plan.layers]
        with opened_bench(path, self.plan, words, self._job(path, longest), self.report) as bench:
            if coefficients:
                bench.write(coefficients)
            begun = time.monotonic()
            with ThreadPoolExecutor(1) as pool:
                running: tuple[Block, Future[None]] | None = None
                try:
                    for block in chain(self._blocks(longest, data), [None]):
                        if running and not self._passed(*running):
                            break
                        running = block and (block, pool.submit(bench.run, block, self.report))
                finally:
                    self.report.stop = 1  # for what an interrupt left running
            self.seconds = time.monotonic() - begun

    def _job(self, path: Path, longest: int) -> Job:
        """Return a job of the other bench, which says how long things may take."""
        sets = [CoefficientSet(network=self.network, words=[], since=Since.POWER_UP)]
        zeros = [Sequence(name="", codes=np.zeros((longest, self.network.inputs), np.int64))]
        return job_of(path.parent, self.plan, sets, zeros, seed=self.seed)

    def _blocks(self, longest: int, data: Sequences | None) -> Iterator[Block]:
        """Yield what runs, and what must come of it."""
        golden = GoldenModel(self.network)
        options = {"longest": longest, "seed": self.seed, "data": data}
        for drive in drives(self.network, self.total, **options, streams=self.plan.stream.streams):
            yield Block(drive, self._expected(golden, drive))

    def _expected(self, golden: GoldenModel, drive: Drive) -> list[NDArray[np.int64]]:
        """Return the words of each layer, and the answers, of all sequences."""
        by_part = [
            expected_codes(self.plan, golden.trace(codes).codes, codes.shape[1])
            for codes in drive.parts
        ]
        return [
            np.concatenate([words.ravel() for words in place])
            for place in zip(*by_part, strict=True)
        ]

    def _passed(self, block: Block, running: Future[None]) -> bool:
        """Wait for a block, and say whether everything was as it must be."""
        while not running.done():
            wait([running], timeout=_LOOK)
            if self.progress is not None:
                done = self.steps + int(self.report.taken)
                self.progress(_STAGE, min(done, self.total), self.total)
        running.result()
        report = self.report
        if report.place >= 0:
            at, wanted = int(report.at), block.expected[report.place]
            node, sequence, step, index = place_of(self.plan, block.lengths, int(report.place), at)
            self.first = Mismatch(
                node=node,
                sequence=self.sequences + sequence,
                step=step,
                index=index,
                expected=int(wanted[at]) if at < len(wanted) else None,
                got=None if report.missing else int(report.got),
            )
        passed = self.first is None and not report.failure
        self.sequences += len(block.lengths) if passed else 0
        self.steps += int(report.taken)
        return passed

    def result(self, *, version: str, given: int, changed: tuple[str, ...]) -> Result:
        """Return what `simulation.json` says of the run."""
        report, streams = self.report, self.plan.stream.streams
        planned = step_cycles(self.plan)
        times = {int(report.shortest), int(report.longest)} - {0}
        late = "" if times <= {int(planned * streams)} else _late(planned, streams, sorted(times))
        return Result(
            simulator=Simulator.VERILATOR.value,
            version=version,
            words_compared=int(report.compared),
            mismatches=int(report.mismatches),
            first_mismatch=self.first,
            failure=report.failure or late,
            cycles=int(report.cycles),
            cycles_per_step=max(times) / streams if times else None,
            steps=self.steps,
            input_steps=min(self.steps, given),
            input_steps_given=given,
            coverage=Coverage(
                saturation={},
                tables={},
                resets=dict(zip(_RESETS, report.resets, strict=True)),
                stalls=dict(zip(STALLS, report.stalls, strict=True)),
            ),
            changed_files=changed,
            bulk=BulkRun(
                sequences=self.sequences,
                seconds=round(self.seconds, 3),
                planned_cycles=planned_cycles(self.plan),
            ),
        )


def _late(planned: Fraction, streams: int, times: list[int]) -> str:
    """Return the complaint of steps that are not as fast as planned."""
    took = " to ".join(f"{cycles:,}" for cycles in times)
    if streams == 1:
        return f"a time step must take {planned} cycles at full load, but took {took}"
    return (
        f"{streams} steps of {streams} streams must take {planned * streams} cycles at full load, "
        f"but took {took}"
    )
