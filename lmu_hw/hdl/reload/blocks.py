# SPDX-License-Identifier: Apache-2.0
"""The memories of coefficients that can be written, and what another network has there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from amaranth.lib import data

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.coefficients import contents
from lmu_hw.hdl.memory import unit_class
from lmu_hw.hdl.memory_unit import must_equal
from lmu_hw.hdl.row_constants import RowRom
from lmu_hw.hdl.storage import load_layout
from lmu_hw.hdl.tables import TableRom, in_form_of, table_name, table_roms
from lmu_hw.hdl.weights import weights_name
from lmu_hw.network import (
    ElementwiseNode,
    MemoryNode,
    Node,
    QuantizedLayer,
    Table,
    activation_of,
)
from lmu_hw.plan import CoefficientRom, LayerPlan

__all__ = ["Block", "layer_blocks", "memory_blocks", "output_blocks", "weight_blocks"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Block(ABC):
    """A memory of coefficients that can be written.

    Parameters
    ----------
    plan : LayerPlan
        Of the hardware.
    name : str
        What it is called within its layer.
    """

    plan: LayerPlan
    name: str

    @property
    @abstractmethod
    def title(self) -> str:
        """What it holds, in words."""

    @abstractmethod
    def words(self, layer: QuantizedLayer) -> list[int]:
        """Return what it holds for a layer, which has the same nodes as that of the plan.

        Raises
        ------
        NetworkError
            If the hardware cannot hold it.
        """

    @property
    @abstractmethod
    def width(self) -> int:
        """Bits of a word."""

    @cached_property
    def depth(self) -> int:
        """Words."""
        return len(self.words(self.plan.layer))

    @property
    def places(self) -> int:
        """Words that it has addresses for."""
        return self.depth

    @property
    def load_layout(self) -> data.StructLayout:
        """The layout of a write of one word: enable, address, word."""
        return load_layout(self.depth, self.width)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Weights(Block):
    """Weights of one or more nodes."""

    rom: CoefficientRom

    @property
    def title(self) -> str:
        return f"weights of {', '.join(node.name for node in self.rom.nodes)}"

    @property
    def width(self) -> int:
        return self.rom.width * self.rom.lanes

    def words(self, layer: QuantizedLayer) -> list[int]:
        return contents(self.plan, self.rom, layer)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows(Block):
    """Biases, beside the shifts of rows."""

    rom: RowRom

    @property
    def title(self) -> str:
        names = ", ".join(node.name for node in self.plan.layer.sums)
        return f"biases and row shifts of {names}"

    @property
    def width(self) -> int:
        return self.rom.layout.size * self.plan.beat

    def words(self, layer: QuantizedLayer) -> list[int]:
        return self.rom.words(layer)


@dataclass(frozen=True, kw_only=True, eq=False)
class _TableWords(Block):
    """One of the ROMs of a table."""

    node: Node | ElementwiseNode
    table: Table
    number: int

    @property
    def title(self) -> str:
        part = "offsets" if self._rom(self.table).suffix else "values"
        return f"{part} of the table of {self.node.name}"

    @property
    def width(self) -> int:
        return self._rom(self.table).width

    def _rom(self, table: Table) -> TableRom:
        return table_roms(table)[self.number]

    def words(self, layer: QuantizedLayer) -> list[int]:
        name = self.node.name
        table = activation_of(layer.node(name))
        if not isinstance(table, Table):
            must_equal(name, "the activation", "a table", table)
            raise NetworkError(f"{name}: has no table")
        return self._rom(in_form_of(self.table, table, where=name)).words


@dataclass(frozen=True, kw_only=True, eq=False)
class _Memory(Block):
    """Coefficients of a structured memory, a word for each state or one for all."""

    node: MemoryNode

    @property
    def title(self) -> str:
        return self.node.name

    @property
    def width(self) -> int:
        return unit_class(self.node).word_layout(self.plan, self.node).size

    @property
    def places(self) -> int:
        return self.node.rows  # also where one word is for all states

    @property
    def load_layout(self) -> data.StructLayout:
        return unit_class(self.node).load_layout(self.plan, self.node)

    def words(self, layer: QuantizedLayer) -> list[int]:
        node = layer.node(self.node.name)
        if not isinstance(node, MemoryNode):
            self._refuse(node.name)
        for what in ("segments", "rows", "requant", "realization"):
            must_equal(node.name, what, getattr(self.node, what), getattr(node, what))
        unit = unit_class(self.node)
        unit.check(self.plan, self.node, node)
        return unit.words(self.plan, self.node, node.update)

    def _refuse(self, name: str) -> NoReturn:
        raise NetworkError(f"{name}: must be a {self.node.realization} memory, not a dense one")


def layer_blocks(plan: LayerPlan) -> list[Block]:
    """Return all memories of coefficients of a layer that can be written, in their order."""
    return [*weight_blocks(plan), *output_blocks(plan), *memory_blocks(plan)]


def weight_blocks(plan: LayerPlan) -> list[Block]:
    """Return those of the weights of a layer."""
    if not plan.writable:
        return []
    return [
        _Weights(plan=plan, name=weights_name(plan, rom), rom=rom) for rom in plan.coefficient_roms
    ]


def output_blocks(plan: LayerPlan) -> list[Block]:
    """Return those of the constants of rows, and of the tables of a layer."""
    if not plan.writable:
        return []
    rows = RowRom(plan)
    blocks: list[Block] = [_Rows(plan=plan, name=rows.name, rom=rows)]
    for node in (*plan.layer.sums, *plan.layer.elementwise):
        table = activation_of(node)
        if isinstance(table, Table):
            blocks += [
                _TableWords(
                    plan=plan,
                    name=f"{table_name(node, table)}{rom.suffix}",
                    node=node,
                    table=table,
                    number=number,
                )
                for number, rom in enumerate(table_roms(table))
            ]
    return blocks


def memory_blocks(plan: LayerPlan) -> list[Block]:
    """Return those of the structured memories of a layer."""
    return [_Memory(plan=plan, name=node.name, node=node) for node in plan.reloadable_memories]
