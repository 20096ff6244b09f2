# SPDX-License-Identifier: Apache-2.0
"""A model of the energy of a time step: operations and memory accesses, and what each takes.

The figures are those of M. Horowitz, "Computing's energy problem (and what we can do about it)",
ISSCC 2014, for 45 nm at 0.9 V: 0.2 pJ for a product of 8 x 8 bits, 0.1 pJ for a sum of 32 bits, and
10 pJ for 64 bits out of an SRAM of 8 KB. Products scale with the bits of both factors, sums with
their bits, and accesses with their bits and the square root of the size of the memory, as the
source's 32 KB and 1 MB do; a memory of more than 8 KB is banks of 8 KB, one of which is accessed. A
flip-flop takes 10.06 fJ in every cycle in which its clock arrives,
whatever it stores: what OpenSTA says of the netlists of this project with Nangate's 45 nm library.
Where its enable is not active, a clock gate stops its clock; the gate takes as much as a flip-flop.
Nothing leaks, and no wire is longer than in those figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import sqrt

__all__ = ["FLIP_FLOP", "Clocking", "Energy", "Entry", "Kind", "access", "addition", "product"]

FLIP_FLOP = 0.01006
"""Picojoules of a flip-flop in a cycle."""

_PRODUCT = 0.2 / (8 * 8)  # for each pair of bits
_SUM = 0.1 / 32  # for each bit
_ACCESS = 10 / 64  # for each bit, from _BYTES
_BYTES = 8 * 1024
_SMALLEST = 256  # bytes: below that the periphery of a memory takes what it takes


class Kind(Enum):
    """What takes energy."""

    PRODUCT = "products"
    SUM = "sums"
    COEFFICIENTS = "coefficients read"
    TABLES = "tables read"
    VECTORS = "vectors read"
    WRITES = "vectors written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Operations or accesses of one kind in a time step.

    Attributes
    ----------
    layer, node : str
    kind : str
    count : int
        In a step.
    bits : str
        Widths of the operands, or bits of an access and of the memory.
    picojoules : float
        Of all of them.
    """

    layer: str
    node: str
    kind: str
    count: int
    bits: str
    picojoules: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocking:
    """The flip-flops of a netlist, and their clocks.

    Attributes
    ----------
    flip_flops, enabled : int
        All, and those that have an enable.
    clocked : float
        Those that get their clock in a cycle, on average; each clock gate is one of them.
    """

    flip_flops: int
    enabled: int
    clocked: float


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Energy of the last time step of a sequence, in which everything is computed.

    Attributes
    ----------
    entries : tuple of Entry
    cycles : int
        Of the step.
    flip_flops : int or None
        Of the netlist; None: not counted, and nothing is said of their clock.
    enables : Clocking or None
        Those whose clocks are gated by their enables; None: every clock arrives.
    """

    entries: tuple[Entry, ...]
    cycles: int
    flip_flops: int | None = None
    enables: Clocking | None = None

    @property
    def operations(self) -> float:
        """Of operations and accesses, in nanojoules."""
        return sum(entry.picojoules for entry in self.entries) / 1e3

    @property
    def clocking(self) -> float | None:
        """Of the clocks of flip-flops and clock gates, in nanojoules."""
        if self.enables is not None:
            return self.enables.clocked * self.cycles * FLIP_FLOP / 1e3
        return self.ungated

    @property
    def ungated(self) -> float | None:
        """Of the clocks of all flip-flops in every cycle, in nanojoules."""
        if self.flip_flops is None:
            return None
        return self.flip_flops * self.cycles * FLIP_FLOP / 1e3

    @property
    def total(self) -> float:
        """In nanojoules; without the clocks where flip-flops are not counted."""
        return self.operations + (self.clocking or 0.0)

    def by_layer(self) -> dict[str, dict[str, float]]:
        """Return nanojoules of each kind in each layer."""
        table: dict[str, dict[str, float]] = {}
        for entry in self.entries:
            row = table.setdefault(entry.layer, {})
            row[entry.kind] = row.get(entry.kind, 0.0) + entry.picojoules / 1e3
        return table

    def lines(self) -> list[str]:
        """Return what is said of it, a line each."""
        lines = [
            f"energy of a step by a model of 45 nm (Horowitz, ISSCC 2014; no leakage, no wires): "
            f"{self.operations:.3g} nJ of operations and memory accesses"
        ]
        lines += [
            f"{layer}: " + ", ".join(f"{kind} {value:.3g} nJ" for kind, value in row.items())
            for layer, row in self.by_layer().items()
        ]
        if self.clocking is not None:
            lines.append(
                f"{self.clocking:.3g} nJ of clocks: {self.flip_flops:,} flip-flops in "
                f"{self.cycles:,} cycles{self._gated()}; {self.total:.3g} nJ in all"
            )
        return lines

    def _gated(self) -> str:
        """Return what is said of enables."""
        if self.enables is None:
            return ""
        return (
            f", {self.enables.enabled:,} of them behind clock gates: {self.enables.clocked:,.0f} "
            f"clocked in a cycle, gates included ({self.ungated:.3g} nJ if all were)"
        )


def product(count: int, a: int, b: int) -> tuple[float, str]:
    """Return picojoules of products of two widths, and the widths."""
    return count * _PRODUCT * a * b, f"{a} x {b}"


def addition(count: int, bits: int) -> tuple[float, str]:
    """Return picojoules of sums of a width, and the width."""
    return count * _SUM * bits, f"{bits}"


def access(count: int, bits: int, size: int) -> tuple[float, str]:
    """Return picojoules of accesses of so many bits to a memory of `size` bits, and both."""
    scale = sqrt(min(max(size / 8, _SMALLEST), _BYTES) / _BYTES)
    return count * bits * _ACCESS * scale, f"{bits} of {size}"
