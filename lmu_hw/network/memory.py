# SPDX-License-Identifier: Apache-2.0
"""The memory that is not one sum of products: its states follow from an update of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import Requant
from lmu_hw.lmu import Role, node_name
from lmu_hw.network.codes import Codes, Products, Signal
from lmu_hw.network.elementwise import Factor
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.network.two_pass import TwoPass

__all__ = ["MemoryNode", "Update", "entry_of"]

Update = Semiseparable | Scan | TwoPass
"""How a memory is computed, in integers: one class for each realization whose name is its `kind`.

Each has order, products and coefficients, and says which formats fit it (`check`), whether hardware
can take other coefficients at run time (`reloadable`), and how large its sums are (`sum_frac_bits`,
`sum_bounds`: one number for each sum, by name; `state` is the one that becomes a state).
"""

Entry = TypeVar("Entry")


def entry_of(registry: Mapping[type, Entry], update: Update) -> Entry:
    """Return what the registry of a layer has for the class of an update.

    Raises
    ------
    NetworkError
        If it has nothing.
    """
    entry = registry.get(type(update))
    if entry is None:
        known = ", ".join(kind.__name__ for kind in registry)
        raise NetworkError(f"an update must be one of {known}, not {type(update).__name__}")
    return entry


@dataclass(frozen=True, kw_only=True, eq=False)
class MemoryNode:
    """A memory computed by a structured update, once for each segment.

    It reads its own previous values and one element of its source for each segment.

    Parameters
    ----------
    layer : str
        Name of its layer.
    segments : int
        Memories; all have the same update.
    source : str
        Name of the node u.
    update : Update
    requant : Requant
        The narrowing of the states.
    role : Role
        Always that of a memory.

    Raises
    ------
    NetworkError
        If it has another role.
    """

    layer: str
    segments: int
    source: str
    update: Update
    requant: Requant
    role: Role = Role.MEMORY

    def __post_init__(self) -> None:
        if self.role is not Role.MEMORY:
            raise NetworkError(f"{self.name}: only a memory has an update")

    @property
    def name(self) -> str:
        """As in the float trace."""
        return node_name(self.layer, self.role)

    @property
    def reads(self) -> tuple[Factor, ...]:
        """What it reads: its source, and its own states of the step before."""
        own = Factor(source=self.name, delayed=True)
        return Factor(source=self.source, delayed=False), own

    @property
    def last_only(self) -> bool:
        """False: a memory is computed at every step."""
        return False

    @property
    def residue_bits(self) -> int:
        """0: what the narrowings drop is gone."""
        return 0

    @property
    def function(self) -> None:
        """None: a memory is linear."""

    @property
    def pre_activation(self) -> None:
        """None: no activation follows."""

    @property
    def table_bits(self) -> int:
        """0: no activation follows."""
        return 0

    @property
    def coefficients(self) -> tuple[tuple[str, Codes], ...]:
        """Every array of coefficients of the update, by name."""
        return self.update.coefficients

    @property
    def realization(self) -> str:
        """Name of the realization."""
        return self.update.kind

    @property
    def max_row_shift(self) -> int:
        """Largest row shift."""
        return self.update.max_shift

    @property
    def sum_frac_bits(self) -> int:
        """Fraction bits of the sum that becomes a state."""
        return self.update.sum_frac_bits(self.requant.format).state

    @property
    def dropped_bits(self) -> int:
        """Fraction bits that the narrowing of the states drops."""
        return self.sum_frac_bits - self.requant.format.frac_bits

    @property
    def multiplications(self) -> int:
        """Products computed at a step."""
        return sum(products.count for products in self.products)

    @property
    def products(self) -> tuple[Products, ...]:
        """The products of a step, of all memories."""
        return tuple(
            replace(products, count=self.segments * products.count)
            for products in self.update.products(self.requant.format)
        )

    @property
    def coefficient_bits(self) -> int:
        """Bits of the coefficients, which all memories share."""
        return self.update.coefficient_bits

    @property
    def rows(self) -> int:
        """States of one memory."""
        return self.update.order

    @property
    def signal(self) -> Signal:
        """The states of all memories."""
        return Signal(size=self.segments * self.rows, format=self.requant.format)
