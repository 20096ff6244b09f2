# SPDX-License-Identifier: Apache-2.0
"""Implementing the design of a folder, and leaving what came of it there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lmu_hw.checked import flag, real, whole
from lmu_hw.design import Design
from lmu_hw.emit import read_plan
from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import (
    read_implementations,
    rtl_files,
    write_implementations,
)
from lmu_hw.implement.route import route_log
from lmu_hw.implement.run import BITSTREAM, Job, Progress, implement_verilog
from lmu_hw.implement.synthesis import LOG
from lmu_hw.implement.targets import Target, target_named
from lmu_hw.implement.tools import require
from lmu_hw.implement.wrapper import WRAPPER_FILE
from lmu_hw.measure.implementation import Implementation

__all__ = ["SEEDS", "implement"]

SEEDS = 3
"""Runs of place and route by default: clocks of one design differ by some percent with the seed."""

_MOST_SEEDS = 1_000
_LEFT = "implement"
"""Folder, in that of the design, in which logs and bitstreams are left."""


def implement(
    directory: str | Path,
    *,
    target: str,
    seeds: int = SEEDS,
    clock: float | None = None,
    bitstream: bool = False,
    pins: str | Path | None = None,
    jobs: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Implementation:
    """Synthesise, place and route the Verilog of a design; see `lmu_hw.implement`.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`; ``implement.json`` is left in it, and logs in ``implement/``.
    target : str
        Name of one of `TARGETS`.
    seeds : int
        Runs of place and route.
    clock : float, optional
        MHz to aim at; None: more than can be reached.
    bitstream : bool
        Leave a bitstream of the fastest run in ``implement/``.
    pins : str or Path, optional
        File of constraints in the form of the target's tools, for the ports of the wrapper.
    jobs : int, optional
        Processes at a time; None: one for each core.
    progress : callable, optional

    Raises
    ------
    ConfigError, LoadError
        If an argument or the folder is not what it must be.
    ToolError
        If a package is missing, a tool fails, or the design does not fit.
    """
    from lmu_hw.implement.energy import step_energy  # loads amaranth

    job = _job(target, seeds=seeds, clock=clock, bitstream=bitstream, pins=pins, jobs=jobs)
    require(tools_of(job.target), f"target {job.target.name}")
    folder = DesignFolder(directory)
    design = Design.read(directory)
    plan = read_plan(folder, design.network)
    changed = folder.changed_rtl()
    left = dict(_left(job))
    folder.results.check(folder.IMPLEMENTATION, *left.values())
    place = folder.path / _LEFT
    if os.path.lexists(place) and not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        raise ConfigError(f"{place}: must be a folder that can be written to")
    earlier = read_implementations(folder)
    files = rtl_files(folder)
    with tempfile.TemporaryDirectory(prefix="lmu_hw_") as temporary:
        work = Path(temporary)
        found = implement_verilog(files, design.network.name, work, job, progress=progress)
        result = replace(
            found,
            cycles_per_step=plan.cycles(last_step=False),
            latency_cycles=sum(layer.cycles(last_step=True) for layer in plan.layers),
            changed_files=changed,
            energy=step_energy(plan, found.total.ff),
            bitstream=left[found.bitstream] if found.bitstream else None,
        )
        place.mkdir(exist_ok=True)
        for file, name in left.items():
            folder.results.write(name, work / file)
    kept = [other for other in earlier if other.target != result.target and other.rtl == result.rtl]
    write_implementations(folder, [*kept, result])
    return result


def tools_of(target: Target) -> list[str]:
    """Return the packages beside Yosys that a target needs."""
    flow = target.flow
    return [] if flow is None else [flow.nextpnr.package, flow.packer.package]


def _job(
    target: object,
    *,
    seeds: object,
    clock: object,
    bitstream: object,
    pins: str | Path | None,
    jobs: object,
) -> Job:
    """Return what was asked for, checked."""
    chosen = target_named(target)
    job = Job(
        target=chosen,
        seeds=whole(seeds, "`seeds`", least=1, most=_MOST_SEEDS),
        clock=None
        if clock is None
        else real(clock, "`clock`", rule="a positive number of MHz", above=0),
        bitstream=flag(bitstream, "`bitstream`"),
        pins="" if pins is None else _constraints(Path(pins)),
        jobs=None if jobs is None else whole(jobs, "`jobs`", least=1),
    )
    if chosen.flow is None:
        given = {"bitstream": job.bitstream, "pins": job.pins, "clock": job.clock}
        for name in (name for name, value in given.items() if value):
            raise ConfigError(
                f"`{name}` must be left out with target {chosen.name}, which is synthesis only"
            )
    return job


def _constraints(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise LoadError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise LoadError(f"{path}: must be a text file") from None
    if not text.strip():
        raise LoadError(f"{path}: must hold constraints, but is empty")
    return text


def _left(job: Job) -> Iterator[tuple[str, str]]:
    """Return the files of a run that are left in the design's folder, and their names there."""
    name, flow = job.target.name, job.target.flow
    yield LOG, f"{_LEFT}/{name}_{LOG}"
    if flow is None:
        return
    if job.wrapped:
        yield WRAPPER_FILE, f"{_LEFT}/{name}_{WRAPPER_FILE}"
    for seed in range(1, job.seeds + 1):
        yield route_log(seed), f"{_LEFT}/{name}_{route_log(seed)}"
    if job.bitstream:
        yield f"{BITSTREAM}{flow.suffix}", f"{_LEFT}/{name}{flow.suffix}"
