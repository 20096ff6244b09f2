# SPDX-License-Identifier: Apache-2.0
"""Which multiplier of a semiseparable memory computes which products of a state, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.plan.semiseparable import SemiseparablePlan

__all__ = ["Multiplier", "Product", "Use", "multipliers"]


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a state: with D, ``U[index]``, or W at place `index` of the carried elements."""

    kind: Literal["decay", "coupling", "carry"]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """A product in one of the recursions.

    Parameters
    ----------
    product : Product
    backward : bool
    before_last : int
        Slots from it to the last one of the state.
    early : bool
        It is needed before the others are multiplied.
    """

    product: Product
    backward: bool
    before_last: int
    early: bool

    @property
    def name(self) -> str:
        """What the hardware calls it."""
        recursion = "backward" if self.backward else "forward"
        return f"{recursion}_{self.product.kind}_{self.product.index}"


@dataclass(frozen=True, slots=True)
class Multiplier:
    """What a multiplier computes."""

    uses: tuple[Use, ...]

    @property
    def products(self) -> tuple[Product, ...]:
        """Its products, each once."""
        return tuple({use.product: None for use in self.uses})


def multipliers(update: Semiseparable, schedule: SemiseparablePlan) -> list[Multiplier]:
    """Return the multipliers of a state.

    The products with W come last, as the loop adds them. Where there are several multipliers, they
    have one of their own, or each one, so that nothing is chosen in front of it.
    """
    lanes = schedule.lanes // schedule.chain
    forward = [
        Product("decay"),
        *(Product("coupling", i) for i in range(update.rank)),
        *(Product("carry", index) for index in range(len(schedule.carried))),
    ]
    uses: list[list[Use]] = [[] for _ in range(lanes)]
    for backward, products in ((True, forward[1:]), (False, forward)):
        for behind, product in enumerate(reversed(products)):
            lane = min(behind, lanes - 1)
            early = backward and product.kind == "coupling" and schedule.backward_slots == 1
            uses[lane].append(Use(product, backward, behind - lane, early))
    return [Multiplier(tuple(of_lane)) for of_lane in uses]
