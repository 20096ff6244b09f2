# SPDX-License-Identifier: Apache-2.0
"""How often the clock of each flip-flop has to arrive, by a simulated run of the control.

Enables are found on the words of the Verilog, and those that feed no enable are left out: what
remains, counters and valid bits, is simulated by Yosys with a vector always at hand, taken at once
and the last of its sequence, until a step is like the one before it; the step after that counts.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lmu_hw.boards.ports import Ports, ports_of
from lmu_hw.implement.cells import Netlist
from lmu_hw.implement.synthesis import NETLIST
from lmu_hw.implement.targets import Target
from lmu_hw.implement.tools import run_yosys
from lmu_hw.implement.wrapper import DESIGN, inside, is_inside
from lmu_hw.measure.energy import Clocking
from lmu_hw.network import Packet

__all__ = ["GATED", "clocking"]

GATED = 32
"""Flip-flops behind one clock gate at most."""

_WORDS, _CONTROL, _TRACE = "activity_words.json", "activity_control.json", "activity.vcd"
_DRIVEN = "activity_driven"
_ENABLE_PORTS = ("CE", "E", "EN")
_STIMULI = dict.fromkeys(("s_axis_tvalid", "s_axis_tlast", "s_axis_tuser", "m_axis_tready"), "1")
"""What is driven all the time; the other inputs are 0, but for the marks of packets."""

_Enable = tuple[int, int]
"""A bit of the design, and the value with which it enables."""


def clocking(
    work: Path,
    target: Target,
    top: str,
    *,
    cycles: int,
    latency: int,
    source: Packet | None = None,
) -> Clocking:
    """Return how many flip-flops of a netlist get their clock in a cycle, on average.

    A flip-flop without an enable gets it in every cycle, one with an enable where that is active.
    Flip-flops with the same enable have clock gates, each for at most `GATED` of them, which take
    as much as a flip-flop in every cycle; or none where gates would take more than they save.

    Parameters
    ----------
    work : Path
        Where a design was synthesised for the target.
    target : Target
    top : str
        Of the design, without wrapper.
    cycles : int
        Of a step.
    latency : int
        From the first beat of a step to its answer.
    source : Packet, optional
        An input vector, where vectors are packets.

    Raises
    ------
    ToolError
        If Yosys fails.
    """
    if source is None:
        words = _words(work, top)
    else:
        ports = ports_of((work / f"{top}.v").read_text(), top)
        (work / f"{_DRIVEN}.v").write_text(_driven(top, ports, source))
        words, top = _words(work, _DRIVEN, f"{top}.v"), _DRIVEN
    enables = dict(_enables(words["modules"][top]))
    shares = _shares(work, top, words, set(enables.values()), cycles, latency)
    groups: Counter[tuple[int, float]] = Counter()
    free = 0
    document = json.loads((work / NETLIST).read_bytes())
    for enable, names in _flip_flops(document, target):
        found = next((enables[name] for name in names if name in enables), None)
        if enable is None or found is None:
            free += 1
        else:
            groups[enable, shares[found]] += 1
    gated = sum(
        min(count, count * share + math.ceil(count / GATED)) for (_, share), count in groups.items()
    )
    return Clocking(flip_flops=free + groups.total(), enabled=groups.total(), clocked=free + gated)


def _driven(top: str, ports: Ports, source: Packet) -> str:
    """Return the Verilog of a design with the marks of packets, each the last one of its sequence.

    What does not change is left for `_STIMULI`: constants here would change the design.
    """
    driven = {"s_axis_tlast": "last", "s_axis_tkeep": "keep"}
    declared = [
        f"{'output' if name in ports.outputs else 'input'} [{bits - 1}:0] {name}"
        for name, bits in ports.bits.items()
        if name not in driven
    ]
    joined = [f".{name}({driven.get(name, name)})" for name in ports.bits]
    bits, whole, short = source.bytes, source.keep(ends=False), source.keep(ends=True)
    return "\n".join(
        [
            f"module {_DRIVEN} ({', '.join(declared)});",
            f"  reg [{(source.beats - 1).bit_length()}:0] beat;",
            f"  wire last = beat == {source.beats - 1};",
            f"  wire [{bits - 1}:0] keep = last ? {bits}'h{short:x} : {bits}'h{whole:x};",
            "  always @(posedge clk)",
            "    if (rst) beat <= 0; else if (s_axis_tready) beat <= last ? 0 : beat + 1;",
            f"  \\{top} {DESIGN} ({', '.join(joined)});",
            "endmodule",
            "",
        ]
    )


def _words(work: Path, top: str, inner: str = "") -> dict[str, Any]:
    """Return the design before it is mapped, with the enables of its registers."""
    commands = [
        *([f"read_verilog -sv {inner}"] if inner else []),
        f"read_verilog -sv {top}.v",
        f"hierarchy -top {top}",
        *("proc", "flatten", "opt_expr", "opt_dff", "memory_dff", "memory_collect"),
        *("opt -full", "opt_dff", "opt_clean", f"write_json {_WORDS}"),
    ]
    run_yosys(commands, work, log="activity_words.log")
    document: dict[str, Any] = json.loads((work / _WORDS).read_bytes())
    return document


def _enables(module: Mapping[str, Any]) -> Iterator[tuple[tuple[str, int], _Enable]]:
    """Yield the name and number of each bit of a register or of a memory's output, and its enable.

    Only those that have one.
    """
    of_bit: dict[int, _Enable] = {}
    for cell in module["cells"].values():
        ports = cell["connections"]
        if "dff" in cell["type"] and "EN" in ports:
            active = int(cell["parameters"]["EN_POLARITY"], 2)
            of_bit |= dict.fromkeys(ports["Q"], (ports["EN"][0], active))
        elif cell["type"] == "$mem_v2":
            width = int(cell["parameters"]["WIDTH"], 2)
            for bit, output in enumerate(ports["RD_DATA"]):
                if isinstance(enable := ports["RD_EN"][bit // width], int):
                    of_bit[output] = enable, 1
    for name, net in module["netnames"].items():
        if not net["hide_name"]:
            name = inside(name)
            yield from (((name, n), of_bit[b]) for n, b in enumerate(net["bits"]) if b in of_bit)


def _shares(
    work: Path,
    top: str,
    document: dict[str, Any],
    enables: Iterable[_Enable],
    cycles: int,
    latency: int,
) -> dict[_Enable, float]:
    """Return in which share of the cycles of a step each enable is active."""
    module, values = document["modules"][top], dict[int, str]()
    names = {bit: f"enable_{bit}" for bit, _ in enables}
    for port, entry in list(module["ports"].items()):
        if entry["direction"] == "input" and port not in ("clk", "rst"):
            values |= dict.fromkeys(entry["bits"], _STIMULI.get(port, "0"))
        if port not in ("clk", "rst"):
            del module["ports"][port]
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            cell["connections"][port] = [values.get(bit, bit) for bit in bits]
    module["ports"] |= {
        name: {"direction": "output", "bits": [values.get(bit, bit)]} for bit, name in names.items()
    }
    module["netnames"] = {
        name: {"hide_name": 0, "bits": port["bits"], "attributes": {}}
        for name, port in module["ports"].items()
    }
    (work / _CONTROL).write_text(json.dumps(document))
    count = latency + 3 * cycles
    commands = [
        f"read_json {_CONTROL}",
        *("opt_clean -purge", "memory_nordff", "opt -fast", "opt_clean -purge"),
        f"sim -clock clk -reset rst -n {count} -q -vcd {_TRACE} {top}",
    ]
    run_yosys(commands, work, log="activity.log")
    seen = _changes(work / _TRACE)
    edges = [time for time, value in seen["clk"] if value == "1"][-cycles:]
    return {
        (bit, active): _active(seen.get(names[bit], []), active, edges) / cycles
        for bit, active in enables
    }


def _changes(trace: Path) -> dict[str, list[tuple[int, str]]]:
    """Return the times at which each signal of one bit changes, and to what."""
    names, changes, time = dict[str, str](), dict[str, list[tuple[int, str]]](), 0
    for line in trace.read_text().splitlines():
        if line.startswith("$var"):
            _, _, _, key, name, *_ = line.split()
            names[key] = name
        elif line.startswith("#"):
            time = int(line[1:])
        elif line[:1] in ("0", "1", "x", "b"):
            value, key = line[1:].split() if line[0] == "b" else (line[0], line[1:])
            changes.setdefault(names[key], []).append((time, value))
    return changes


def _active(changes: list[tuple[int, str]], value: int, edges: list[int]) -> int:
    """Return at how many edges a signal has a value before they come."""
    times = [time for time, _ in changes]
    before = (bisect_left(times, edge) - 1 for edge in edges)
    return sum(index >= 0 and changes[index][1] == str(value) for index in before)


def _flip_flops(
    document: Mapping[str, Any], target: Target
) -> Iterator[tuple[int | None, list[tuple[str, int]]]]:
    """Yield the net that enables each flip-flop of the design, and the names of what it holds."""
    modules = document["modules"]
    (top,) = (name for name, module in modules.items() if "top" in module["attributes"])
    module, paths = modules[top], Netlist.of(document, top).paths
    wrapped = any(map(is_inside, paths.values()))
    names: dict[int, list[tuple[str, int]]] = {}
    for name, net in module["netnames"].items():
        for number, bit in enumerate(net["bits"]):
            names.setdefault(bit, []).append((inside(name), number))
    for name, cell in module["cells"].items():
        if not target.cost(cell["type"]).ff or (wrapped and not is_inside(paths[name])):
            continue
        ports = cell["connections"]
        (enable,) = next((ports[port] for port in _ENABLE_PORTS if port in ports), [None])
        fixed = not isinstance(enable, int) or cell["parameters"].get("CEMUX", "CE") == "1"
        (held,) = ports["Q"]
        yield None if fixed else enable, names.get(held, [])
