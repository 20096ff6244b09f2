# SPDX-License-Identifier: Apache-2.0
"""Registers of factors into the multipliers of ECP5, which have some at their inputs.

Yosys leaves them in front: the way from a register to the multiplier and the product are one path
then, and an array of multipliers is as fast as its longest way. Inside, the way is a path of its
own, and every multiplier has registers of its own, however many share a factor.

Registers of products stay outside: nextpnr (0.11) does not write the enable of the one at a
multiplier's output to the bitstream, and does not time the one in its middle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["merge_factors"]

_MULTIPLIER, _REGISTER, _BLOCK_RAM = "MULT18X18D", "TRELLIS_FF", "DP16KD"
_BITS = 18
_ENABLES = {"A": "CE0", "B": "CE1"}

Bit = int | str
"""A net by its number, or a constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Control:
    """What the flip-flops of a factor have in common: their clock and their enable."""

    clock: Bit
    enable: Bit


def merge_factors(module: dict[str, Any]) -> int:
    """Move the flip-flops before multipliers into them, and return of how many multipliers.

    Both factors of a multiplier must come from flip-flops, since nextpnr times no mixture: each
    from flip-flops of one enable, without reset, and the bits that do not are 0. A single
    multiplier behind block RAMs keeps its registers: it is placed beside them, and the word takes
    so long to be there that the register is better near.

    Parameters
    ----------
    module : dict
        The top as Yosys writes it to JSON, mapped to cells of ECP5; it is changed.
    """
    cells: dict[str, Any] = module["cells"]
    registers = {
        cell["connections"]["Q"][0]: cell for cell in cells.values() if cell["type"] == _REGISTER
    }
    slow = {
        bit
        for cell in cells.values()
        if cell["type"] == _BLOCK_RAM
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == "output"
        for bit in bits
    }
    merging = []
    for cell in cells.values():
        if cell["type"] == _MULTIPLIER:
            a, b = (_control(_factor(cell, name), registers) for name in _ENABLES)
            if a is not None and b is not None and a.clock == b.clock:
                merging.append((cell, a.clock, {"A": a.enable, "B": b.enable}))
    behind = [entry for entry in merging if _is_behind(entry[0], registers, slow)]
    if len(behind) == 1:
        merging.remove(behind[0])
    for cell, clock, enables in merging:
        _merge(cell, clock, enables, registers)
    _remove_unread(module, registers)
    return len(merging)


def _factor(cell: Mapping[str, Any], name: str) -> list[Bit]:
    return [cell["connections"][f"{name}{bit}"][0] for bit in range(_BITS)]


def _is_behind(
    cell: Mapping[str, Any], registers: Mapping[Bit, Mapping[str, Any]], slow: set[Bit]
) -> bool:
    """Return whether a register before a multiplier holds what a block RAM answers."""
    bits = {bit for name in _ENABLES for bit in _factor(cell, name)}
    return any(registers[bit]["connections"]["DI"][0] in slow for bit in bits if bit in registers)


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
    """Return what a flip-flop is controlled by; None if a multiplier has no such ones."""
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


def _remove_unread(module: dict[str, Any], registers: Mapping[Bit, Any]) -> None:
    """Remove the flip-flops that nothing reads any more."""
    read = Counter(_read(module))
    unread = {bit for bit in registers if not read[bit]}
    module["cells"] = {
        name: cell
        for name, cell in module["cells"].items()
        if not (cell["type"] == _REGISTER and cell["connections"]["Q"][0] in unread)
    }


def _read(module: Mapping[str, Any]) -> Iterator[Bit]:
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input":
                yield from bits
    for port in module["ports"].values():
        if port["direction"] == "output":
            yield from port["bits"]
