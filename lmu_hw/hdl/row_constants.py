# SPDX-License-Identifier: Apache-2.0
"""What is added to the finished sum of a row, and by how much the sum is shifted before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from amaranth.hdl import signed, unsigned
from amaranth.lib import data
from amaranth.utils import bits_for

from lmu_hw.fixed import Requant, Rounding
from lmu_hw.hdl.storage import pack
from lmu_hw.network import Node
from lmu_hw.plan import LayerPlan

__all__ = ["RowConstant", "RowConstants", "half_ulp", "narrowing"]


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


def narrowing(node: Node) -> Requant:
    """Return the narrowing of a total that contains `half_ulp`."""
    return replace(node.requant, rounding=Rounding.FLOOR) if half_ulp(node) else node.requant


def constants_of(node: Node) -> list[RowConstant]:
    """Return the constants of a node's rows."""
    bias = [0] * node.rows if node.bias is None else node.bias.codes.tolist()
    shifts = node.row_shifts or [0] * node.rows
    return [
        RowConstant(node.max_row_shift - shift, constant + half_ulp(node))
        for shift, constant in zip(shifts, bias, strict=True)
    ]


@dataclass(frozen=True)
class RowConstants:
    """The constants of all rows of a layer, in one ROM: two nodes never finish at once.

    A node whose rows all have the same constants needs no word of it.

    Parameters
    ----------
    plan : LayerPlan
    """

    plan: LayerPlan

    @cached_property
    def of_nodes(self) -> dict[int, list[RowConstant]]:
        """The constants of the rows of each sum, by the index of its node."""
        nodes = self.plan.layer.nodes
        return {nodes.index(node): constants_of(node) for node in self.plan.layer.sums}

    @property
    def uniform(self) -> dict[int, RowConstant]:
        """The constants of the nodes whose rows all have the same."""
        return {index: rows[0] for index, rows in self.of_nodes.items() if len(set(rows)) == 1}

    @property
    def first_words(self) -> dict[int, int]:
        """Address of the first beat of each of the other nodes."""
        addresses, address = {}, 0
        for index, rows in self.of_nodes.items():
            if index not in self.uniform:
                addresses[index] = address
                address += -(-len(rows) // self.plan.beat)
        return addresses

    @cached_property
    def layout(self) -> data.StructLayout:
        """The layout of the constants of a row."""
        constants = [constant for rows in self.of_nodes.values() for constant in rows]
        up, low, high = (
            max(constant.up for constant in constants),
            min(constant.addend for constant in constants),
            max(constant.addend for constant in constants),
        )
        bits = max(bits_for(low, require_sign_bit=True), bits_for(high, require_sign_bit=True))
        return data.StructLayout(
            {"up": unsigned(bits_for(up) if up else 0), "addend": signed(bits)}
        )

    def words(self) -> list[int]:
        """Return the words of the ROM: a beat of rows each, padded with zeros."""
        beat, width = self.plan.beat, self.layout.size
        words = []
        for index in self.first_words:
            rows = self.of_nodes[index]
            # Python integers: a bias beside a shift may take more than 64 bits.
            padded = np.zeros((-(-len(rows) // beat), beat), object)
            padded.flat[: len(rows)] = [self._entry(constant) for constant in rows]
            words += pack(padded, width)
        return words

    def _entry(self, constant: RowConstant) -> int:
        return self.layout.const(constant._asdict()).as_bits()
