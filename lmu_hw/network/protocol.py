# SPDX-License-Identifier: Apache-2.0
"""What all layers ask of a node, whatever its kind; `match` tells apart where kinds differ."""

from __future__ import annotations

from typing import Protocol

from lmu_hw.fixed import Requant
from lmu_hw.lmu import Role
from lmu_hw.network.codes import Codes, Signal

__all__ = ["LayerNode", "Read"]


class Read(Protocol):
    """A vector that a node reads."""

    @property
    def source(self) -> str:
        """Name of the node that is read, or `INPUT`."""
        ...

    @property
    def delayed(self) -> bool:
        """Its value of the step before, zero at the first step of a sequence."""
        ...

    @property
    def label(self) -> str:
        """The source as the configuration and the report write it."""
        ...


class LayerNode(Protocol):
    """A vector that a layer computes at every step, or at the last one only."""

    @property
    def layer(self) -> str:
        """Name of its layer."""
        ...

    @property
    def role(self) -> Role:
        """What it is to its layer."""
        ...

    @property
    def name(self) -> str:
        """As in the float trace, made of layer and role."""
        ...

    @property
    def segments(self) -> int:
        """How often the rows are computed: once for each memory."""
        ...

    @property
    def rows(self) -> int:
        """Elements of one segment."""
        ...

    @property
    def signal(self) -> Signal:
        """The vector: its size and format."""
        ...

    @property
    def reads(self) -> tuple[Read, ...]:
        """What it reads, in order."""
        ...

    @property
    def last_only(self) -> bool:
        """Computed at the last step of a sequence only."""
        ...

    @property
    def requant(self) -> Requant:
        """The narrowing of the sum."""
        ...

    @property
    def sum_frac_bits(self) -> int:
        """Fraction bits of the sum that is narrowed."""
        ...

    @property
    def dropped_bits(self) -> int:
        """Fraction bits that the narrowing drops; negative if it adds some."""
        ...

    @property
    def residue_bits(self) -> int:
        """Bits of what the narrowing drops and the next step's sum gets, in all."""
        ...

    @property
    def max_row_shift(self) -> int:
        """Largest shift of a row of coefficients."""
        ...

    @property
    def function(self) -> str | None:
        """Name of what is applied to the narrowed sum; None: nothing is."""
        ...

    @property
    def pre_activation(self) -> str | None:
        """Trace name of what enters the function; None where none follows."""
        ...

    @property
    def coefficients(self) -> tuple[tuple[str, Codes], ...]:
        """Every array of coefficients that meets a vector, by name."""
        ...

    @property
    def multiplications(self) -> int:
        """Products computed at a step."""
        ...

    @property
    def coefficient_bits(self) -> int:
        """Bits of coefficients and bias."""
        ...

    @property
    def table_bits(self) -> int:
        """Bits of the tabulated function, once."""
        ...
