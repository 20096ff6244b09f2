# SPDX-License-Identifier: Apache-2.0
"""Running the Verilog of small designs of several streams on Icarus."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lmu_hw.hdl import emit_verilog
from lmu_hw.network import QuantizedNetwork, stream_of
from lmu_hw.plan import Plan, interleaved, make_plan
from lmu_hw.simulate.cache import opened
from lmu_hw.simulate.coefficient_sets import CoefficientSet, Since
from lmu_hw.simulate.job import Job
from lmu_hw.simulate.process import run_bench
from lmu_hw.simulate.run import job_of
from lmu_hw.simulate.simulators import Simulator
from lmu_hw.simulate.stimuli import BEFORE, STORM, Sequence, Stall
from lmu_hw.simulate.verdict import Stored, Verdict, judge
from lmu_hw.simulate.wrapper import TOP, read_stored, wrapper


def plan_of(network: QuantizedNetwork, streams: int, width: int | str = 16) -> Plan:
    """Return a plan of a few multipliers for so many streams."""
    return interleaved(make_plan(network, 4, stream=stream_of(width)), streams)


def sequences_of(network: QuantizedNetwork, streams: int, seed: int) -> list[Sequence]:
    """Return sequences at full load, with pauses, and with resets; of many lengths."""
    random, fmt = np.random.default_rng(seed), network.input.format

    def sequence(name: str, steps: int, stall: Stall) -> Sequence:
        shape = (steps, network.inputs)
        codes = random.integers(fmt.min_code, fmt.max_code, shape, endpoint=True)
        return Sequence(name=name, codes=codes, stall=stall)

    both = Stall.INPUT | Stall.OUTPUT
    lengths = [int(n) for n in random.integers(1, 6, 2 * streams)]
    return [
        sequence(BEFORE, 5, Stall.NONE),
        *(sequence("long", 24, Stall.NONE) for _ in range(streams)),
        *(sequence("short", n, Stall(number % 4)) for number, n in enumerate(sorted(lengths))),
        *(sequence(STORM, n, both) for n in (1, 2, 1, 5, 1, 3, 1, 1, 4, 1, 2, 1)),
    ]


def job_for(network: QuantizedNetwork, plan: Plan, sequences: list[Sequence], folder: Path) -> Job:
    """Return a job with resets; those at full load come first."""
    ordered = sorted(sequences, key=lambda s: (s.name == STORM, s.stall))
    return job_of(folder, plan, [_as_emitted(network)], ordered, seed=1)


def run_verilog(network: QuantizedNetwork, plan: Plan, job: Job) -> tuple[Verdict, Stored]:
    """Emit a design, run a job on Icarus, and compare."""
    files = emit_verilog(network, plan, digest="")
    name = f"{network.name}.v"
    sources = {name: files.pop(name), f"{TOP}.v": wrapper(network.name, plan)}
    for file, text in files.items():
        (job.folder / file).write_text(text)
    record = run_bench(
        Simulator.ICARUS, job, sources, cache=opened(None), waves=False, tick=lambda _: None
    )
    stored = read_stored(job.folder, plan)
    return judge([_as_emitted(network)], plan, job, record, stored), stored


def _as_emitted(network: QuantizedNetwork) -> CoefficientSet:
    return CoefficientSet(network=network, words=[], since=Since.POWER_UP)
