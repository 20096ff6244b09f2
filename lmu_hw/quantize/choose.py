# SPDX-License-Identifier: Apache-2.0
"""Choosing the realization of a memory: the cheapest at equal certified error.

The yardstick is the dense memory at the word length that was asked for. A structured one may have
as many coefficient bits, and as much rank, as it needs to be no further from the trained memory,
each read through its fit: candidates are found by their impulse responses, which is quick, and the
proved bound of what differs is what decides. Cost is the sum over all products of coefficient width
times operand width.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from lmu_hw.analysis import StabilityError, largest_deviation
from lmu_hw.errors import ConfigError, SpecError
from lmu_hw.lmu import LmuLayer, Memory, orthonormal_scale
from lmu_hw.quantize.config import Basis, Realization, Structure
from lmu_hw.quantize.memories import fit_memory, matrices, structure_of
from lmu_hw.quantize.refit import Fit
from lmu_hw.quantize.transform import state_scale
from lmu_hw.spec import AnyNode, Node

__all__ = ["Candidate", "Choice", "Setting", "choose_realization"]

_FEWEST_BITS = 4
_MOST_BITS = 18
_FINEST = 2.0**-16
"""Tolerance of the largest rank that is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a memory is computed.

    Attributes
    ----------
    structure : Structure or None
        None: dense.
    bits : int
        Of the coefficients.
    why : str
    """

    structure: Structure | None
    bits: int
    why: str = field(default="", compare=False)

    @property
    def kind(self) -> Realization:
        """The kind of the structure."""
        return Realization.DENSE if self.structure is None else self.structure.kind

    @property
    def name(self) -> str:
        """The kind, and the rank where there is one."""
        if self.structure is None or self.kind is not Realization.SEMISEPARABLE:
            return self.kind.value
        return f"{self.kind.value} of rank {self.structure.rank}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A memory as it would be.

    Attributes
    ----------
    choice : Choice
    layer : LmuLayer
        In the basis and scale of the choice.
    heard : float
        What its memory hears of u.
    node : Node or MemoryNode
    """

    choice: Choice
    layer: LmuLayer
    heard: float
    node: AnyNode

    @property
    def cost(self) -> int:
        """Coefficient width times operand width, over all products of a step."""
        node = self.node
        if isinstance(node, Node):  # u is as wide as the states
            width = node.requant.format.width
            bits = sum(t.weights.codes.size * t.weights.format.width for t in node.terms)
            return node.segments * bits * width
        return sum(one.count * one.coefficient * one.operand for one in node.products)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A memory whose realization is to be chosen.

    Attributes
    ----------
    memory : Memory
        As trained.
    where : str
        Names it in messages.
    horizon : int
        Steps over which a memory is compared with the trained one.
    bits : int
        Of the coefficients of the yardstick.
    candidate : callable
        Returns the memory as it would be for a choice, or raises.
    """

    memory: Memory
    where: str
    horizon: int
    bits: int
    candidate: Callable[[Choice], Candidate]

    def tried(self, choice: Choice) -> _Tried | None:
        """Return a candidate with its fit, or None if it cannot be had or is not stable."""
        try:
            one = self.candidate(choice)
        except (ConfigError, SpecError, StabilityError):
            return None
        return _Tried(one, fit_memory(one.layer, one.node, self.horizon))


@dataclass(frozen=True, slots=True)
class _Tried:
    """A candidate, and how it is fitted to the trained memory."""

    candidate: Candidate
    fit: Fit

    def deviation(self, where: str) -> float:
        """Return the most that any state is off for any |u| <= 1, in the orthonormal basis."""
        one, memory = self.candidate, self.candidate.layer.memory
        scale = state_scale(one.layer, Basis.ORTHONORMAL, one.choice.kind)
        rows = np.diag(scale / orthonormal_scale(memory.order) / one.heard)
        ideal = memory.A, memory.B
        try:
            return largest_deviation(
                matrices(one.node), rows @ self.fit.matrix, ideal, rows, what=where
            )
        except StabilityError:
            return float("inf")

    def in_words(self, deviation: float) -> str:
        """Return what a reader of the configuration needs to know."""
        one = self.candidate
        products = one.node.multiplications // one.node.segments
        return (
            f"{one.choice.name}, {one.choice.bits} bits, {products:,} products: off by at most "
            f"{deviation:.3g} for any input"
        )


def choose_realization(setting: Setting) -> Choice:
    """Return the cheapest realization that is proved to be no further off than the dense one."""
    dense = setting.tried(Choice(structure=None, bits=setting.bits))
    if dense is None:
        bound, limit, cost = float("inf"), float("inf"), float("inf")
        yardstick = f"dense at {setting.bits} bits is not stable"
    else:
        bound, limit = dense.deviation(setting.where), dense.fit.residual
        cost, yardstick = float(dense.candidate.cost), dense.in_words(bound)
    found = sorted(_structured(setting, limit), key=lambda one: one.candidate.cost)
    for one in found:
        if one.candidate.cost < cost and (deviation := one.deviation(setting.where)) <= bound:
            choice = one.candidate.choice
            why = f"{one.in_words(deviation)}; {yardstick}"
            return Choice(structure=choice.structure, bits=choice.bits, why=why)
    why = f"{yardstick}; nothing cheaper is as close"
    return Choice(structure=None, bits=setting.bits, why=why)


def _structured(setting: Setting, limit: float) -> Iterator[_Tried]:
    """Yield the structured memories of the fewest bits that come within a limit.

    And each with one bit more, should its bound be too large. More bits are taken to bring a memory
    closer, so that the fewest are found by bisection.
    """
    for structure in _structures(setting):
        by_bits = _ByBits(setting, structure, limit)
        bits = bisect_left(range(_MOST_BITS + 1), True, lo=_FEWEST_BITS, key=by_bits.close)
        if bits <= _MOST_BITS:
            found = (by_bits.tried(bits), by_bits.tried(bits + 1))
            yield from (one for one in found if one is not None)


class _ByBits:
    """A structure at every word length, each tried once."""

    def __init__(self, setting: Setting, structure: Structure, limit: float) -> None:
        self.setting, self.structure, self.limit = setting, structure, limit
        self.found: dict[int, _Tried | None] = {}

    def tried(self, bits: int) -> _Tried | None:
        if bits not in self.found:
            choice = Choice(structure=self.structure, bits=bits)
            self.found[bits] = self.setting.tried(choice)
        return self.found[bits]

    def close(self, bits: int) -> bool:
        """Say whether it comes within the limit."""
        one = self.tried(bits)
        return one is not None and one.fit.residual <= self.limit


def _structures(setting: Setting) -> Iterator[Structure]:
    memory, where = setting.memory, setting.where
    for kind in (Realization.TWO_PASS, Realization.SCAN):
        try:
            yield structure_of(memory, kind, None, where=where)
        except (ConfigError, SpecError):
            continue
    try:
        most = structure_of(memory, Realization.SEMISEPARABLE, _FINEST, where=where)
        yield structure_of(memory, Realization.SEMISEPARABLE, None, where=where)
    except (ConfigError, SpecError):
        return
    for rank in range(2, 1 + most.rank):
        yield Structure(kind=most.kind, theta=most.theta, rank=rank)
