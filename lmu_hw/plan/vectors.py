# SPDX-License-Identifier: Apache-2.0
"""Which vectors wait in a register behind the memory that they are read from."""

from __future__ import annotations

from lmu_hw.plan.chip import DEFAULT
from lmu_hw.plan.inventory import is_followed, vector_memory
from lmu_hw.plan.layer import LayerPlan

__all__ = ["has_register", "reads_ahead"]


def reads_ahead(plan: LayerPlan, source: str) -> bool:
    """Say whether the words of a vector are addressed ahead, and wait in a register.

    Block RAM takes half a cycle to answer, and what is chosen from its words would take the rest; a
    small memory is made of tables, whose answers are in registers. The word that was written last
    cannot be read any earlier: it has to be another one than the first that is read, and no
    element-wise node may follow another one beat by beat.
    """
    return (
        plan.storage(source).words > 1
        and not is_followed(plan, source)
        and DEFAULT.in_blocks(vector_memory(plan, source))
    )


def has_register(plan: LayerPlan, source: str) -> bool:
    """Say whether the word that is read of a vector is in flip-flops, not at a block's output."""
    return reads_ahead(plan, source) or not DEFAULT.in_blocks(vector_memory(plan, source))
