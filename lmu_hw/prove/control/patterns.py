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
_WORD = 8
"""Bytes that are computed with at once."""

_Level = tuple[int, NDArray[np.intp], NDArray[np.intp]]
"""First row of some ands, and rows of their operands: for where they can be 1, then for 0."""


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
        following = [self.literal(circuit.registers[bit]) for bit in cone.registers]
        self._following = np.array([[n, n ^ 1] for n in following], np.intp).reshape(-1)

    def _ordered(self, gates: Sequence[Bit]) -> list[_Level]:
        """Return, level by level, ands that need no other."""
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
            pair = np.array(operands, np.intp).T
            # Where both can be 1 the result can be; where one can be 0 it can: in one look-up each.
            both = np.concatenate([pair, pair ^ 1], axis=1)
            levels.append((self._literals[ands[0]], both[0], both[1]))
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
        given = np.full((2 * (len(self.registers) + len(self.free)), width), _ALL, np.uint8)
        for bit, (one, zero) in sources.items():
            if bit in self._literals:
                place = self._literals[bit] - 2
                given[place], given[place + 1] = one, zero
        return self.run_rows(given)

    def run_rows(self, given: Rows) -> Rows:
        """Return all rows; `given` are those of registers and free bits, two of each, in order."""
        width = given.shape[1]
        words = -(-width // _WORD)
        wide = np.zeros((self._rows, words), np.uint64)
        rows = wide.view(np.uint8)
        rows[1] = _ALL
        rows[2 : 2 + len(given), :width] = given
        if words == 1:
            wide = wide.reshape(-1)  # looked up several times faster
        for first, left, right in self._levels:
            a, b, count = wide.take(left, axis=0), wide.take(right, axis=0), len(left) // 2
            end = first + 2 * count
            np.bitwise_and(a[:count], b[:count], out=wide[first:end:2])
            np.bitwise_or(a[count:], b[count:], out=wide[first + 1 : end : 2])
        return rows[:, :width]

    def next_state(self, rows: Rows) -> Rows:
        """Return what the registers take over: for each, where it can be 1 and can be 0."""
        return rows[self._following]
