# SPDX-License-Identifier: Apache-2.0
"""Implementing the design of a folder, and leaving what came of it there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lmu_hw.boards import Board, board_named, build_board
from lmu_hw.boards.ports import ports_of
from lmu_hw.checked import flag, real, whole
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError, LoadError, ToolError
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.activity import clocking
from lmu_hw.implement.energy import step_energy
from lmu_hw.implement.library import Library, read_library
from lmu_hw.implement.opensta import MISSING, TIMING_LOG, installed
from lmu_hw.implement.record import (
    read_implementations,
    rtl_files,
    write_implementations,
)
from lmu_hw.implement.route import route_log
from lmu_hw.implement.run import (
    BITSTREAM,
    PINS,
    Job,
    Progress,
    has_pins,
    implement_verilog,
    packages,
)
from lmu_hw.implement.script import board_script, script_files
from lmu_hw.implement.standard_cells import library_target
from lmu_hw.implement.synthesis import LOG
from lmu_hw.implement.targets import LIBERTY, Target, on_board, target_named
from lmu_hw.implement.tools import require
from lmu_hw.implement.wrapper import WRAPPER_FILE
from lmu_hw.manifest import read_plan
from lmu_hw.measure.energy import Clocking
from lmu_hw.measure.implementation import Implementation
from lmu_hw.plan import Plan, planned_cycles

__all__ = ["SEEDS", "implement"]

SEEDS = 3
"""Runs of place and route by default: clocks of one design differ by some percent with the seed."""

_MOST_SEEDS = 1_000
_LEFT = "implement"
"""Folder, in that of the design, in which logs and bitstreams are left."""


def implement(
    directory: str | Path,
    *,
    target: str | None = None,
    seeds: int = SEEDS,
    clock: float | None = None,
    bitstream: bool = False,
    pins: str | Path | None = None,
    board: str | None = None,
    link: str | None = None,
    baud: int | None = None,
    jobs: int | None = None,
    liberty: str | Path | None = None,
    dont_use: Sequence[str] = (),
    progress: Progress = lambda stage, done, total: None,
) -> Implementation:
    """Synthesise, place and route the Verilog of a design.

    Parameters are those of the verb, `lmu_hw.implement`.

    Raises
    ------
    ConfigError, LoadError
        If an argument or the folder is not what it must be.
    ToolError
        If a package is missing, a tool fails, or the design does not fit.
    """
    chosen = _board(board, target=target, link=link, baud=baud, bitstream=bitstream, pins=pins)
    library = _library(target, liberty, dont_use, clock)
    job = _job(
        _target(target, library, chosen),
        seeds=seeds,
        clock=clock,
        bitstream=bitstream if chosen is None else True,
        pins=pins,
        jobs=jobs,
        library=library,
    )
    require(packages(job.target), f"target {job.target.name}")
    folder = DesignFolder(directory)
    design = Design.read(directory)
    plan = read_plan(folder, design.network)
    changed = folder.changed_rtl()
    files, name = rtl_files(folder), design.network.name
    verilog = files[f"{name}.v"].decode()
    job = _connected(job, verilog, name, plan, board=chosen, link=link, baud=baud)
    left = dict(_left(job))
    folder.results.check(folder.IMPLEMENTATION, *left.values())
    place = _place(folder)
    earlier = read_implementations(folder)
    with tempfile.TemporaryDirectory(prefix="lmu_hw_") as temporary:
        work = Path(temporary)
        found = implement_verilog(files, name, work, job, progress=progress)
        result = replace(
            _with_plan(found, plan, _enables(job, name, plan, work)),
            changed_files=changed,
            bitstream=left[found.bitstream] if found.bitstream else None,
        )
        _write_scripts(job, name, work)
        place.mkdir(exist_ok=True)
        for file, path in left.items():
            folder.results.write(path, work / file)
    others = [o for o in earlier if o.target != result.target and o.rtl == result.rtl]
    write_implementations(folder, [*others, result])
    return result


def _connected(
    job: Job,
    verilog: str,
    name: str,
    plan: Plan,
    *,
    board: Board | None,
    link: str | None,
    baud: int | None,
) -> Job:
    """Return the job with what the ports of a design are connected to, where they are to be."""
    if job.pinned and plan.stream.packets:
        # A beat as wide as a vector is no set of pins, even where there are enough.
        job = replace(job, narrow=has_pins(job.target, ports_of(verilog, name).names))
    if board is None:
        return job
    ports = ports_of(verilog, name)
    build = build_board(board, ports, name, plan, link=link, baud=baud, clock=job.clock)
    return replace(job, build=build, clock=build.clock)


def _enables(job: Job, name: str, plan: Plan, work: Path) -> Clocking | None:
    """Return how often flip-flops are clocked; None: they have no enables.

    Those of a library of standard cells have gates before them.
    """
    if job.library is not None:
        return None
    return clocking(
        work,
        job.target,
        name,
        cycles=plan.cycles(last_step=True),
        latency=_latency(plan),
        source=plan.source if plan.stream.packets else None,
    )


def _with_plan(found: Implementation, plan: Plan, enables: Clocking | None) -> Implementation:
    """Return what was implemented with its cycles and the energy of a step."""
    return replace(
        found,
        cycles_per_step=planned_cycles(plan),
        latency_cycles=_latency(plan),
        energy=step_energy(plan, found.total.ff, enables),
    )


def _latency(plan: Plan) -> int:
    """Return the cycles of all layers, one after the other."""
    return sum(layer.cycles(last_step=True) for layer in plan.layers)


def _write_scripts(job: Job, name: str, work: Path) -> None:
    """Write what makes the bitstream of a board again, if the design is for one."""
    if job.build is None:
        return
    texts = {f"{job.target.name}.sh": board_script(job.target, job.build, name, _LEFT)}
    for file, text in {**texts, **script_files(job.target)}.items():
        (work / file).write_text(text)


def _place(folder: DesignFolder) -> Path:
    """Return where logs and bitstreams are left; raise `ConfigError` if they cannot be."""
    place = folder.path / _LEFT
    if os.path.lexists(place) and not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        raise ConfigError(f"{place}: must be a folder that can be written to")
    return place


def _board(
    board: object, *, target: object, link: object, baud: object, bitstream: object, pins: object
) -> Board | None:
    """Return the board that is asked for, if one is; what goes with it or without is checked."""
    if board is None:
        for name, value in (("link", link), ("baud", baud)):
            if value is not None:
                raise ConfigError(f"`{name}` must be left out without a `board`, not {value!r}")
        if target is None:
            raise ConfigError("`target` must be the name of one, or `board` that of a board")
        return None
    chosen = board_named(board)
    for name, value in (("target", target), ("pins", pins)):
        if value is not None:
            raise ConfigError(f"`{name}` must be left out with a `board`, which has its own")
    flag(bitstream, "`bitstream`")
    return chosen


def _target(target: object, library: Library | None, board: Board | None) -> object:
    if board is not None:
        return on_board(board)
    return target if library is None else library_target(library)


def _library(
    target: object, liberty: str | Path | None, dont_use: Sequence[str], clock: object
) -> Library | None:
    """Return the library of standard cells if that is the target, checked; None for a device."""
    if target != LIBERTY:
        given = {"liberty": liberty is not None, "dont_use": bool(dont_use)}
        for name in (name for name, value in given.items() if value):
            raise ConfigError(f"`{name}` must be left out unless `target` is {LIBERTY}")
        return None
    if liberty is None:
        raise ConfigError(
            f"`liberty` must be a library of standard cells (FILE.lib) with `target` {LIBERTY}"
        )
    if clock is not None and not installed():
        raise ToolError(f"`clock` must be left out with target {LIBERTY}: {MISSING}")
    if not isinstance(dont_use, list | tuple):
        raise ConfigError(f"`dont_use` must be a list of names, not {dont_use!r}")
    return read_library(_path(liberty, "`liberty`"), dont_use)


def _job(
    target: object,
    *,
    seeds: object,
    clock: object,
    bitstream: object,
    pins: str | Path | None,
    jobs: object,
    library: Library | None,
) -> Job:
    """Return what was asked for, checked."""
    chosen = target if isinstance(target, Target) else target_named(target)
    job = Job(
        target=chosen,
        seeds=whole(seeds, "`seeds`", least=1, most=_MOST_SEEDS),
        clock=None
        if clock is None
        else real(clock, "`clock`", rule="a positive number of MHz", above=0),
        bitstream=flag(bitstream, "`bitstream`"),
        pins="" if pins is None else _constraints(_path(pins, "`pins`")),
        jobs=None if jobs is None else whole(jobs, "`jobs`", least=1),
        library=library,
    )
    if chosen.flow is None:
        given = {"bitstream": job.bitstream, "pins": job.pins}
        given |= {"clock": job.clock} if library is None else {}
        for name in (name for name, value in given.items() if value):
            raise ConfigError(
                f"`{name}` must be left out with target {chosen.name}, which is synthesis only"
            )
    return job


def _path(value: object, what: str) -> Path:
    if not isinstance(value, str | Path):
        raise ConfigError(f"{what} must be the path of a file, not {value!r}")
    return Path(value)


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
    if job.library is not None and installed():
        yield TIMING_LOG, f"{_LEFT}/{name}_{TIMING_LOG}"
    if flow is None:
        return
    if job.build is not None:
        yield f"{job.build.top}.v", f"{_LEFT}/{job.build.top}.v"
        yield PINS, f"{_LEFT}/{job.build.pins_file}"
        yield from ((file, f"{_LEFT}/{file}") for file in (f"{name}.sh", *script_files(job.target)))
    if job.wrapped:
        yield WRAPPER_FILE, f"{_LEFT}/{name}_{WRAPPER_FILE}"
    for seed in range(1, job.seeds + 1):
        yield route_log(seed), f"{_LEFT}/{name}_{route_log(seed)}"
    if job.bitstream:
        yield f"{BITSTREAM}{flow.suffix}", f"{_LEFT}/{name}{flow.suffix}"
