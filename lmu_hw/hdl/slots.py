# SPDX-License-Identifier: Apache-2.0
"""The runs that a step consists of: which term of which node is read, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

from amaranth.hdl import unsigned
from amaranth.lib import data
from amaranth.utils import bits_for, exact_log2

from lmu_hw.network import ElementwiseNode, Factor, MemoryNode, Node, Term
from lmu_hw.plan import LayerPlan, is_fresh

__all__ = ["Slot", "SlotTable", "context_field", "slots_of", "tag_layout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A run within a group: idle cycles while the group before drains, or the words of one term.

    A structured memory and an element-wise node have one slot without a term, as long as their unit
    is busy.

    Attributes
    ----------
    node : int
        Index of the node.
    term : int or None
        Index of the term within the node; None for idle cycles.
    words : int
        Length of the run in cycles.
    stride : int
        Words from one segment of the source to the next, as the node reads it.
    """

    node: int
    term: int | None
    words: int
    stride: int


def slots_of(plan: LayerPlan) -> list[Slot]:
    """Return the slots of all nodes of a layer, in order."""
    slots = []
    for index, node in enumerate(plan.layer.nodes):
        match node:
            case Node():
                schedule = plan.node(node)
                if schedule.idle:
                    slots.append(Slot(node=index, term=None, words=schedule.idle, stride=0))
                for term, words in enumerate(schedule.blocks):
                    stride = words if node.segments > 1 else 0
                    slots.append(Slot(node=index, term=term, words=words, stride=stride))
            case ElementwiseNode() | MemoryNode():
                busy = plan.node(node).busy
                slots.append(Slot(node=index, term=None, words=busy, stride=0))
            case _:
                assert_never(node)
    return slots


def tag_layout(plan: LayerPlan) -> data.StructLayout:
    """Return the layout of what travels with a sum: its node, segment, context; if rows restart."""
    nodes = plan.layer.nodes
    return data.StructLayout(
        {
            "node": bits_for(max(len(nodes) - 1, 1)),
            "segment": bits_for(max(max(node.segments for node in nodes) - 1, 1)),
            "restart": 1,
            **context_field(plan),
        }
    )


def context_field(plan: LayerPlan) -> dict[str, int]:
    """Return the field that tells the contexts of a layer apart; none if it has one."""
    return {"context": exact_log2(plan.contexts)} if plan.contexts > 1 else {}


class SlotTable:
    """The slots of a layer, and what the control knows of each.

    Parameters
    ----------
    plan : LayerPlan

    Attributes
    ----------
    slots : list of Slot
    roms : sequence of CoefficientRom
    shape : Shape
        Of the number of a slot.
    address : Shape
        Of the address of a word of coefficients.
    """

    def __init__(self, plan: LayerPlan) -> None:
        self.plan, self.slots, self.roms = plan, slots_of(plan), plan.coefficient_roms
        self.shape = unsigned(bits_for(max(len(self.slots) - 1, 1)))
        self.address = unsigned(bits_for(max(rom.depth for rom in self.roms)))

    @property
    def most_words(self) -> int:
        """Words of the longest vector as a node reads it."""
        nodes = self.plan.layer.nodes
        runs = (
            slot.words + slot.stride * (nodes[slot.node].segments - 1)
            for slot in self.slots
            if isinstance(nodes[slot.node], Node)
        )
        stored = (self.plan.storage(node.name).words for node in self.plan.layer.elementwise)
        return max(*runs, *stored, 1)

    @property
    def terms(self) -> list[tuple[int, Term]]:
        """Slots in which the array reads, and the term of each."""
        nodes = self.plan.layer.nodes
        return [
            (index, nodes[slot.node].terms[slot.term])
            for index, slot in enumerate(self.slots)
            if slot.term is not None
        ]

    @property
    def reads(self) -> list[tuple[int, Term | Factor]]:
        """Slots in which vectors are read, once for each vector."""
        nodes = self.plan.layer.nodes
        factors = [
            (index, factor)
            for index, slot in enumerate(self.slots)
            if isinstance(node := nodes[slot.node], ElementwiseNode)
            for factor in node.factors
        ]
        return [*self.terms, *factors]

    def describe(self, index: int) -> dict[str, int]:
        """Return what `layout` holds for slot `index`."""
        nodes, slot = self.plan.layer.nodes, self.slots[index]
        node = nodes[slot.node]
        of_node = [i for i, candidate in enumerate(self.slots) if candidate.node == slot.node]
        words = [i for i in of_node if self.slots[i].term is not None]
        following = nodes[slot.node + 1 :]
        described: dict[str, int] = {
            "node": slot.node,
            "reads": slot.term is not None,
            "last_word": slot.words - 1,
            "ends_node": index == of_node[-1],
            "ends_step": not following,
            "ends_ordinary": not following or following[0].last_only,
            "next": (index + 1) % len(self.slots),
            "again": of_node[0],
        }
        match node:
            case Node():
                number, rom = next((n, r) for n, r in enumerate(self.roms) if node in r.nodes)
                return described | {
                    **({"rom": number} if len(self.roms) > 1 else {}),
                    "first_word": rom.first_words[node],
                    "waits": slot.term is not None and is_fresh(node.terms[slot.term]),
                    "last_group": self.plan.node(node).groups - 1,
                    "last_segment": node.segments - 1,
                    "begins_sum": index == words[0],
                    "ends_sum": index == words[-1],
                }
            case ElementwiseNode():
                return described | {"waits": 1, "elements": 1, "ahead": self.plan.node(node).ahead}
            case MemoryNode():
                return described | {"waits": 1, "launches": 1}
        assert_never(node)

    @property
    def layout(self) -> data.StructLayout:
        """The layout of what the control knows about the current slot."""
        plan, nodes = self.plan, self.plan.layer.nodes
        fields: dict[str, Any] = {
            "node": tag_layout(plan)["node"].shape,
            "reads": 1,
            "waits": 1,
            "last_word": bits_for(max(slot.words for slot in self.slots)),
            "last_group": bits_for(max(plan.node(node).groups for node in plan.layer.sums)),
            "last_segment": bits_for(max(node.segments for node in nodes)),
            "begins_sum": 1,
            "ends_sum": 1,
            "ends_node": 1,
            "ends_step": 1,
            "ends_ordinary": 1,
            "next": self.shape,
            "again": self.shape,
            "first_word": self.address,
        }
        if len(self.roms) > 1:
            fields["rom"] = range(len(self.roms))
        if plan.layer.structured:
            fields["launches"] = 1
        if plan.layer.elementwise:
            ahead = max(plan.node(node).ahead for node in plan.layer.elementwise)
            fields |= {"elements": 1, "ahead": bits_for(ahead)}
        return data.StructLayout(fields)
