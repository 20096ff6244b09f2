# SPDX-License-Identifier: Apache-2.0
"""Place and route of a synthesised netlist, and what nextpnr reports of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from lmu_hw.errors import ToolError
from lmu_hw.implement.targets import Flow, Target
from lmu_hw.implement.tools import run_tool
from lmu_hw.measure.implementation import Resources, Used

__all__ = ["Hop", "Placed", "place_and_route", "require_fit", "route_log", "routed_name"]

_UTILISATION = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%$", re.MULTILINE)
_EDGE = re.compile(r"(pos|neg)edge ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A cell on a path: the delay of the wire that leads to it, and its own, in nanoseconds."""

    cell: str
    wire_ns: float
    logic_ns: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What a run came to: the highest clock in MHz, what is used, and the critical path."""

    seed: int
    mhz: float
    used: tuple[Used, ...]
    path: tuple[Hop, ...]


def route_log(seed: int) -> str:
    """Return the name of the log of a run."""
    return f"seed_{seed}.log"


def routed_name(flow: Flow, seed: int) -> str:
    """Return the name of what a run routed."""
    return f"seed_{seed}{flow.routed_suffix}"


def require_fit(target: Target, resources: Resources) -> None:
    """Raise `ToolError` if a synthesised design needs more than the device has of something."""
    if target.available is None:
        return
    too_few = []
    for name, words in _NAMES.items():
        needed, there = getattr(resources, name), getattr(target.available, name)
        if needed > there:
            too_few.append(f"{needed:,g} {words} of {there:,g}, {needed - there:,g} too many")
    if too_few:
        raise ToolError(_does_not_fit(target, too_few))


_NAMES = {"lut": "LUTs", "ff": "flip-flops", "block_ram": "block RAMs", "dsp": "multipliers"}


def _does_not_fit(target: Target, too_few: Sequence[str]) -> str:
    return (
        f"the design must fit {target.name} ({target.device}), but takes {'; '.join(too_few)}; "
        "generate it with fewer lanes or bits, or name a larger target"
    )


def place_and_route(
    target: Target,
    flow: Flow,
    netlist: str,
    work: Path,
    *,
    seed: int,
    clock: float,
    ports: Sequence[str],
    keep: bool,
    stop: Event,
) -> Placed:
    """Place and route a netlist in a folder, and leave the log there.

    Parameters
    ----------
    target, flow : Target, Flow
    netlist : str
        Name of the file.
    work : Path
    seed : int
    clock : float
        MHz to aim at.
    ports : sequence of str
        Arguments that say what the ports are.
    keep : bool
        Leave what was routed, too.
    stop : Event
        When it is set, the run ends and counts as failed.

    Raises
    ------
    ToolError
        If the design does not fit, or nextpnr fails.
    """
    report = f"seed_{seed}.json"
    arguments = [*flow.arguments, *ports, "--json", netlist, "--seed", str(seed)]
    arguments += ["--freq", f"{clock:g}", "--timing-allow-fail", "--report", report]
    if keep:
        arguments.append(flow.routed.format(routed_name(flow, seed)))
    try:
        run_tool(flow.nextpnr, arguments, work, log=route_log(seed), stop=stop)
    except ToolError:
        said = (work / route_log(seed)).read_text(errors="replace")
        table = _UTILISATION.findall(said)
        too_few = [
            f"{used} {name} of {there}, {int(used) - int(there)} too many"
            for name, used, there in dict.fromkeys(table)
            if int(used) > int(there)
        ]
        if too_few:
            raise ToolError(_does_not_fit(target, too_few)) from None
        raise
    document = json.loads((work / report).read_bytes())
    return Placed(
        seed=seed,
        mhz=_clock(document, target),
        used=_used(document),
        path=_critical(document),
    )


def _clock(document: Mapping[str, Any], target: Target) -> float:
    clocks = [entry["achieved"] for entry in document["fmax"].values()]
    if not clocks:
        raise ToolError(
            f"nextpnr must find a clock in the design for {target.name}, but found none"
        )
    return round(min(clocks), 2)


def _used(document: Mapping[str, Any]) -> tuple[Used, ...]:
    return tuple(
        Used(name=name, used=entry["used"], available=entry["available"])
        for name, entry in sorted(document["utilization"].items())
        if entry["used"]
    )


def _critical(document: Mapping[str, Any]) -> tuple[Hop, ...]:
    """Return the cells of the critical path between two edges of the clock, one entry each."""
    for path in document["critical_paths"]:
        if _EDGE.match(path["from"]) and _EDGE.match(path["to"]):
            return _hops(path["path"])
    return ()


def _hops(segments: Sequence[Mapping[str, Any]]) -> tuple[Hop, ...]:
    hops, wire = [], 0.0
    for segment in segments:
        if segment["type"] == "routing":
            wire += segment["delay"]
        else:
            hops.append(Hop(cell=segment["to"]["cell"], wire_ns=wire, logic_ns=segment["delay"]))
            wire = 0.0
    return tuple(hops)
