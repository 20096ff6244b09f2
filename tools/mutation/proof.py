# SPDX-License-Identifier: Apache-2.0
"""Proofs that no port ever tells a mutant from the design, for all inputs and resets.

The design and a mutant of it run side by side from the end of a reset on. Registers hold the same
in both, but for a set of those that need not: first those that the reset leaves with another value.
Two things are asked: are the ports alike (the data of an answer, where there is one), and does each
register that is not in the set hold the same in the next cycle, too? ABC looks for invariants that
say yes. A register of which it finds none joins the set, and all is asked again; if a port is left,
there is no proof, which says nothing.

What has no reset begins with anything. Where it is the same in both, it may even be anything in
every cycle: that is more than can happen, and leaves little to look at but control. Memories read 0
where they have no word.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from lmu_hw.errors import ToolError
from tools.mutation.netlist import Bit, Graph, Netlist, first_outputs
from tools.mutation.schema import selectable
from tools.mutation.sites import Mutant

__all__ = ["proved"]

SELECT = "lmu_select"
"""The input whose bits choose mutants."""

_PASSES = (
    "read_verilog -formal design.v",
    "hierarchy -top {top}",
    "proc",
    "flatten",
    "opt_clean",
    "memory -nomap",
    "memory_map",
    # What can be written at run time may hold anything.
    "setattr -unset init w:*",
    "opt",
    "techmap",
    "opt_expr",
    "opt_merge",
    "simplemap",
    "dfflegalize -cell $_DFF_P_ x",
    "simplemap",
    "setundef -undriven -zero",
    "setundef -zero",
    "opt_clean",
    "aigmap",
    "opt_clean",
    "write_aiger -ascii -map design.map design.aag",
)
_SECONDS = 2  # of the processor, for a mutant and a script
_INDUCTION = "read {0}; strash; scorr; write_aiger {1}"
_SCRIPTS = (_INDUCTION, f"{_INDUCTION}; pdr -a")  # the second one is slower
_PROVED = re.compile(r"Proved output +(\d+)")
_ANSWER = ("m_axis_tdata", "m_axis_tlast")  # looked at where m_axis_tvalid is high

_Place = Bit | int
"""What is compared: a port, or the number of a register."""


def proved(text: str, mutants: list[Mutant], rtl: Path, work: Path) -> Iterator[bool]:
    """Yield for each mutant whether it is proved that no port tells it from the design.

    Parameters
    ----------
    text : str
        The design's Verilog; its top comes first.
    mutants : list of Mutant
    rtl : Path
        Folder of the ROM files.
    work : Path
        Created.
    """
    top = re.search(r"^module (\w+)", text, re.MULTILINE)
    if top is None:
        raise ToolError("the design's Verilog must have a module")
    work.mkdir()
    rom_path = f'`define {top[1].upper()}_ROM_PATH "{rtl.resolve()}/"\n'
    (work / "design.v").write_text(rom_path + selectable(text, mutants, SELECT))
    passes = [command.format(top=top[1]) for command in _PASSES]
    run = subprocess.run(
        [sys.executable, "-P", "-c", _program(passes)], cwd=work, capture_output=True, text=True
    )
    if run.returncode:
        raise ToolError(f"yosys must read the mutants, but failed:\n{run.stderr[-2000:]}")
    prover = _Prover(Netlist.read(work / "design.aag", work / "design.map"), work)
    for number in range(len(mutants)):
        yield any(prover.proves(number, script) for script in _SCRIPTS)


def _program(passes: list[str]) -> str:
    """Return the Python that runs Yosys, which may end the process."""
    return (
        "from pyosys import libyosys\ndesign = libyosys.Design()\n"
        f"for command in {passes!r}: libyosys.run_pass(command, design)\n"
    )


class _Prover:
    """A design that is any of its mutants, by an input for each."""

    def __init__(self, netlist: Netlist, work: Path) -> None:
        self._netlist, self._work = netlist, work
        spec = find_spec("pyosys")
        if spec is None or spec.origin is None:
            raise ToolError("pyosys must be installed")
        self._abc = Path(spec.origin).with_name("yosys-abc")
        self._begins = self._after_reset(None)

    def _after_reset(self, number: int | None) -> list[int | None]:
        """Return 0 or 1 for each register that a reset sets, None for the others."""
        graph, netlist = Graph(), self._netlist
        inputs = {bit: graph.free() for bit in netlist.inputs} | {Bit("rst", 0): 1}
        registers = [graph.free() for _ in netlist.registers]
        following, _ = netlist.values(graph, inputs | self._choice(number), registers)
        return [literal if literal in (0, 1) else None for literal in following]

    def _choice(self, number: int | None) -> dict[Bit, int]:
        """Return the inputs that choose a mutant, or the design."""
        bits = (bit for bit in self._netlist.inputs if bit.port == SELECT)
        return {bit: int(bit.place == number) for bit in bits}

    def proves(self, number: int, script: str) -> bool:
        """Say whether there is a proof for a mutant."""
        begins = self._after_reset(number)
        apart = {n for n, value in enumerate(begins) if value != self._begins[n]}
        ends = _spent() + _SECONDS
        while _spent() < ends:
            open_places = self._asked(number, begins, apart, script)
            if not open_places:
                return open_places is not None
            if any(isinstance(place, Bit) for place in open_places):
                return False
            apart |= {place for place in open_places if isinstance(place, int)}
        return False

    def _asked(
        self, number: int, begins: list[int | None], apart: set[int], script: str
    ) -> list[_Place] | None:
        """Return where the two may differ if registers `apart` may; None if there was no time."""
        graph, netlist = Graph(), self._netlist
        started = graph.free()  # 0 in the first cycle after the reset
        inputs = {bit: graph.free() for bit in netlist.inputs}
        registers = {started: 1}
        own: list[tuple[int, int]] = []  # of each register its node, and what it holds
        others: list[tuple[int, int]] = []
        for place, values in enumerate(zip(self._begins, begins, strict=True)):
            kept = place in apart or values[0] is not None
            own.append(_register(graph, started, values[0]) if kept else _open(graph))
            others.append(_register(graph, started, values[1]) if place in apart else own[place])
        following, ports = netlist.values(
            graph, inputs | self._choice(None), [holds for _, holds in own]
        )
        mutated, mutated_ports = netlist.values(
            graph, inputs | self._choice(number), [holds for _, holds in others]
        )
        differ: dict[_Place, int] = {}
        for bit, literal in ports.items():
            seen = ports[Bit("m_axis_tvalid", 0)] if bit.port in _ANSWER else 1
            differ[bit] = graph.both(graph.differ(literal, mutated_ports[bit]), seen)
        for place, literals in enumerate(zip(following, mutated, strict=True)):
            if place not in apart:
                differ[place] = graph.differ(*literals)
        differ = {place: literal for place, literal in differ.items() if literal}
        if not differ:
            return []
        for place in range(len(own)):
            if place in apart or self._begins[place] is not None:
                registers[own[place][0]] = following[place] ^ (self._begins[place] or 0)
            if place in apart:
                registers[others[place][0]] = mutated[place] ^ (begins[place] or 0)
        question = self._work / "question.aig"
        graph.write(question, registers, list(differ.values()))
        left = self._answers(script, question, len(differ))
        if left is None:
            return None
        return [place for place, said in zip(differ, left, strict=True) if said]

    def _answers(self, script: str, question: Path, count: int) -> list[bool] | None:
        """Return which outputs are not proved to be always 0; None if there was no time."""
        left = self._work / "left.aig"
        left.unlink(missing_ok=True)
        printed = subprocess.run(
            [self._abc, "-c", script.format(question, left)],
            capture_output=True,
            text=True,
            preexec_fn=_limit,
        ).stdout
        if not left.exists():
            return None
        said = {int(number) for number in _PROVED.findall(printed)}
        return [
            literal != 0 and place not in said
            for place, literal in enumerate(first_outputs(left, count))
        ]


def _spent() -> float:
    """Return the processor's seconds so far, here and in what was run."""
    own, children = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(resource.getrusage(who).ru_utime for who in (own, children))


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))


def _register(graph: Graph, started: int, begins: int | None) -> tuple[int, int]:
    """Return a new register's node, which begins with 0, and what it stands for."""
    node = graph.free()
    if begins is None:
        return node, graph.choice(started, node, graph.free())
    return node, node ^ begins


def _open(graph: Graph) -> tuple[int, int]:
    """Return what stands for a register that may be anything in every cycle."""
    node = graph.free()
    return node, node
