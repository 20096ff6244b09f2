# SPDX-License-Identifier: Apache-2.0
"""The element-wise node: exact sums of products of vectors, one narrowing, at most one activation.

total[k] = sum over products of +-(factors multiplied, element k) << shift
code[k]  = activation(requantize(total[k]))

Gated cells are made of them: ``c = f c[t-1] + i g`` of an LSTM, ``h = n + z h[t-1] - z n`` of a
GRU.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.checked import settle_flags
from lmu_hw.errors import NetworkError
from lmu_hw.fixed import Requant
from lmu_hw.lmu import Role, node_name
from lmu_hw.network.activation import ActivatedNode, Activation, check_table
from lmu_hw.network.codes import Codes, Signal, check_sum_bits

__all__ = ["ElementwiseNode", "Factor", "Product"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A vector that an element-wise node reads.

    Parameters
    ----------
    source : str
        Name of the node that is read.
    delayed : bool
        Read the source's value of the previous step (zero at the first step of a sequence).
    """

    source: str
    delayed: bool

    def __post_init__(self) -> None:
        settle_flags(self, "delayed", where=self.source)

    @property
    def label(self) -> str:
        """The source as the configuration and the report write it."""
        return f"{self.source}[t-1]" if self.delayed else self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One vector, or two multiplied element by element; added, or subtracted if `negative`.

    Parameters
    ----------
    factors : tuple of Factor
    negative : bool
    """

    factors: tuple[Factor, ...]
    negative: bool = False

    def __post_init__(self) -> None:
        settle_flags(self, "negative", where="a product")

    @property
    def label(self) -> str:
        """The product as the manifest writes it."""
        return ("-" if self.negative else "") + " * ".join(factor.label for factor in self.factors)


@dataclass(frozen=True, kw_only=True, eq=False)
class ElementwiseNode(ActivatedNode):
    """A vector computed element by element at every step; see the module's formula.

    Parameters
    ----------
    layer : str
        Name of its layer.
    role : Role
        Any but that of a memory.
    rows : int
        Elements of the node and of every source.
    products : tuple of Product
    sum_frac_bits : int
        Fraction bits of the total.
    requant : Requant
        The narrowing of the total.
    activation : Table, Rectifier or None
        Applied to the narrowed code.

    Raises
    ------
    NetworkError
        If it is to be a memory, a product has no factor or more than two, a source is read both of
        this step and of the one before, or the table does not fit.
    """

    layer: str
    role: Role
    rows: int
    products: tuple[Product, ...]
    sum_frac_bits: int
    requant: Requant
    activation: Activation | None

    def __post_init__(self) -> None:
        check_sum_bits(self.name, self.sum_frac_bits)
        if self.role is Role.MEMORY:
            raise NetworkError(f"{self.name}: a memory must be linear, not a product of vectors")
        if not self.products or any(not 1 <= len(p.factors) <= 2 for p in self.products):
            counts = [len(product.factors) for product in self.products]
            raise NetworkError(f"{self.name}: products must have 1 or 2 factors, not {counts}")
        names = [factor.source for factor in self.factors]
        if len(set(names)) != len(names):
            raise NetworkError(
                f"{self.name}: must read each source either of this step or of the one before, "
                f"not {[factor.label for factor in self.factors]}"
            )
        check_table(self.name, self.activation, self.requant)

    @property
    def name(self) -> str:
        """As in the float trace."""
        return node_name(self.layer, self.role)

    @property
    def reads(self) -> tuple[Factor, ...]:
        """What it reads: its factors."""
        return self.factors

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Every vector that is read, once each, in the order of the products."""
        return tuple(dict.fromkeys(f for product in self.products for f in product.factors))

    @property
    def segments(self) -> int:
        """1: the elements are computed one after the other."""
        return 1

    @property
    def last_only(self) -> bool:
        """False: it is computed at every step."""
        return False

    @property
    def residue_bits(self) -> int:
        """0: what the narrowing drops is gone."""
        return 0

    @property
    def dropped_bits(self) -> int:
        """Fraction bits that the narrowing drops; negative if it adds some."""
        return self.sum_frac_bits - self.requant.format.frac_bits

    @property
    def multipliers(self) -> int:
        """Products of two vectors."""
        return sum(len(product.factors) == 2 for product in self.products)

    @property
    def multiplications(self) -> int:
        """Products computed at a step."""
        return self.rows * self.multipliers

    @property
    def max_row_shift(self) -> int:
        """0: it has no rows of weights."""
        return 0

    @property
    def coefficients(self) -> tuple[tuple[str, Codes], ...]:
        """None: it multiplies vectors."""
        return ()

    @property
    def coefficient_bits(self) -> int:
        """0: it has no coefficients."""
        return 0

    @property
    def signal(self) -> Signal:
        """The node's output."""
        fmt = self.requant.format if self.activation is None else self.activation.format
        return Signal(size=self.rows, format=fmt)
