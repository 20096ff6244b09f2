# SPDX-License-Identifier: Apache-2.0
"""Memory coefficients that are written at run time: what word goes to what address.

The structured memories of all layers, in order, are numbered blocks of addresses. The low bits of
an address are the state, as many as the largest memory needs; the high bits are the block.
"""

from __future__ import annotations

from amaranth.utils import bits_for

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.memory import unit_class
from lmu_hw.hdl.memory_unit import must_equal
from lmu_hw.network import MemoryNode, QuantizedNetwork
from lmu_hw.plan import LayerPlan, Plan

__all__ = ["address_bits", "blocks", "reload_words", "state_bits", "word_bits"]


def blocks(plan: Plan) -> list[tuple[LayerPlan, MemoryNode]]:
    """Return the memories whose coefficients can be written, in the order of their blocks."""
    return [(layer, node) for layer in plan.layers for node in layer.reloadable_memories]


def state_bits(plan: Plan) -> int:
    """Return the address bits that count states."""
    return max(bits_for(max(node.rows - 1, 1)) for _, node in blocks(plan))


def address_bits(plan: Plan) -> int:
    """Return the bits of an address."""
    return state_bits(plan) + (len(blocks(plan)) - 1).bit_length()


def word_bits(plan: Plan) -> int:
    """Return the bits of the widest word."""
    return max(unit_class(node).word_layout(layer, node).size for layer, node in blocks(plan))


def reload_words(plan: Plan, network: QuantizedNetwork) -> list[tuple[int, int]]:
    """Return the writes that turn the memories of a design into those of another network.

    Nothing else of the other network is loaded: its sums, read-outs and formats must be those that
    the hardware was generated with.

    Parameters
    ----------
    plan : Plan
        Of the generated hardware.
    network : QuantizedNetwork
        The same network with other codes in its memories.

    Returns
    -------
    list of (address, word)

    Raises
    ------
    NetworkError
        If the plan is not reloadable, or a memory does not fit the hardware.
    """
    present = blocks(plan)
    replacements = [
        node for layer in network.layers for node in layer.structured if node.update.reloadable
    ]
    if not present:
        raise NetworkError("the design has no coefficients that can be written at run time")
    if len(replacements) != len(present):
        raise NetworkError(
            f"there must be {len(present)} structured memories, not {len(replacements)}"
        )
    writes = []
    for block, ((layer, node), replacement) in enumerate(zip(present, replacements, strict=True)):
        for what in ("segments", "rows", "requant", "realization"):
            must_equal(replacement.name, what, getattr(node, what), getattr(replacement, what))
        unit = unit_class(node)
        unit.check(layer, node, replacement)
        first = block << state_bits(plan)
        words = unit.words(layer, node, replacement.update)
        writes += [(first + state, word) for state, word in enumerate(words)]
    return writes
