# SPDX-License-Identifier: Apache-2.0
"""The order in which a sum of shifted numbers is there soonest, for few bits of carry chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

__all__ = ["EARLY", "NOTHING", "Interval", "Operand", "Part", "Plan", "best_plan", "passed_bits"]

NOTHING = -1
"""The node of an operand that is a constant only."""

EARLY = -4
"""The level of a constant, and of inputs that are there so many adders before the others."""

_EXACT = 7  # operands whose best order of summation is found by trying all


@dataclass(frozen=True, slots=True)
class Interval:
    """The integers from `low` to `high`."""

    low: int
    high: int

    def times(self, sign: int, shift: int) -> Interval:
        """Return ``sign * 2**shift`` times the interval."""
        ends = sorted((sign * self.low << shift, sign * self.high << shift))
        return Interval(*ends)

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    @property
    def bits(self) -> int:
        """Width of the signed numbers that hold it."""
        return 1 + max(self.high.bit_length(), (~self.low).bit_length() if self.low < 0 else 0)


@dataclass(frozen=True, slots=True)
class Operand:
    """``(node << shift) + constant``, the constant within the bits that the shift leaves free."""

    node: int
    shift: int
    constant: int = 0

    @property
    def zeros(self) -> int:
        """Low bits that are always zero."""
        if self.constant:
            return (self.constant & -self.constant).bit_length() - 1
        return self.shift

    def down(self, bits: int) -> Operand:
        """Return the operand shifted right; only zeros may fall out."""
        return Operand(self.node, max(self.shift - bits, 0), self.constant >> bits)


@dataclass(frozen=True, slots=True)
class Part:
    """A signed operand of a sum, the interval of its value, and its level.

    The level is how many adders lie behind one another on the way to it from inputs of level 0.
    """

    operand: Operand
    sign: int
    interval: Interval
    level: int

    @property
    def bits(self) -> int:
        """Width of the operand without its sign."""
        return self.interval.times(self.sign, 0).bits


@dataclass(frozen=True, slots=True)
class Plan:
    """An order of summation, and the bits of carry chain it needs.

    The second of the halves is subtracted if their signs differ.
    """

    part: Part
    cost: int
    halves: tuple[Plan, Plan] | None = None

    @property
    def rank(self) -> tuple[int, int]:
        """The lower, the better: first the level, then the bits."""
        return self.part.level, self.cost


def _with_constant(parts: list[Part], constant: int) -> Iterator[list[Part]]:
    """Yield the parts with the constant in free bits of one of them, or as one more."""
    positive = [n for n, part in enumerate(parts) if part.sign > 0]
    free = [n for n in positive if parts[n].operand.shift >= constant.bit_length()]
    if free and not constant:
        yield parts
    elif free:
        for n in free:
            operand = replace(parts[n].operand, constant=constant)
            interval = parts[n].interval + Interval(constant, constant)
            part = replace(parts[n], operand=operand, interval=interval)
            yield [*parts[:n], part, *parts[n + 1 :]]
    else:
        shift = max(part.operand.zeros for part in parts)
        operand = Operand(NOTHING, shift, constant)
        yield [*parts, Part(operand, 1, Interval(constant, constant), EARLY)]


def passed_bits(left: Part, right: Part) -> int:
    """Return the low bits of a sum of two parts, or of their difference, that need no addition."""
    zeros = left.operand.zeros, right.operand.zeros
    return max(zeros) if left.sign == right.sign else zeros[1]


def _joined(one: Plan, other: Plan, bits: int) -> Plan:
    """Return the plan that adds the results of two plans."""
    if one.part.sign < other.part.sign:
        one, other = other, one
    left, right = one.part, other.part
    zeros = min(left.operand.zeros, right.operand.zeros)
    level = max(left.level, right.level) + 1
    part = Part(Operand(NOTHING, zeros), left.sign, left.interval + right.interval, level)
    chain = max(min(part.bits, bits) - passed_bits(left, right), 0)
    return Plan(part, one.cost + other.cost + chain, (one, other))


def _best(parts: list[Part], bits: int) -> Plan:
    """Return the best order of summation; of many parts, neighbours are joined first."""
    plans = sorted((Plan(part, 0) for part in parts), key=lambda plan: plan.part.operand.zeros)
    while len(plans) > _EXACT:
        pairs = [_joined(*pair, bits) for pair in pairwise(plans)]
        n = min(range(len(pairs)), key=lambda n: pairs[n].cost - plans[n].cost - plans[n + 1].cost)
        plans[n : n + 2] = [pairs[n]]
    best = {1 << n: plan for n, plan in enumerate(plans)}
    for chosen in range(1, 1 << len(plans)):
        if chosen in best:
            continue
        found, some = None, (chosen - 1) & chosen
        while some > chosen ^ some:
            plan = _joined(best[some], best[chosen ^ some], bits)
            if found is None or plan.rank < found.rank:
                found = plan
            some = (some - 1) & chosen
        assert found is not None
        best[chosen] = found
    return best[(1 << len(plans)) - 1]


def best_plan(parts: list[Part], constant: int, bits: int) -> Plan:
    """Return the best way to compute the low `bits` bits of a sum and a constant."""
    return min(
        (_best(start, bits) for start in _with_constant(parts, constant)),
        key=lambda plan: plan.rank,
    )
