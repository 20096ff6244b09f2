# SPDX-License-Identifier: Apache-2.0
"""Implementing Verilog on a target: synthesis, place and route, timing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from lmu_hw.boards import Build
from lmu_hw.boards.ports import Ports, ports_of
from lmu_hw.errors import ConfigError
from lmu_hw.implement.library import Library
from lmu_hw.implement.path import Namer, path_words
from lmu_hw.implement.record import rtl_digest
from lmu_hw.implement.route import Placed, place_and_route, require_fit, routed_name
from lmu_hw.implement.standard_cells import implement_cells
from lmu_hw.implement.synthesis import PLACED, synthesize
from lmu_hw.implement.targets import Flow, Target
from lmu_hw.implement.tools import YOSYS, run_tool, versions
from lmu_hw.implement.wrapper import WRAPPER_FILE, port_bits, wrapper, wrapper_top
from lmu_hw.measure.implementation import Implementation, Resources, Routed

__all__ = ["BITSTREAM", "PINS", "Job", "Progress", "implement_verilog", "packages"]

BITSTREAM, PINS = "bitstream", "pins"
ROUTING = "place and route"

Progress = Callable[[str, int, int | None], None]
"""Called with what is done, how much of it is done, and of how much if there is a total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done.

    Attributes
    ----------
    target : Target
    seeds : int
        Runs of place and route, with the seeds 1, 2 ...
    clock : float or None
        In MHz, to aim at; None: more than can be reached.
    bitstream : bool
        Pack one of the fastest run.
    pins : str
        Content of a file of constraints in the form of the target; empty: any pins.
    jobs : int or None
        Processes at a time; None: one for each core.
    library : Library or None
        Of standard cells, where that is the target; None: it is a device.
    narrow : bool
        The ports of the design are few enough to be the pins themselves.
    build : Build or None
        What puts it on a board, with a clock and pins of its own.
    """

    target: Target
    seeds: int = 1
    clock: float | None = None
    bitstream: bool = False
    pins: str = ""
    jobs: int | None = None
    library: Library | None = None
    narrow: bool = False
    build: Build | None = None

    @property
    def pinned(self) -> bool:
        """Whether ports have to be pins."""
        flow = self.target.flow
        return flow is not None and bool(self.bitstream or self.pins or not flow.open_ports)

    @property
    def wrapped(self) -> bool:
        """Whether the design needs the wrapper."""
        return self.pinned and not self.narrow and self.build is None


def implement_verilog(
    files: Mapping[str, bytes],
    top: str,
    work: Path,
    job: Job,
    *,
    progress: Progress = lambda stage, done, total: None,
) -> Implementation:
    """Implement a design whose ports are those of `lmu_hw.hdl.top.NetworkTop`.

    Parameters
    ----------
    files : dict of name to content
        ``top.v`` and the ROM contents that it reads.
    top : str
    work : Path
        An empty folder, in which all that the tools write is left.
    job : Job
    progress : callable, optional

    Raises
    ------
    ToolError
        If the design does not fit the target, or a tool fails.
    """
    target, flow = job.target, job.target.flow
    if job.library is not None:
        return implement_cells(files, top, work, job.library, clock=job.clock, progress=progress)
    for name, content in files.items():
        (work / name).write_bytes(content)
    sources = {f"{top}.v": files[f"{top}.v"].decode()}
    top = _with_surroundings(job, top, sources, work)
    progress("synthesis", 0, None)
    around = job.wrapped or job.build is not None
    synthesis = synthesize(target, list(sources), top, work, wrapped=around)
    synthesized = Implementation(
        target=target.name,
        device=target.device,
        tools=versions(packages(target)),
        rtl=rtl_digest(files),
        ports=_ports_in_words(job),
        wrapper=synthesis.wrapper,
        total=synthesis.total,
        parts=synthesis.parts,
        warnings=synthesis.warnings,
    )
    if flow is None:
        return synthesized
    require_fit(target, synthesis.total + (synthesis.wrapper or Resources()))
    runs = _runs(job, flow, work, progress)
    middle = sorted(runs, key=lambda run: (run.mhz, run.seed))[(len(runs) - 1) // 2]
    steps = Namer(target=target, netlist=synthesis.netlist, rtl=synthesis.rtl).steps(middle.path)
    if job.bitstream:
        progress("bitstream", 0, None)
        _pack(flow, max(runs, key=lambda run: (run.mhz, -run.seed)), work)
    return replace(
        synthesized,
        used=middle.used,
        clock_asked=_clock(job, flow),
        runs=tuple(Routed(seed=run.seed, mhz=run.mhz) for run in runs),
        path=steps,
        path_words=path_words(steps),
        bitstream=f"{BITSTREAM}{flow.suffix}" if job.bitstream else None,
    )


def _with_surroundings(job: Job, top: str, sources: dict[str, str], work: Path) -> str:
    """Add what stands around the design to its sources, if anything does; return the top."""
    if job.build is not None:
        (work / PINS).write_text(job.build.pins)
        sources[f"{job.build.top}.v"] = job.build.verilog
        (work / f"{job.build.top}.v").write_text(job.build.verilog)
        return job.build.top
    if job.pinned:
        ports = ports_of(sources[f"{top}.v"], top)
        bits = port_bits(ports) if job.wrapped else ports.names
        _require_pins(job.target, bits, ports)
        (work / PINS).write_text(job.pins or _own_pins(job.target, bits))
        if job.wrapped:
            sources[WRAPPER_FILE] = wrapper(top, ports)
            (work / WRAPPER_FILE).write_text(sources[WRAPPER_FILE])
            return wrapper_top(top)
    return top


def has_pins(target: Target, bits: list[str]) -> bool:
    """Tell whether each of these bits of ports can have a pin of its own."""
    most = None if target.flow is None else target.flow.most_pins
    return most is None or len(bits) <= most


def _require_pins(target: Target, bits: list[str], ports: Ports) -> None:
    """Raise `ConfigError` if there are fewer pins than bits of ports."""
    if target.flow is not None and not has_pins(target, bits):
        fewer = "; a design without `registers` and `state_access` has fewer"
        raise ConfigError(
            f"the pins of the design must be at most the {target.flow.most_pins} of {target.name}, "
            f"not {len(bits)}{fewer if ports.beside else ''}"
        )


def _own_pins(target: Target, bits: list[str]) -> str:
    """Return constraints for a target whose pins nextpnr does not choose; else none."""
    pins = () if target.flow is None else target.flow.pins
    pairs = zip(bits, pins, strict=False)
    return "".join(f'IO_LOC "{port}" {pin};\n' for port, pin in pairs)


def packages(target: Target) -> tuple[str, ...]:
    """Return the packages that a target needs."""
    flow = target.flow
    tools = () if flow is None else (flow.nextpnr.package, flow.packer.package)
    return tuple(dict.fromkeys((YOSYS, *tools)))


def _runs(job: Job, flow: Flow, work: Path, progress: Progress) -> list[Placed]:
    """Return the runs of all seeds, in the order of the seeds, some at a time."""
    ports = flow.open_ports
    if job.pinned:
        ports = (*flow.free_pins, flow.constraints.format(PINS))

    stop = Event()

    def run(seed: int) -> Placed:
        return place_and_route(
            job.target,
            flow,
            PLACED,
            work,
            seed=seed,
            clock=_clock(job, flow),
            ports=ports,
            keep=job.bitstream,
            stop=stop,
        )

    done = 0
    progress(ROUTING, done, job.seeds)
    with ThreadPoolExecutor(job.jobs or os.cpu_count()) as pool:
        futures = [pool.submit(run, seed) for seed in range(1, job.seeds + 1)]
        try:
            for future in as_completed(futures):
                future.result()
                done += 1
                progress(ROUTING, done, job.seeds)
        finally:  # one has failed, or all are done
            stop.set()
            pool.shutdown(cancel_futures=True)
    return [future.result() for future in futures]


def _clock(job: Job, flow: Flow) -> float:
    return flow.clock if job.clock is None else job.clock


def _ports_in_words(job: Job) -> str:
    if job.target.flow is None:
        return "pins, of no package: there is no place and route"
    if job.build is not None:
        return job.build.words
    if not job.pinned:
        return "left open: out of context, with no pins"
    pins = "by the file of constraints" if job.pins else "of no particular board"
    if job.narrow:
        return f"those of the design; pins {pins}"
    return f"a wrapper that takes and gives a byte at a time; pins {pins}"


def _pack(flow: Flow, run: Placed, work: Path) -> None:
    names = {"routed": routed_name(flow, run.seed), "bitstream": f"{BITSTREAM}{flow.suffix}"}
    arguments = [argument.format(**names) for argument in flow.packing]
    run_tool(flow.packer, arguments, work, log="packing.log")
