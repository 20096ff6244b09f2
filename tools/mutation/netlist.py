# SPDX-License-Identifier: Apache-2.0
"""And-inverter graphs: a design's as Yosys writes it, and new ones for ABC.

A literal is twice the number of a node, plus 1 where it is inverted; 0 is false and 1 is true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

__all__ = ["Bit", "Graph", "Netlist", "first_outputs"]


class Bit(NamedTuple):
    """A bit of a port."""

    port: str
    place: int


@dataclass(frozen=True, slots=True)
class Netlist:
    """A design.

    Attributes
    ----------
    inputs : dict of Bit to literal
    registers : list of (literal, literal)
        What each register holds, and what in the next cycle.
    outputs : dict of Bit to literal
    ands : list of (literal, literal, literal)
        A node and its two operands, which come before it.
    """

    inputs: dict[Bit, int]
    registers: list[tuple[int, int]]
    outputs: dict[Bit, int]
    ands: list[tuple[int, int, int]]

    @classmethod
    def read(cls, path: Path, names: Path) -> Netlist:
        """Read what Yosys wrote: ASCII AIGER, and the names of its ports."""
        lines = path.read_text().splitlines()
        _, inputs, latches, outputs, ands = map(int, lines[0].split()[1:6])
        rows = [[int(word) for word in line.split()] for line in lines[1 : 1 + inputs + latches]]
        rest = lines[1 + inputs + latches :]
        bits: dict[str, dict[int, Bit]] = {"input": {}, "output": {}}
        for line in names.read_text().splitlines():
            kind, number, place, name = line.split()
            if kind in bits:
                bits[kind][int(number)] = Bit(name, int(place))
        named = {0, 1, *(int(rest[n]) for n in bits["output"])}
        # Constants have no name, and of bits that are one wire, such as a sign's, one has.
        if not all(int(line) in named for line in rest[:outputs]):
            raise ValueError(f"{names} must name every output")
        return cls(
            inputs={bits["input"].get(n, Bit("", n)): rows[n][0] for n in range(inputs)},
            registers=[(row[0], row[1]) for row in rows[inputs:]],
            outputs={bit: int(rest[n]) for n, bit in bits["output"].items()},
            ands=[_triple(line) for line in rest[outputs : outputs + ands]],
        )

    def values(
        self, graph: Graph, inputs: Mapping[Bit, int], registers: Sequence[int]
    ) -> tuple[list[int], dict[Bit, int]]:
        """Build the design into a graph; return what registers hold next, and the outputs."""
        built = {0: 0}
        for bit, literal in self.inputs.items():
            built[literal >> 1] = inputs[bit]
        for (literal, _), now in zip(self.registers, registers, strict=True):
            built[literal >> 1] = now
        for node, left, right in self.ands:
            built[node >> 1] = graph.both(
                built[left >> 1] ^ left & 1, built[right >> 1] ^ right & 1
            )

        def at(literal: int) -> int:
            return built[literal >> 1] ^ literal & 1

        following = [at(literal) for _, literal in self.registers]
        return following, {bit: at(literal) for bit, literal in self.outputs.items()}


def _triple(line: str) -> tuple[int, int, int]:
    node, left, right = map(int, line.split())
    return node, left, right


@dataclass(slots=True)
class Graph:
    """Nodes: free ones, and conjunctions, of which each is there once."""

    count: int = 0
    operands: dict[int, tuple[int, int]] = field(default_factory=dict)
    _nodes: dict[tuple[int, int], int] = field(default_factory=dict)

    def free(self) -> int:
        """Return the literal of a new node: an input or a register."""
        self.count += 1
        return 2 * self.count

    def both(self, left: int, right: int) -> int:
        """Return a literal that is true where both are."""
        if left > right:
            left, right = right, left
        if left == 0 or left == right ^ 1:
            return 0
        if left == 1 or left == right:
            return right
        if (left, right) not in self._nodes:
            node = self.free()
            self._nodes[left, right] = node
            self.operands[node] = left, right
        return self._nodes[left, right]

    def either(self, left: int, right: int) -> int:
        """Return a literal that is true where one of them is."""
        return self.both(left ^ 1, right ^ 1) ^ 1

    def differ(self, left: int, right: int) -> int:
        """Return a literal that is true where exactly one of them is."""
        return self.either(self.both(left, right ^ 1), self.both(left ^ 1, right))

    def choice(self, condition: int, yes: int, no: int) -> int:
        """Return a literal that is one or the other."""
        return self.either(self.both(condition, yes), self.both(condition ^ 1, no))

    def write(self, path: Path, registers: Mapping[int, int], outputs: list[int]) -> None:
        """Write binary AIGER of outputs and all that they depend on.

        `registers` says what a register, which begins with 0, holds in the next cycle.
        """
        needed: set[int] = set()
        left = [literal & ~1 for literal in outputs]
        while left:
            node = left.pop()
            if node and node not in needed:
                needed.add(node)
                following = registers.get(node)
                behind = self.operands.get(node, ()) if following is None else (following,)
                left += [literal & ~1 for literal in behind]
        nodes = sorted(needed)
        held = [node for node in nodes if node in registers]
        ands = [node for node in nodes if node in self.operands]
        inputs = [node for node in nodes if node not in registers and node not in self.operands]
        number = {node: 2 * n for n, node in enumerate([0, *inputs, *held, *ands])}

        def at(literal: int) -> int:
            return number[literal & ~1] | literal & 1

        head = (len(nodes), len(inputs), len(held), len(outputs), len(ands))
        lines = [f"aig {' '.join(map(str, head))}"]
        lines += [str(at(literal)) for literal in [*map(registers.__getitem__, held), *outputs]]
        data = bytearray()
        for node in ands:
            low, high = sorted(map(at, self.operands[node]))
            data += _packed(at(node) - high) + _packed(high - low)
        path.write_bytes("".join(f"{line}\n" for line in lines).encode() + data)


def _packed(number: int) -> bytes:
    """Return a number seven bits at a time, the low ones first."""
    octets = bytearray()
    while number >= 128:
        octets.append(number & 127 | 128)
        number >>= 7
    return bytes([*octets, number])


def first_outputs(path: Path, count: int) -> list[int]:
    """Return the literals of the first outputs of a binary AIGER file."""
    data = path.read_bytes()
    begin = 1 + int(data.split(maxsplit=4)[3])  # the head, and a line for each latch
    return [int(line) for line in data.split(b"\n", begin + count)[begin : begin + count]]
