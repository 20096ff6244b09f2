# SPDX-License-Identifier: Apache-2.0
"""Choosing the realization of a memory: the cheapest at equal certified error.

The yardstick is the dense memory at the word length that was asked for. A structured one may have
as many coefficient bits, and as much rank, as it needs for what reads it, by weights fitted to it,
to be no further from what reads the trained memory: candidates are found by their impulse
responses, which is quick, and the proved bound of what is read differently is what decides. Cost is
the sum over all products of coefficient width times operand width.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.lmu import LmuLayer, Memory
from lmu_hw.network import MemoryNode, Node
from lmu_hw.proofs import StabilityError, largest_deviation
from lmu_hw.quantize.fitted import fit_memory
from lmu_hw.quantize.memories import matrices
from lmu_hw.quantize.refit import TAIL, Fit
from lmu_hw.realize import REALIZATIONS, AnyRealization, DenseRealization

__all__ = ["Candidate", "Choice", "Setting", "choose_realization"]

Array = NDArray[np.float64]

_FEWEST_BITS = 4
_MOST_BITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a memory is computed.

    Attributes
    ----------
    realization : MemoryRealization
    bits : int
        Of the coefficients.
    why : str
    """

    realization: AnyRealization
    bits: int
    why: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A memory as it would be.

    Attributes
    ----------
    choice : Choice
    layer : LmuLayer
        In the basis and scale of the choice.
    read : tuple of (rows, states) float64
        Weights of each node that reads the memory, as trained, in the same basis and scale.
    node : Node or MemoryNode
    """

    choice: Choice
    layer: LmuLayer
    read: tuple[Array, ...]
    node: Node | MemoryNode

    @property
    def cost(self) -> int:
        """Coefficient width times operand width, over all products of a step."""
        return self.choice.realization.cost(self.node)


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

    def deviation(self, where: str, peaks: list[float]) -> float:
        """Return the most that any node reads differently, of the largest that it can read."""
        memory = self.candidate.layer.memory
        ideal, shares = (memory.A, memory.B), [0.0]
        try:
            for rows, peak in zip(self._read(), peaks, strict=True):
                fitted = rows @ self.fit.matrix
                off = largest_deviation(self.quantized, fitted, ideal, rows, what=where)
                shares.append(off / peak if peak else 0.0)
        except StabilityError:
            return float("inf")
        return max(shares)

    def peaks(self, where: str) -> list[float]:
        """Return the largest that each node can read of the trained memory for any |u| <= 1."""
        memory = self.candidate.layer.memory
        silent = np.zeros_like(memory.A), np.zeros_like(memory.B)
        ideal = memory.A, memory.B
        return [
            largest_deviation(silent, rows, ideal, rows, what=where) if rows.any() else 0.0
            for rows in self._read()
        ]

    def _read(self) -> list[Array]:
        """Return the weights of each node, those of all memories of the layer below each other."""
        order = self.candidate.layer.memory.order
        return [
            np.concatenate(np.split(weights, weights.shape[1] // order, axis=1))
            for weights in self.candidate.read
        ]

    def in_words(self, deviation: float) -> str:
        """Return what a reader of the configuration needs to know."""
        choice, node = self.candidate.choice, self.candidate.node
        products = node.multiplications // node.segments
        return (
            f"{choice.realization.title}, {choice.bits} bits, {products:,} products: what reads it "
            f"is off by at most {deviation:.3g} of its peak for any input"
        )


def choose_realization(setting: Setting) -> Choice:
    """Return the cheapest realization that is proved to be no further off than the dense one.

    Where the dense one is not stable there is nothing to compare with: then two recursions of the
    bits that were asked for, or the dense one, whose refusal says what would do.
    """
    dense = setting.tried(Choice(realization=DenseRealization(), bits=setting.bits))
    realizations = [
        candidate
        for kind in REALIZATIONS.values()
        for candidate in kind.candidates(setting.memory, where=setting.where)
    ]
    if dense is None:
        why = f"dense, {setting.bits} bits, is not stable"
        stable = (candidate for candidate in realizations if candidate.stays_stable)
        return Choice(realization=next(stable, DenseRealization()), bits=setting.bits, why=why)
    peaks = dense.peaks(setting.where)
    bound = dense.deviation(setting.where, peaks)
    best, words = dense, f"{dense.in_words(bound)}; nothing cheaper is as close"
    for realization in realizations:
        fewest = setting.candidate_or_none(Choice(realization=realization, bits=_FEWEST_BITS))
        if fewest is not None and fewest.cost >= best.candidate.cost:
            continue
        for one in _close(setting, realization, dense.fit.residual):
            deviation = one.deviation(setting.where, peaks)
            if deviation <= bound and one.candidate.cost < best.candidate.cost:
                best, words = one, f"{one.in_words(deviation)}; {dense.in_words(bound)}"
                break
    choice = best.candidate.choice
    return Choice(realization=choice.realization, bits=choice.bits, why=words)


def _close(setting: Setting, realization: AnyRealization, limit: float) -> Iterator[_Tried]:
    """Yield the memory of the fewest bits that comes within a limit, and that of one bit more.

    The second is for where the bound of the first is too large. More bits are taken to bring a
    memory closer, so that the fewest are found by bisection.
    """

    @cache
    def tried(bits: int) -> _Tried | None:
        return setting.tried(Choice(realization=realization, bits=bits))

    def close(bits: int) -> bool:
        one = tried(bits)
        return one is not None and one.fit.residual <= limit

    bits = bisect_left(range(_MOST_BITS + 1), True, lo=_FEWEST_BITS, key=close)
    if bits <= _MOST_BITS:
        yield from (one for one in (tried(bits), tried(bits + 1)) if one is not None)
