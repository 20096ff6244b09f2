# SPDX-License-Identifier: Apache-2.0
"""What the shape of a layer allows the clock: the slowest of the paths that grow with it."""

from __future__ import annotations

from lmu_hw.plan.layer import LayerPlan

__all__ = ["placed_ns", "shape_ns", "shape_period"]

_SHORTEST = 8.5
"""Period of the fastest clock in ns, by the paths that do not depend on the shape."""

_SHIFT, _LEVEL = 4.0, 1.7
"""What is stored of a row: how its sum is shifted, and each level of adders; in ns. Products are
added in pairs before they are stored, which is one level less: a product and a sum take less than
the shortest period."""

_WIDER, _LOOP = 0.3, 0.45
"""Each doubling of the columns, and a memory whose states depend on each other within one cycle: by
how much they made the clock slower of two designs that were placed and routed with other arrays."""


def shape_ns(plan: LayerPlan) -> float:
    """Return the slowest of the paths that grow with the shape of a layer, in ns, about."""
    levels = max((plan.columns - 1).bit_length() - 1, 0)
    loops = [plan.node(node).loop_ns for node in plan.layer.structured]
    return max(_SHIFT + _LEVEL * levels, *loops, 0.0)


def placed_ns(plan: LayerPlan) -> float:
    """Return by how much the shape of a layer makes the other paths longer, in ns, about."""
    levels = (plan.columns - 1).bit_length()
    loops = [plan.node(node).loop_in_a_cycle for node in plan.layer.structured]
    return _WIDER * levels + _LOOP * any(loops)


def shape_period(plan: LayerPlan) -> float:
    """Return the least period that the shape of a layer allows, in ns, about.

    On an ECP5 of speed grade 6: multiplier arrays with many columns and memories whose states
    depend on each other within one cycle have a slower clock. All others are alike.
    """
    return max(_SHORTEST, shape_ns(plan)) + placed_ns(plan)
