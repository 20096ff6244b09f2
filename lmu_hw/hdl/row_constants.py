# SPDX-License-Identifier: Apache-2.0
"""The constants of the rows of a layer as hardware has them: a layout, and the words of a ROM."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from lmu_hw.fixed import Requant, Rounding
from lmu_hw.hdl.storage import pack
from lmu_hw.network import Node, QuantizedLayer
from lmu_hw.plan import LayerPlan, RowConstant, RowConstants, constants_of, half_ulp

__all__ = ["RowRom", "narrowing"]


def narrowing(node: Node) -> Requant:
    """Return the narrowing of a total that contains `half_ulp`."""
    return replace(node.requant, rounding=Rounding.FLOOR) if half_ulp(node) else node.requant


@dataclass(frozen=True)
class RowRom:
    """The ROM of `RowConstants`, for beats of rows.

    Parameters
    ----------
    plan : LayerPlan
    """

    plan: LayerPlan

    @property
    def constants(self) -> RowConstants:
        """What it holds."""
        return self.plan.row_constants

    @property
    def first_words(self) -> dict[int, int]:
        """Address of the first beat of each node that has different constants."""
        addresses, address = {}, 0
        for index, rows in self.constants.varied.items():
            addresses[index] = address
            address += -(-len(rows) // self.plan.beat)
        return addresses

    @cached_property
    def layout(self) -> data.StructLayout:
        """The layout of the constants of a row."""
        return data.StructLayout(
            {
                "up": unsigned(self.constants.up_bits),
                "addend": signed(self.constants.addend_bits),
            }
        )

    @property
    def name(self) -> str:
        """Name of the contents."""
        return f"{self.plan.layer.name}_rows"

    def words(self, replacement: QuantizedLayer | None = None) -> list[int]:
        """Return the words of the ROM: a beat of rows each, padded with zeros.

        Parameters
        ----------
        replacement : QuantizedLayer, optional
            Whose constants are laid out, with the same nodes and formats as the layer of the plan.
        """
        beat, words, nodes = self.plan.beat, [], self.plan.layer.nodes
        for index, own in self.constants.varied.items():
            rows, hardware = own, nodes[index]
            if replacement is not None and isinstance(hardware, Node):
                (node,) = (node for node in replacement.sums if node.name == hardware.name)
                rows = constants_of(node, hardware)
            # Python integers: a bias beside a shift may take more than 64 bits.
            padded = np.zeros((-(-len(rows) // beat), beat), object)
            padded.flat[: len(rows)] = [self._entry(constant) for constant in rows]
            words += pack(padded, self.layout.size)
        return words

    def _entry(self, constant: RowConstant) -> int:
        return self.layout.const(constant._asdict()).as_bits()
