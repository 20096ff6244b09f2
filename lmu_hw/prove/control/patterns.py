# SPDX-License-Identifier: Apache-2.0
"""Running part of a circuit for one cycle, for many states and inputs at once, with unknowns.

A bit is a row of patterns, and so is its opposite: a row tells where the bit can be 1, the next row
where it can be 0. Both is unknown, which stands for either: what holds for an unknown bit holds for
both of its values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lmu_hw.prove.control.circuit import Bit, Circuit, Cone

__all__ = ["Program", "Rows"]

Rows = NDArray[np.uint8]
"""Eight patterns in a byte, the first one in the lowest bit."""

_ALL = 0xFF


class Program:
    """The gates of a cone, in an order in which they can be computed, many at a time.

    Parameters
    ----------
    circuit : Circuit
    cone : Cone
    """

    def __init__(self, circuit: Circuit, cone: Cone) -> None:
        self.registers, self.free = cone.registers, cone.free
        self._circuit = circuit
        # Literals: rows of a bit and of its opposite. The first two are the constant 0.
        self._literals: dict[Bit, int] = {"0": 0, "1": 1}
        sources = (*cone.registers, *cone.free)
        self._literals |= {bit: 2 * n + 2 for n, bit in enumerate(sources)}
        self._rows = 2 * len(sources) + 2
        self._levels = self._ordered(cone.gates)

    def _ordered(self, gates: Sequence[Bit]) -> list[tuple[int, NDArray[np.intp]]]:
        """Return, level by level, the first row and the operands of ands that need no other."""
        level: dict[Bit, int] = {}
        by_level: dict[int, list[Bit]] = {}
        for bit in gates:
            operands = self._circuit.gates[bit]
            depth = max(level.get(operand, 0) for operand in operands) + (len(operands) > 1)
            level[bit] = depth
            if len(operands) > 1:
                by_level.setdefault(depth, []).append(bit)
        for _, ands in sorted(by_level.items()):
            for bit in ands:
                self._literals[bit] = self._rows
                self._rows += 2
        for bit in gates:  # those of a not follow from its operand's, which is earlier
            operands = self._circuit.gates[bit]
            if len(operands) == 1:
                self._literals[bit] = self._literals[operands[0]] ^ 1
        levels = []
        for _, ands in sorted(by_level.items()):
            operands = [[self.literal(x) for x in self._circuit.gates[bit]] for bit in ands]
            levels.append((self._literals[ands[0]], np.array(operands, np.intp).T))
        return levels

    def literal(self, bit: Bit) -> int:
        """Return the row of a bit: where it can be 1; where it can be 0 is the row ``^ 1``."""
        return self._literals[bit]

    def run(self, sources: Mapping[Bit, tuple[Rows, Rows]], width: int) -> Rows:
        """Return all rows.

        Parameters
        ----------
        sources : mapping of Bit to (Rows, Rows)
            Where registers and free bits can be 1, and can be 0; unknown where missing.
        width : int
            Bytes of a row.
        """
        rows = np.full((self._rows, width), _ALL, np.uint8)
        rows[0] = 0
        for bit, (one, zero) in sources.items():
            if bit in self._literals:
                rows[self._literals[bit]], rows[self._literals[bit] ^ 1] = one, zero
        for first, (a, b) in self._levels:
            end = first + 2 * len(a)
            np.bitwise_and(rows[a], rows[b], out=rows[first:end:2])
            np.bitwise_or(rows[a ^ 1], rows[b ^ 1], out=rows[first + 1 : end : 2])
        return rows

    def next_state(self, rows: Rows) -> Rows:
        """Return what the registers take over: for each, where it can be 1 and can be 0."""
        literals = [self.literal(self._circuit.registers[bit]) for bit in self.registers]
        both = [row for literal in literals for row in (literal, literal ^ 1)]
        return rows[both]
