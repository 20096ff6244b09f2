# SPDX-License-Identifier: Apache-2.0
"""What is added to the finished sum of a row, and by how much the sum is shifted before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from lmu_hw.fixed import Rounding
from lmu_hw.network import Node, QuantizedLayer
from lmu_hw.plan.widths import bias_limit

__all__ = ["RowConstant", "RowConstants", "constants_of", "half_ulp", "row_constants_of"]


class RowConstant(NamedTuple):
    """What a row does with its sum: ``(sum << up) + addend``."""

    up: int
    addend: int


def half_ulp(node: Node) -> int:
    """Return half an ulp of a node's code, in units of its total, if it rounds half up.

    The constant of the row has it, so that the narrowing only drops bits: no adder of its own.
    """
    rounds = node.requant.rounding is Rounding.HALF_UP and node.dropped_bits > 0
    return 1 << (node.dropped_bits - 1) if rounds else 0


def constants_of(node: Node, hardware: Node | None = None) -> list[RowConstant]:
    """Return the constants of a node's rows.

    Parameters
    ----------
    node : Node
    hardware : Node, optional
        For which the hardware was generated, whose largest row shift may be larger; None: the same.
    """
    most = (hardware or node).max_row_shift
    bias = [0] * node.rows if node.bias is None else node.bias.codes.tolist()
    shifts = node.row_shifts or [0] * node.rows
    return [
        RowConstant(most - shift, constant + half_ulp(node))
        for shift, constant in zip(shifts, bias, strict=True)
    ]


@dataclass(frozen=True)
class RowConstants:
    """The constants of all rows of a layer, in one ROM: two nodes never finish at once.

    A node whose rows all have the same constants needs no word of it, unless others can be written.

    Parameters
    ----------
    layer : QuantizedLayer
    writable : bool
        Other constants can be written at run time.
    """

    layer: QuantizedLayer
    writable: bool = False

    @cached_property
    def of_nodes(self) -> dict[int, list[RowConstant]]:
        """The constants of the rows of each sum, by the index of its node."""
        nodes = self.layer.nodes
        return {nodes.index(node): constants_of(node) for node in self.layer.sums}

    @cached_property
    def uniform(self) -> dict[int, RowConstant]:
        """The constants of the nodes whose rows all have the same."""
        return {
            index: rows[0]
            for index, rows in self.of_nodes.items()
            if len(set(rows)) == 1 and not self.writable
        }

    @cached_property
    def varied(self) -> dict[int, list[RowConstant]]:
        """The constants of the rows of all other sums: what the ROM holds."""
        return {index: rows for index, rows in self.of_nodes.items() if index not in self.uniform}

    def words(self, beat: int) -> int:
        """Return the words of the ROM, each with the constants of a beat of rows."""
        return sum(-(-len(rows) // beat) for rows in self.varied.values())

    @cached_property
    def up_bits(self) -> int:
        """Bits of the shift of a row; 0: no row is shifted."""
        if self.writable:
            return max(node.max_row_shift for node in self.layer.sums).bit_length()
        return max(c.up for rows in self.of_nodes.values() for c in rows).bit_length()

    @cached_property
    def addend_bits(self) -> int:
        """Bits of what is added to the sum of a row, with its sign."""
        addends = [c.addend for rows in self.of_nodes.values() for c in rows]
        if self.writable:
            addends += [-bias_limit(node) for node in self.layer.sums]
            addends += [bias_limit(node) + half_ulp(node) for node in self.layer.sums]
        return 1 + max(_magnitude_bits(min(addends)), _magnitude_bits(max(addends)))

    @property
    def bits(self) -> int:
        """Bits of the constants of a row."""
        return self.up_bits + self.addend_bits


@lru_cache(maxsize=32)
def row_constants_of(layer: QuantizedLayer, *, writable: bool = False) -> RowConstants:
    """Return the constants of the rows of a layer: the same for all plans of it."""
    return RowConstants(layer, writable)


def _magnitude_bits(number: int) -> int:
    """Return the bits of a number in two's complement, but for its sign."""
    return (~number if number < 0 else number).bit_length()
