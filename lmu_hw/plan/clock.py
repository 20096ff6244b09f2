# SPDX-License-Identifier: Apache-2.0
"""The clock of a plan: the slowest of the paths that grow with its shape."""

from __future__ import annotations

from lmu_hw.plan.layer import LayerPlan

__all__ = ["period_of", "shape_ns"]

_SHORTEST = 8.5
"""Period of the fastest clock in ns, by the paths that do not depend on the shape."""

_SHIFT, _LEVEL = 4.0, 1.7
"""The products of a row: how their sum is shifted, and each level of adders; in ns."""


def shape_ns(plan: LayerPlan) -> float:
    """Return the slowest of the paths that grow with the shape of a layer, in ns, about."""
    levels = (plan.columns - 1).bit_length()
    loops = [plan.node(node).loop_ns for node in plan.layer.structured]
    return max(_SHIFT + _LEVEL * levels, *loops, 0.0)


def period_of(plan: LayerPlan) -> float:
    """Return the period of the fastest clock of a layer in ns, about, to compare plans with.

    On an ECP5 of speed grade 6: multiplier arrays with many columns and memories whose states
    depend on each other within one cycle have a slower clock.
    """
    return max(_SHORTEST, shape_ns(plan))
