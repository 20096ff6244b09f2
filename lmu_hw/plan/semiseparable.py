# SPDX-License-Identifier: Apache-2.0
"""The schedule of a semiseparable memory: two recursions on one row of multipliers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lmu_hw.fixed import FixedFormat
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.plan.memory_plan import MemoryPlan

__all__ = ["RELOADABLE_SHIFT", "SemiseparablePlan"]

RELOADABLE_SHIFT = 15
"""The largest row shift of coefficients that are loaded at run time."""

_LONGEST_CHAIN = 4
"""States computed in one cycle, each from the one before: the clock gets slower with each."""

_LOOP_NS, _CELL_NS = 0.9, 8.1
"""A loop of one cycle, and each state in it, as placed and routed (chains of 1 and 2 states)."""


@lru_cache(maxsize=64)
def _carried(update: Semiseparable) -> tuple[tuple[int, int], ...]:
    # A memory of one state carries nothing on; it is computed like all others.
    rows, columns = update.carried.nonzero()
    found = tuple((int(i), int(j)) for i, j in zip(rows, columns, strict=True))
    return found or ((0, 0),)


def _products(update: Semiseparable) -> int:
    """Return the products of a state in the forward recursion, the one with more of them."""
    return 1 + update.rank + len(_carried(update))


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiseparablePlan(MemoryPlan):
    """Schedule of a memory whose update is semiseparable.

    The backward recursion reads all states, and then the forward recursion does. Each takes a fixed
    number of cycles, its slots, for the states of a chain.
    """

    update: Semiseparable

    @classmethod
    def lane_counts(cls, update: Semiseparable, lanes: int | None, beat: int) -> list[int]:
        """One; two, for rank 1; one for each product of a state; or that for each of a chain.

        A chain may have as many states as a beat.
        """
        full = _products(update)
        chains = [1 << n for n in range(_LONGEST_CHAIN.bit_length()) if 1 << n <= beat]
        counts = [1, *([2] if update.rank == 1 else []), *(full * chain for chain in chains)]
        return [count for count in counts if lanes is None or count <= lanes]

    @property
    def interleaved(self) -> bool:
        """The segments take turns at every state, unless their states must leave in order."""
        return not self.in_order

    @property
    def carried(self) -> tuple[tuple[int, int], ...]:
        """Row and column of the elements of W that are multiplied with: not zero in all states."""
        return _carried(self.update)

    @property
    def chain(self) -> int:
        """States computed at once."""
        return max(self.lanes // _products(self.update), 1)

    @property
    def words(self) -> int:
        """Words of states of one segment, and of coefficients."""
        return -(-self.update.order // self.chain)

    @property
    def forward_slots(self) -> int:
        """Cycles of one word in the forward recursion."""
        return -(-_products(self.update) * self.chain // self.lanes)

    @property
    def backward_slots(self) -> int:
        """Cycles of one word in the backward recursion, which has no product with D."""
        return -(-(_products(self.update) - 1) * self.chain // self.lanes)

    @property
    def loop_cycles(self) -> int:
        """Cycles from what is carried into a state until what it carries on: one or two.

        Two, for a faster clock, where the next state of a segment does not need it earlier.
        """
        return 2 if self.interleaved or self.lanes == 1 else 1

    @property
    def pause(self) -> int:
        """Cycles between segments that follow each other.

        A loop of one cycle multiplies U x of the next segment two cycles before the other products.
        """
        return 2 if self.loop_cycles == 1 else 0

    def factor_bits(self, state: FixedFormat) -> tuple[int, int]:
        """Return the bits of the widest coefficient and operand."""
        update = self.update
        formats = [codes.format for _, codes in update.coefficients]
        operands = (state, update.forward.format, update.backward.format)
        return (
            max(fmt.width + (not fmt.signed) for fmt in formats),
            max(fmt.width + (not fmt.signed) for fmt in operands),
        )

    @property
    def loop_in_a_cycle(self) -> bool:
        """A state depends on the one before within one cycle."""
        return self.loop_cycles == 1

    @property
    def loop_ns(self) -> float:
        """The loop, where it has one cycle: it runs through all states of a chain."""
        return _LOOP_NS + _CELL_NS * self.chain if self.loop_in_a_cycle else 0.0

    @property
    def busy(self) -> int:
        """Cycles in which the unit reads states, with the pauses between segments."""
        slots = self.words * (self.backward_slots + self.forward_slots)
        return self.segments * slots + (self.segments - 1) * self.pause

    @property
    def max_shift(self) -> int:
        """The largest row shift that the unit can apply."""
        return RELOADABLE_SHIFT if self.reloadable else self.update.max_shift

    @property
    def word_bits(self) -> int:
        """Bits of the coefficients and the row shift of a state."""
        update = self.update
        rates = (1 + update.rank) * update.decay.format.width
        return rates + len(self.carried) * update.carry.format.width + self.max_shift.bit_length()

    @property
    def rom_bits(self) -> int:
        """Bits of coefficients and row shifts, padding included."""
        return self.words * self.chain * self.word_bits
