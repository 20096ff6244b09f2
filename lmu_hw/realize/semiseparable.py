# SPDX-License-Identifier: Apache-2.0
"""The semiseparable memory by two recursions: about 5 d products a step for rank 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import Check, instance, optional, real, settle, whole
from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.lmu import (
    Discretizer,
    Generators,
    LmuLayer,
    Memory,
    Role,
    alternating_signs,
    discretize,
    node_name,
    orthonormal_scale,
    semiseparable,
    semiseparable_rank,
    window,
)
from lmu_hw.network import AnyNode, MemoryNode
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.realize.base import (
    Basis,
    MemoryFormats,
    NodeFormats,
    UpdateRealization,
    window_of,
)
from lmu_hw.realize.recursions import (
    RecursionFormats,
    dequantized,
    recursion_formats,
    semiseparable_update,
)
from lmu_hw.records import stored

__all__ = ["SemiseparableRealization"]

Array = NDArray[np.float64]

_FINEST = 2.0**-16
"""Tolerance of the largest rank that is tried."""

_MOST_INT_BITS = 24  # of a recursion


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiseparableRealization(UpdateRealization):
    """A memory by two recursions, in the orthonormal basis with alternating signs.

    Parameters
    ----------
    theta : float
        Window in steps.
    rank : int
        1: the bilinear memory, whose rank that is. More: the trained memory to that rank.
    forward, backward : FixedFormat or None
        What the recursions carry; None: left open.
    """

    kind: ClassVar[str] = "semiseparable"
    help: ClassVar[str] = "two recursions over the states, about 5 d products"
    takes_tolerance: ClassVar[bool] = True
    reloadable_as: ClassVar[str] = "semiseparable of rank 1"
    stays_stable: ClassVar[bool] = True

    theta: float = field(metadata=stored(note="window in steps"))
    rank: int = field(
        default=1, metadata=stored(note="1: bilinear; more: the trained memory to that rank")
    )
    forward: FixedFormat | None = field(default=None, metadata=stored(sparse=True))
    backward: FixedFormat | None = field(default=None, metadata=stored(sparse=True))

    def __post_init__(self) -> None:
        format_or_none = optional(partial(instance, kind=FixedFormat))
        checks: dict[str, Check] = {
            "theta": partial(real, above=0.0, rule="positive and finite"),
            "rank": partial(whole, least=1),
            "forward": format_or_none,
            "backward": format_or_none,
        }
        settle(self, checks)

    @classmethod
    def of(cls, memory: Memory, tolerance: float | None, *, where: str) -> Any:
        if tolerance is None:
            return cls(theta=window_of(memory, cls.kind, where=where))
        states = cls.states(memory.order, Basis.ORTHONORMAL)
        A, B = memory.A * states / states[:, None], memory.B / states
        theta = window(memory) or float(memory.order)
        return cls(theta=theta, rank=semiseparable_rank(A, B, tolerance))

    @classmethod
    def candidates(cls, memory: Memory, *, where: str) -> Iterator[Any]:
        try:
            most = cls.of(memory, _FINEST, where=where)
            yield cls.of(memory, None, where=where)
        except (ConfigError, NetworkError):
            return
        for rank in range(2, 1 + most.rank):
            yield replace(most, rank=rank)

    @classmethod
    def states(cls, order: int, basis: Basis) -> Array:
        return orthonormal_scale(order) * alternating_signs(order)

    @classmethod
    def rounded(cls, node: AnyNode) -> tuple[Array, Array]:
        if not isinstance(node, MemoryNode) or not isinstance(node.update, Semiseparable):
            raise NetworkError(f"{node.name}: must be a semiseparable memory")
        return dequantized(node.update).matrices()

    @property
    def title(self) -> str:
        return f"{self.kind} of rank {self.rank}"

    def legendre(self, order: int) -> Memory | None:
        if self.rank > 1:
            return None
        return Memory.legendre(order, self.theta, Discretizer.BILINEAR)

    @property
    def reloadable(self) -> bool:
        return self.rank == 1

    def at_window(self, theta: float) -> Any:
        return replace(self, theta=theta)

    def matrices(self, layer: LmuLayer, u_share: float) -> tuple[Array, Array]:
        return self._generators(layer, u_share).matrices()

    def _generators(self, layer: LmuLayer, u_share: float) -> Generators:
        """Return the generators of the memory that stands for a realized one."""
        A, B = layer.memory.A, layer.memory.B
        if self.rank == 1:
            order = layer.memory.order
            states = self.states(order, Basis.ORTHONORMAL)
            A, B = discretize(order, self.theta, Discretizer.BILINEAR)
            A, B = A * states / states[:, None], u_share * B / states
        return semiseparable(A, B, self.rank)

    def coefficient_bits(self, config: NodeFormats) -> int:
        return config.weights["rates"].width

    def formats(
        self,
        layer: LmuLayer,
        bits: int,
        states: Requant,
        source: FixedFormat,
        u_share: float,
        proved: Mapping[str, int],
    ) -> MemoryFormats:
        name, generators = node_name(layer.name, Role.MEMORY), self._generators(layer, u_share)
        formats = recursion_formats(generators, bits, states.format, source, where=name)
        recursions = {"forward": formats.forward, "backward": formats.backward}
        for direction, int_bits in proved.items():
            if int_bits > _MOST_INT_BITS:
                raise ConfigError(
                    f"{name}: the {direction} recursion would need {int_bits} integer bits, as the "
                    "range of the states is not proved; use `memory_range` widen, or a dense memory"
                )
            recursions[direction] = replace(recursions[direction], int_bits=int_bits)
        return MemoryFormats(
            realization=replace(self, **recursions),
            weights={"rates": formats.rates, "carry": formats.carry},
            row_shifts=True,
        )

    def update(
        self, layer: LmuLayer, config: NodeFormats, source: FixedFormat, u_share: float
    ) -> Semiseparable:
        name = node_name(layer.name, Role.MEMORY)
        if set(config.weights) != {"rates", "carry"}:
            raise ConfigError(f"{name}: its weights must be rates and carry, not {config.weights}")
        if self.forward is None or self.backward is None:
            raise ConfigError(f"{name}: its realization must have formats forward and backward")
        formats = RecursionFormats(
            rates=config.weights["rates"],
            carry=config.weights["carry"],
            forward=self.forward,
            backward=self.backward,
        )
        generators = self._generators(layer, u_share)
        return semiseparable_update(generators, formats, row_shifts=config.row_shifts, where=name)
