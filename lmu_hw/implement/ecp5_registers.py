# SPDX-License-Identifier: Apache-2.0
"""Registers into the multipliers and block RAMs of ECP5, which have some of their own.

Yosys leaves them outside. In front of a multiplier, the way from a register and the product are one
path then, and an array of multipliers is as fast as its longest way: inside, the way is a path of
its own, and every multiplier has registers of its own, however many share a factor. A block RAM
answers after more than half of a cycle: with its register inside, the way from it has a cycle.

Registers of products stay outside: nextpnr (0.11) does not write the enable of the one at a
multiplier's output to the bitstream, and does not time the one in its middle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["merge_factors", "merge_registers", "merge_words"]

_MULTIPLIER, _REGISTER = "MULT18X18D", "TRELLIS_FF"
_BITS = 18
_ENABLES = {"A": "CE0", "B": "CE1"}

Bit = int | str
"""A net by its number, or a constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Control:
    """What the flip-flops of a word have in common: their clock and their enable."""

    clock: Bit
    enable: Bit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Port:
    """Where a block RAM answers: the names of its bits, of its clock, its register, the enable."""

    bits: str
    clock: str
    mode: str
    enable: str


_PORTS = {
    "DP16KD": tuple(
        _Port(bits=f"DO{x}", clock=f"CLK{x}", mode=f"REGMODE_{x}", enable=f"OCE{x}") for x in "AB"
    ),
    "PDPW16KD": (_Port(bits="DO", clock="CLKR", mode="REGMODE", enable="OCER"),),
}


def merge_registers(module: dict[str, Any]) -> None:
    """Move registers into multipliers, and of those that are left, into block RAMs.

    Parameters
    ----------
    module : dict
        The top as Yosys writes it to JSON, mapped to cells of ECP5; it is changed.
    """
    merge_factors(module)
    merge_words(module)


def merge_factors(module: dict[str, Any]) -> int:
    """Move the flip-flops before multipliers into them, and return of how many multipliers.

    Both factors of a multiplier must come from flip-flops, since nextpnr times no mixture: each
    from flip-flops of one enable, without reset, and the bits that do not are 0.
    """
    cells: dict[str, Any] = module["cells"]
    registers = {
        cell["connections"]["Q"][0]: cell for cell in cells.values() if cell["type"] == _REGISTER
    }
    merging = []
    for cell in cells.values():
        if cell["type"] == _MULTIPLIER:
            a, b = (_control(_factor(cell, name), registers) for name in _ENABLES)
            if a is not None and b is not None and a.clock == b.clock:
                merging.append((cell, a.clock, {"A": a.enable, "B": b.enable}))
    for cell, clock, enables in merging:
        _merge(cell, clock, enables, registers)
    _remove_unread(module, registers)
    return len(merging)


def _factor(cell: Mapping[str, Any], name: str) -> list[Bit]:
    return [cell["connections"][f"{name}{bit}"][0] for bit in range(_BITS)]


def _control(bits: list[Bit], registers: Mapping[Bit, Mapping[str, Any]]) -> _Control | None:
    """Return the control of the flip-flops that a factor comes from; None: it must stay."""
    controls = set[_Control | None]()
    for bit in bits:
        if bit in registers:
            controls.add(_control_of(registers[bit]))
        elif bit not in ("0", "x"):  # registers of multipliers begin with 0
            return None
    return controls.pop() if len(controls) == 1 else None


def _control_of(register: Mapping[str, Any]) -> _Control | None:
    """Return what a flip-flop is controlled by; None if only flip-flops have such control."""
    ports, parameters = register["connections"], register["parameters"]
    resets = ports.get("LSR", ["0"])[0] not in ("0", "x")
    sets = parameters.get("REGSET", "RESET") != "RESET"
    inverted = parameters.get("CLKMUX", "CLK") != "CLK" or parameters.get("CEMUX") == "INV"
    if resets or sets or inverted:
        return None
    return _Control(clock=ports["CLK"][0], enable=ports.get("CE", ["1"])[0])


def _merge(
    cell: dict[str, Any],
    clock: Bit,
    enables: Mapping[str, Bit],
    registers: Mapping[Bit, Mapping[str, Any]],
) -> None:
    """Connect a multiplier to what its factors' flip-flops hold next."""
    ports = {"CLK0": clock, "RST0": "0"}
    cell["parameters"]["GSR"] = "DISABLED"
    for name, port in _ENABLES.items():
        ports[port] = enables[name]
        cell["parameters"] |= {
            f"REG_INPUT{name}_CLK": "CLK0",
            f"REG_INPUT{name}_CE": port,
            f"REG_INPUT{name}_RST": "RST0",
        }
        for number, bit in enumerate(_factor(cell, name)):
            if bit in registers:
                ports[f"{name}{number}"] = registers[bit]["connections"]["DI"][0]
    cell["connections"] |= {port: [bit] for port, bit in ports.items()}
    cell["port_directions"] |= dict.fromkeys(ports, "input")


def merge_words(module: dict[str, Any]) -> int:
    """Move the flip-flops behind block RAMs into them, and return of how many ports.

    Every bit of the port that is read must go to a flip-flop and nowhere else, all of them of the
    port's clock and one enable, and without reset, and these to registers in multipliers or out of
    the design. What is chosen from first stays outside: its flip-flops are placed on the way.

    Parameters
    ----------
    module : dict
        As for `merge_registers`.
    """
    cells, readers = module["cells"], _readers(module)
    merged = 0
    for cell in list(cells.values()):
        for port in _PORTS.get(cell["type"], ()):
            registers = _word(cell, port, cells, readers)
            controls = {_control_of(cells[name]) if name else None for name in registers.values()}
            control = controls.pop() if len(controls) == 1 else None
            if control is None or cell["connections"][port.clock] != [control.clock]:
                continue
            for name, register in registers.items():
                cell["connections"][name] = cells.pop(register)["connections"]["Q"]
            cell["parameters"][port.mode] = "OUTREG"
            cell["connections"][port.enable] = [control.enable]
            cell["port_directions"][port.enable] = "input"
            merged += 1
    return merged


def _word(
    cell: Mapping[str, Any],
    port: _Port,
    cells: Mapping[str, Any],
    readers: Mapping[Bit, Sequence[tuple[str, str]]],
) -> dict[str, str]:
    """Return the flip-flop behind each bit of a port that is read; "": something else, or more."""
    registers: dict[str, str] = {}
    for name, (bit,) in cell["connections"].items():
        if name.rstrip("0123456789") != port.bits or not readers[bit]:
            continue
        (register, at), *others = readers[bit]
        alone = not others and at == "DI" and cells.get(register, {}).get("type") == _REGISTER
        direct = alone and _may_move(cells[register]["connections"]["Q"][0], cells, readers)
        registers[name] = register if direct else ""
    return registers


def _may_move(
    bit: Bit, cells: Mapping[str, Any], readers: Mapping[Bit, Sequence[tuple[str, str]]]
) -> bool:
    """Return whether a net leads to multipliers with registers or out, and to nothing else."""
    reading = [cells[name] for name, _ in readers[bit] if name]
    return all("REG_INPUTA_CLK" in cell["parameters"] for cell in reading)


def _remove_unread(module: dict[str, Any], registers: Mapping[Bit, Any]) -> None:
    """Remove the flip-flops that nothing reads any more."""
    readers = _readers(module)
    unread = {bit for bit in registers if not readers[bit]}
    module["cells"] = {
        name: cell
        for name, cell in module["cells"].items()
        if not (cell["type"] == _REGISTER and cell["connections"]["Q"][0] in unread)
    }


def _readers(module: Mapping[str, Any]) -> dict[Bit, list[tuple[str, str]]]:
    """Return the cells, or "" for the world outside, and their ports that read each net."""
    readers = defaultdict[Bit, list[tuple[str, str]]](list)
    for bit, name, port in _reads(module):
        readers[bit].append((name, port))
    return readers


def _reads(module: Mapping[str, Any]) -> Iterator[tuple[Bit, str, str]]:
    for name, cell in module["cells"].items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input":
                yield from ((bit, name, port) for bit in bits)
    for port, entry in module["ports"].items():
        if entry["direction"] == "output":
            yield from ((bit, "", port) for bit in entry["bits"])
