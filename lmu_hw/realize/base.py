# SPDX-License-Identifier: Apache-2.0
"""What every realization says of itself: the one place where a way to compute a memory is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.lmu import LmuLayer, Memory, Role, node_name, window
from lmu_hw.network import AnyNode, MemoryNode, Node, Update
from lmu_hw.proofs import StabilityError, spectral_radius, values

__all__ = [
    "Basis",
    "MemoryFormats",
    "MemoryRealization",
    "NodeFormats",
    "UpdateRealization",
    "wider_than",
    "window_of",
]

Array = NDArray[np.float64]

_WIDEST = 32


class Basis(Enum):
    """Basis of the memory states."""

    ORTHONORMAL = "orthonormal"
    """Normalised Legendre polynomials: no state grows; the change folds into the weights."""
    TRAINED = "trained"
    """The basis of the trained file."""


class NodeFormats(Protocol):
    """What the configuration of a memory says of its node."""

    @property
    def requant(self) -> Requant:
        """The narrowing of the states."""
        ...

    @property
    def weights(self) -> Mapping[str, FixedFormat]:
        """Formats of the coefficients, by name."""
        ...

    @property
    def row_shifts(self) -> bool:
        """Each row has its own power-of-two scale."""
        ...

    @property
    def row_shift_limit(self) -> int:
        """The largest shift of a row."""
        ...

    @property
    def error_feedback(self) -> bool:
        """What the narrowing drops is added to the next step's sum."""
        ...

    @property
    def repair(self) -> bool:
        """Coefficients may leave the nearest code to keep the memory stable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFormats:
    """What `MemoryRealization.formats` chooses.

    Attributes
    ----------
    realization : MemoryRealization
        With its own formats.
    weights : mapping of str to FixedFormat
    row_shifts : bool
    why : tuple of str
        Reasons, for the reader.
    """

    realization: Any
    weights: Mapping[str, FixedFormat]
    row_shifts: bool
    why: tuple[str, ...] = ()


class MemoryRealization(ABC):
    """How a memory is computed: a choice with all that follows from it, as a frozen dataclass.

    The fields of a subclass are what the configuration holds of it. The share of u, which many
    methods take, is how much of the u that hardware computes enters the memory: below 1, states
    stay below 1 while u uses its whole format.
    """

    kind: ClassVar[str]
    """Its name: for the user, in files, and of its update."""
    help: ClassVar[str]
    """What `--help` says of it."""
    trained_matrices: ClassVar[bool] = False
    """It computes the trained matrices themselves, not others that stand for them."""
    takes_share: ClassVar[bool] = True
    """The memory may take less than all of u."""
    takes_tolerance: ClassVar[bool] = False
    """It can follow the trained matrices to a tolerance."""
    takes_error_feedback: ClassVar[bool] = False
    reloadable_as: ClassVar[str] = ""
    """Which of them can take another window at run time, in words; empty: none."""
    stays_stable: ClassVar[bool] = False
    """Coefficients of few bits keep it stable where they would not keep the dense matrices so."""

    @classmethod
    @abstractmethod
    def of(cls, memory: Memory, tolerance: float | None, *, where: str) -> Any:
        """Return what stands for a trained memory; formats are left open.

        Parameters
        ----------
        memory : Memory
            As trained.
        tolerance : float or None
            What no block of the trained matrices may be off by; see `takes_tolerance`.
        where : str
            Names the memory in messages.

        Raises
        ------
        ConfigError
            If its window is needed and cannot be found.
        """

    @classmethod
    def candidates(cls, memory: Memory, *, where: str) -> Iterator[Any]:
        """Yield what the choice by cost tries for a trained memory, the cheapest first."""
        try:
            yield cls.of(memory, None, where=where)
        except (ConfigError, NetworkError):
            return

    @classmethod
    @abstractmethod
    def states(cls, order: int, basis: Basis) -> Array:
        """Return the vector s, (d,), with ``m = s * x`` for the states x of the realized memory."""

    @classmethod
    def rounded(cls, node: AnyNode) -> tuple[Array, Array]:
        """Return A (d, d) and B (d,) of a quantized memory, to the accuracy of float64."""
        A = values(node, node.name, delayed=True)
        B = values(node, node_name(node.layer, Role.ENCODED), delayed=False)
        empty = np.zeros((node.rows, node.rows))
        return (empty if A is None else A), (empty[0] if B is None else B[:, 0])

    @property
    def title(self) -> str:
        """The name, and what else tells candidates apart."""
        return self.kind

    @property
    def reloadable(self) -> bool:
        """Its window can be written at run time."""
        return False

    def legendre(self, order: int) -> Memory | None:
        """Return the Legendre memory that is computed; None: it follows the trained matrices."""
        return None

    def at_window(self, theta: float) -> Any:
        """Return the same for another window in steps."""
        raise ConfigError(f"a {self.title} memory has no window that could be another")

    def cost(self, node: Any) -> int:
        """Return coefficient width times operand width, over all products of a step."""
        return sum(
            products.count * products.coefficient * products.operand for products in node.products
        )

    @abstractmethod
    def matrices(self, layer: LmuLayer, u_share: float) -> tuple[Array, Array]:
        """Return A and B that are computed for a realized layer, before rounding."""

    @abstractmethod
    def formats(
        self,
        layer: LmuLayer,
        bits: int,
        states: Requant,
        source: FixedFormat,
        u_share: float,
        proved: Mapping[str, int],
    ) -> MemoryFormats:
        """Return the formats of coefficients of so many bits, and of what is computed on the way.

        Parameters
        ----------
        layer : LmuLayer
            Realized.
        bits : int
        states : Requant
            The narrowing of the states.
        source : FixedFormat
            Of u.
        u_share : float
        proved : mapping of str to int
            Integer bits that are proved for what the update computes on the way.
        """

    @abstractmethod
    def node(
        self, layer: LmuLayer, config: NodeFormats, source: FixedFormat, u_share: float
    ) -> Node | MemoryNode:
        """Return the memory of a realized layer in integers.

        Raises
        ------
        ConfigError
            If the configuration does not fit, or a coefficient does not fit its format.
        StabilityError
            If the memory is not stable as rounded.
        """


class UpdateRealization(MemoryRealization):
    """A realization whose memory has an update of its own."""

    @abstractmethod
    def update(
        self, layer: LmuLayer, config: NodeFormats, source: FixedFormat, u_share: float
    ) -> Update:
        """Return the integers of the update."""

    @abstractmethod
    def coefficient_bits(self, config: NodeFormats) -> int:
        """Return the bits of the coefficients whose rounding decides whether it is stable."""

    def node(
        self, layer: LmuLayer, config: NodeFormats, source: FixedFormat, u_share: float
    ) -> MemoryNode:
        name = node_name(layer.name, Role.MEMORY)
        if not self.takes_share and u_share != 1.0:
            raise ConfigError(
                f"{name}: a {self.kind} memory hears u as it is, so its memory_scale must have "
                f"u = m, not {u_share:g} of it"
            )
        node = self._node(layer, config, source, u_share)
        radius = spectral_radius(self.rounded(node)[0])
        if radius >= 1.0:
            bits = self._stable_bits(layer, config, source, u_share)
            instead = f"give them {bits} bits" if bits else "set `realization` to dense"
            raise StabilityError(
                f"{name}: rounding its coefficients makes the memory unstable: its spectral radius "
                f"must be below 1, not {radius:.6f}; {instead}"
            )
        return node

    def _node(
        self, layer: LmuLayer, config: NodeFormats, source: FixedFormat, u_share: float
    ) -> MemoryNode:
        return MemoryNode(
            layer=layer.name,
            segments=layer.memory_d,
            source=node_name(layer.name, Role.ENCODED),
            update=self.update(layer, config, source, u_share),
            requant=config.requant,
        )

    def _stable_bits(
        self, layer: LmuLayer, config: NodeFormats, source: FixedFormat, u_share: float
    ) -> int | None:
        """Return the fewest bits of coefficients, more than there are, that keep it stable."""
        for bits in wider_than(self.coefficient_bits(config)):
            try:
                wider = self.formats(layer, bits, config.requant, source, u_share, {})
                changed: Any = replace(config, weights=wider.weights)  # pyright: ignore
                node = wider.realization._node(layer, changed, source, u_share)
            except (ConfigError, NetworkError, StabilityError):
                continue
            if spectral_radius(self.rounded(node)[0]) < 1.0:
                return bits
        return None


def window_of(memory: Memory, kind: str, *, where: str) -> float:
    """Return the window of a trained memory that a realization needs, or raise `ConfigError`."""
    theta = window(memory)
    if theta is None:
        raise ConfigError(
            f"{where}: its window must be known for a {kind} realization, and its matrices are not "
            "those of a Legendre memory of any; state it where the network is loaded (`theta`), or "
            "use `realization` semiseparable with `memory_tolerance`, or dense"
        )
    return theta


def wider_than(bits: int) -> range:
    """Return the word lengths that are tried where one is too short."""
    return range(bits + 1, _WIDEST + 1)
