# SPDX-License-Identifier: Apache-2.0
"""The control of a design as gates: and, not, registers; what memories hold is free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lmu_hw.errors import ToolError
from lmu_hw.hdl.assertions import MACRO
from lmu_hw.prove.hardware.netlist import cells_after

__all__ = ["Bit", "Circuit", "Cone", "leaves", "read_circuit"]

Bit = int | str
"""The number of a wire of one bit, or a constant: 0, 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """The gates that the checkers of a design depend on.

    Attributes
    ----------
    nets : dict of str to list of Bit
        Bits of every wire of a checker and of every port, the lowest first, by hierarchical name.
    gates : dict of Bit to tuple of Bit
        Operands of what drives a bit: two of an and, one of a not.
    registers : dict of Bit to Bit
        What each takes over at the clock.
    inputs : dict of Bit to str
        Names of the bits that come from outside.
    """

    nets: dict[str, list[Bit]]
    gates: dict[Bit, tuple[Bit, ...]]
    registers: dict[Bit, Bit]
    inputs: dict[Bit, str]

    @property
    def reset(self) -> Bit:
        """The reset of the design."""
        return self.net("rst")

    def net(self, name: str) -> Bit:
        """Return the bit of a wire.

        Raises
        ------
        ToolError
            If there is no such wire of one bit.
        """
        bits = self.nets.get(name, [])
        if len(bits) != 1:
            raise ToolError(f"{name}: must be one bit of the Verilog, not {len(bits)}")
        return bits[0]

    def cone(self, roots: Iterable[Bit], cut: Iterable[Bit] = ()) -> Cone:
        """Return what decides the roots, now and in all cycles before.

        Parameters
        ----------
        roots : iterable of Bit
        cut : iterable of Bit
            Taken to be free, whatever drives them.
        """
        gates: list[Bit] = []
        registers: list[Bit] = []
        free: list[Bit] = []
        seen: set[Bit] = {"0", "1"}
        cut, pending = set(cut), list(roots)
        while pending:
            stack = [(pending.pop(), False)]
            while stack:
                bit, decided = stack.pop()
                if decided:
                    gates.append(bit)
                elif bit not in seen:
                    seen.add(bit)
                    if bit in cut or not (bit in self.gates or bit in self.registers):
                        free.append(bit)
                    elif bit in self.registers:
                        registers.append(bit)
                        pending.append(self.registers[bit])
                    else:
                        stack.append((bit, True))
                        stack += [(operand, False) for operand in self.gates[bit]]
        return Cone(gates=tuple(gates), registers=tuple(registers), free=tuple(free))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cone:
    """Part of a circuit.

    Attributes
    ----------
    gates : tuple of Bit
        Operands first.
    registers, free : tuple of Bit
    """

    gates: tuple[Bit, ...]
    registers: tuple[Bit, ...]
    free: tuple[Bit, ...]


def read_circuit(files: Mapping[str, bytes], top: str) -> Circuit:
    """Return the control of a design: all that its checkers see.

    Parameters
    ----------
    files : mapping of name to content
        Verilog; what ROMs hold is not read.
    top : str

    Raises
    ------
    ToolError
        If Yosys does not read the files, with what it says.
    """
    commands = [
        "proc -noopt -norom",
        "flatten",
        "setundef -anyseq",
        # Only what the checkers see stays; their wires keep their names.
        "setattr -set keep 1 w:*check_*",
        "setattr -set keep 1 i:* o:*",
        "delete t:$check",
        "delete -output o:*",
        "opt_clean -purge",
        # What is read from memories is data, and free here.
        "memory_collect",
        "cutpoint t:$mem_v2",
        "opt_clean -purge",
        "opt_expr",
        "opt_merge",
        "opt_clean -purge",
        "wreduce",
        "opt_expr",
        "opt_clean -purge",
        "alumacc",
        "simplemap",
        "techmap",
        "opt_expr",
        "opt_merge",
        "opt_clean -purge",
        "dfflegalize -cell $_DFF_P_ 01",
        "aigmap",
        "opt_merge",
        "opt_clean -purge",
    ]
    options = f"-nomem2reg -DSYNTHESIS -D{MACRO}"
    return _circuit(cells_after(commands, files, top, options=options))


def leaves(circuit: Circuit, bits: Sequence[Bit]) -> set[Bit]:
    """Return what bits depend on within a cycle, without registers."""
    found: set[Bit] = set()
    seen: set[Bit] = set()
    pending = list(bits)
    while pending:
        bit = pending.pop()
        if bit in seen or bit in circuit.registers or isinstance(bit, str):
            continue
        seen.add(bit)
        if bit in circuit.gates:
            pending += circuit.gates[bit]
        else:
            found.add(bit)
    return found


def _circuit(module: Mapping[str, Any]) -> Circuit:
    gates: dict[Bit, tuple[Bit, ...]] = {}
    registers: dict[Bit, Bit] = {}
    for name, cell in module["cells"].items():
        pins = {pin: bits[0] for pin, bits in cell["connections"].items()}
        match cell["type"]:
            case "$_AND_":
                gates[pins["Y"]] = pins["A"], pins["B"]
            case "$_NOT_":
                gates[pins["Y"]] = (pins["A"],)
            case "$_DFF_P_":
                registers[pins["Q"]] = pins["D"]
            case "$anyseq" | "$scopeinfo":
                pass  # free
            case kind:
                raise ToolError(f"{name}: must be a gate or a register, not {kind}")
    inputs = {
        bit: name if len(port["bits"]) == 1 else f"{name}[{place}]"
        for name, port in module["ports"].items()
        if port["direction"] == "input"
        for place, bit in enumerate(port["bits"])
    }
    nets = {name: wire["bits"] for name, wire in module["netnames"].items()}
    return Circuit(nets=nets, gates=gates, registers=registers, inputs=inputs)
