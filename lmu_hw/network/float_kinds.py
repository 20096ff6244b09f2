# SPDX-License-Identifier: Apache-2.0
"""The kinds of nodes of a float layer: sums of matrix-vector products, and products of vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import Role, node_name
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.lmu.roles import pre_activation
from lmu_hw.network import Product

__all__ = ["AnyFloatNode", "FloatElementwise", "FloatNode", "FloatTerm", "float_node", "terms_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatTerm:
    """A matrix-vector product: (rows, columns) float64 times a source."""

    source: str
    delayed: bool
    matrix: Array

    @property
    def label(self) -> str:
        """The source as the configuration writes it."""
        return f"{self.source}[t-1]" if self.delayed else self.source


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatNode:
    """A sum of matrix-vector products; terms whose matrix is zero are left out.

    Attributes
    ----------
    role : Role
    activation : str
        Name of the function applied to the sum.
    """

    layer: str
    role: Role
    segments: int
    terms: tuple[FloatTerm, ...]
    bias: Array | None
    activation: str
    last_only: bool

    @property
    def name(self) -> str:
        """As in the float trace."""
        return node_name(self.layer, self.role)

    @property
    def pre_activation(self) -> str:
        """Trace name of the sum, where an activation follows."""
        return pre_activation(self.layer, self.role)


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatElementwise:
    """A sum of products of vectors, element by element.

    Attributes
    ----------
    role : Role
    rows : int
    activation : str
        Name of the function applied to the sum.
    """

    layer: str
    role: Role
    rows: int
    products: tuple[Product, ...]
    activation: str

    @property
    def name(self) -> str:
        """As in the float trace."""
        return node_name(self.layer, self.role)

    @property
    def pre_activation(self) -> str:
        """Trace name of the sum, where an activation follows."""
        return pre_activation(self.layer, self.role)


AnyFloatNode = FloatNode | FloatElementwise


def terms_of(*terms: tuple[str, bool, Array | None]) -> tuple[FloatTerm, ...]:
    """Return products of (source, delayed, matrix); one that is None or zero is left out."""
    given = [
        FloatTerm(source=source, delayed=delayed, matrix=matrix)
        for source, delayed, matrix in terms
        if matrix is not None
    ]
    # A node must read something: if every matrix is zero, the last one stays.
    return tuple(term for term in given if term.matrix.any()) or tuple(given[-1:])


def float_node(
    layer: str,
    role: Role,
    terms: tuple[FloatTerm, ...],
    bias: Array | None = None,
    activation: str = LINEAR,
    *,
    segments: int = 1,
    last_only: bool = False,
) -> FloatNode:
    """Return a node; a bias of zeros is none."""
    return FloatNode(
        layer=layer,
        role=role,
        segments=segments,
        terms=terms,
        bias=bias if bias is not None and bias.any() else None,
        activation=activation,
        last_only=last_only,
    )
