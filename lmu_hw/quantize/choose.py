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
from functools import cache
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.lmu import LmuLayer, Memory, orthonormal_scale
from lmu_hw.network import MemoryNode, Node
from lmu_hw.proofs import StabilityError, largest_deviation
from lmu_hw.quantize.config import Basis, Realization, Structure
from lmu_hw.quantize.fitted import fit_memory
from lmu_hw.quantize.memories import matrices, structure_of
from lmu_hw.quantize.refit import TAIL, Fit
from lmu_hw.quantize.transform import state_scale

__all__ = ["Candidate", "Choice", "Setting", "choose_realization"]

Array = NDArray[np.float64]

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
    node: Node | MemoryNode

    @property
    def cost(self) -> int:
        """Coefficient width times operand width, over all products of a step."""
        node = self.node
        match node:
            case Node():  # u is as wide as the states
                width = node.requant.format.width
                bits = sum(t.weights.codes.size * t.weights.format.width for t in node.terms)
                return node.segments * bits * width
            case MemoryNode():
                return sum(p.count * p.coefficient * p.operand for p in node.products)
        assert_never(node)


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

    def candidate_or_none(self, choice: Choice) -> Candidate | None:
        """Return a candidate, or None if it cannot be had or is not stable."""
        try:
            return self.candidate(choice)
        except (ConfigError, NetworkError, StabilityError):
            return None

    def tried(self, choice: Choice) -> _Tried | None:
        """Return a candidate with its fit, or None if there is none."""
        candidate = self.candidate_or_none(choice)
        if candidate is None:
            return None
        quantized, ulp = matrices(candidate.node), candidate.node.requant.format.ulp
        fit = fit_memory(candidate.layer, quantized, ulp, self.horizon, TAIL)
        return _Tried(candidate, quantized, fit)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A candidate, and how it is fitted to the trained memory."""

    candidate: Candidate
    quantized: tuple[Array, Array]
    fit: Fit

    def deviation(self, where: str) -> float:
        """Return the most that any state is off for any |u| <= 1, in the orthonormal basis."""
        one, memory = self.candidate, self.candidate.layer.memory
        scale = state_scale(one.layer, Basis.ORTHONORMAL, one.choice.kind)
        rows = np.diag(scale / orthonormal_scale(memory.order) / one.heard)
        ideal = memory.A, memory.B
        try:
            return largest_deviation(
                self.quantized, rows @ self.fit.matrix, ideal, rows, what=where
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
    """Return the cheapest realization that is proved to be no further off than the dense one.

    Where the dense one is not stable there is nothing to compare with: then two sweeps of the bits
    that were asked for, or the dense one, whose refusal says what would do.
    """
    dense = setting.tried(Choice(structure=None, bits=setting.bits))
    structures = list(_structures(setting))
    if dense is None:
        why = f"dense, {setting.bits} bits, is not stable"
        sweeps = [one for one in structures if one.kind is Realization.SEMISEPARABLE]
        return Choice(structure=sweeps[0] if sweeps else None, bits=setting.bits, why=why)
    bound = dense.deviation(setting.where)
    best, words = dense, f"{dense.in_words(bound)}; nothing cheaper is as close"
    for structure in structures:
        fewest = setting.candidate_or_none(Choice(structure=structure, bits=_FEWEST_BITS))
        if fewest is not None and fewest.cost >= best.candidate.cost:
            continue
        for one in _close(setting, structure, dense.fit.residual):
            deviation = one.deviation(setting.where)
            if deviation <= bound and one.candidate.cost < best.candidate.cost:
                best, words = one, f"{one.in_words(deviation)}; {dense.in_words(bound)}"
                break
    choice = best.candidate.choice
    return Choice(structure=choice.structure, bits=choice.bits, why=words)


def _close(setting: Setting, structure: Structure, limit: float) -> Iterator[_Tried]:
    """Yield the memory of the fewest bits that comes within a limit, and that of one bit more.

    The second is for where the bound of the first is too large. More bits are taken to bring a
    memory closer, so that the fewest are found by bisection.
    """

    @cache
    def tried(bits: int) -> _Tried | None:
        return setting.tried(Choice(structure=structure, bits=bits))

    def close(bits: int) -> bool:
        one = tried(bits)
        return one is not None and one.fit.residual <= limit

    bits = bisect_left(range(_MOST_BITS + 1), True, lo=_FEWEST_BITS, key=close)
    if bits <= _MOST_BITS:
        yield from (one for one in (tried(bits), tried(bits + 1)) if one is not None)


def _structures(setting: Setting) -> Iterator[Structure]:
    memory, where = setting.memory, setting.where
    for kind in (Realization.TWO_PASS, Realization.SCAN):
        try:
            yield structure_of(memory, kind, None, where=where)
        except (ConfigError, NetworkError):
            continue
    try:
        most = structure_of(memory, Realization.SEMISEPARABLE, _FINEST, where=where)
        yield structure_of(memory, Realization.SEMISEPARABLE, None, where=where)
    except (ConfigError, NetworkError):
        return
    for rank in range(2, 1 + most.rank):
        yield Structure(kind=most.kind, theta=most.theta, rank=rank)
