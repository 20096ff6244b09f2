# SPDX-License-Identifier: Apache-2.0
"""Memory coefficients that are written at run time: what word goes to what address.

The structured memories of all layers, in order, are numbered blocks of addresses. The low bits of
an address are the state, as many as the largest memory needs; the high bits are the block.
"""

from __future__ import annotations

from amaranth.utils import bits_for

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.scan import window_layout, window_of
from lmu_hw.hdl.structured import load_layout
from lmu_hw.hdl.sweeps import coefficient_words
from lmu_hw.network import MemoryNode, QuantizedNetwork, Scan, TwoPass
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
    return max(load_layout(*block)["word"].width for block in blocks(plan))


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
    mine = blocks(plan)
    others = [
        node
        for layer in network.layers
        for node in layer.memories
        if not isinstance(node.update, TwoPass)
    ]
    if not mine:
        raise NetworkError("the design has no coefficients that can be written at run time")
    if len(others) != len(mine):
        raise NetworkError(f"there must be {len(mine)} structured memories, not {len(others)}")
    writes = []
    for block, ((layer, node), other) in enumerate(zip(mine, others, strict=True)):
        _check(layer, node, other)
        first = block << state_bits(plan)
        if isinstance(other.update, Scan):
            window = window_of(other, other.update)
            words = [window_layout(layer, node).const(window).as_value().value]
        else:
            words = coefficient_words(layer, node, other.update)
        writes += [(first + state, word) for state, word in enumerate(words)]
    return writes


def _check(plan: LayerPlan, node: MemoryNode, other: MemoryNode) -> None:
    """Raise `NetworkError` if the hardware of a node cannot compute another one."""
    for what in ("segments", "rows", "requant"):
        _must_equal(other.name, what, getattr(node, what), getattr(other, what))
    mine, update = node.update, other.update
    _must_equal(other.name, "realization", mine.kind, update.kind)
    if isinstance(mine, Scan):
        _check_window(plan, node, other)
    else:
        _check_sweeps(plan, node, other)


def _check_window(plan: LayerPlan, node: MemoryNode, other: MemoryNode) -> None:
    _must_equal(other.name, "running", node.update.running, other.update.running)
    window, layout = window_of(other, other.update), window_layout(plan, node)
    for what, value in window.items():
        if value.bit_length() > layout[what].width:
            raise NetworkError(
                f"{other.name}: {what} must have at most {layout[what].width} bits, not {value}"
            )


def _check_sweeps(plan: LayerPlan, node: MemoryNode, other: MemoryNode) -> None:
    mine, update = node.update, other.update
    for what in ("rank", "forward", "backward"):
        _must_equal(other.name, what, getattr(mine, what), getattr(update, what))
    for what in ("decay", "carry"):
        formats = getattr(mine, what).format, getattr(update, what).format
        _must_equal(other.name, f"the format of {what}", *formats)
    schedule = plan.node(node)
    if update.max_shift > schedule.max_shift:
        raise NetworkError(
            f"{other.name}: row shifts must be at most {schedule.max_shift}, not {update.max_shift}"
        )
    needed = {(int(i), int(j)) for i, j in zip(*update.carried.nonzero(), strict=True)}
    if not needed <= set(schedule.carried):
        raise NetworkError(
            f"{other.name}: W must be zero where that of the hardware is, but not at "
            f"{sorted(needed - set(schedule.carried))}"
        )


def _must_equal(name: str, what: str, expected: object, found: object) -> None:
    if found != expected:
        raise NetworkError(f"{name}: {what} must be that of the hardware, {expected}, not {found}")
