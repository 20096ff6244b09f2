# SPDX-License-Identifier: Apache-2.0
"""Layers without weights of their own, and batch normalisation, folded into their neighbours.

At inference a batch normalisation is ``y = scale x + shift`` for each feature. It goes into the
weights of the linear dense layer before it, or else of the layer after it. Where neither is
possible it becomes a dense layer with a diagonal matrix.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import DenseLayer, LmuLayer, RecurrentLayer
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.lmu.cells import HiddenCell
from lmu_hw.lmu.layers import Layer
from lmu_hw.load.budget import Budget
from lmu_hw.load.check import identifier

__all__ = ["Assembly", "Origin", "scale_input"]

Array = NDArray[np.float64]


class Origin(Protocol):
    """What a layer is called in its file, and in messages."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def where(self) -> str:
        """The file, and its place there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Affine:
    """``y = scale x + shift``, both (features,)."""

    node: Origin
    scale: Array
    shift: Array


class Assembly:
    """Layers of a network, put together in order.

    Parameters
    ----------
    unique : callable
        Makes an unused identifier of a name.
    budget : Budget
        Pays for matrices that no layer of the file has.
    """

    def __init__(self, unique: Callable[[str], str], budget: Budget) -> None:
        self.layers: list[Layer] = []
        self.notes: list[str] = []
        self._unique = unique
        self._budget = budget
        self._pending: _Affine | None = None

    def add(self, layer: Layer) -> None:
        """Append a layer, which takes in an affine map before it."""
        if self._pending is not None:
            folded = scale_input(layer, self._pending)
            if folded is not None:
                self.note(self._pending.node, f"folded into the weights of {layer.name}")
                self._pending, layer = None, folded
        self.flush()
        self.layers.append(layer)

    def scale(self, node: Origin, scale: Array, shift: Array) -> None:
        """Append ``y = scale x + shift``."""
        before = self._linear_dense()
        if self._pending is not None:
            old = self._pending
            self.note(node, f"folded into {identifier(old.node.name)}")
            self._pending = _Affine(
                node=old.node, scale=scale * old.scale, shift=scale * old.shift + shift
            )
        elif before is not None:
            self.note(node, f"folded into the weights of {before.name}")
            b = shift if before.b is None else scale * before.b + shift
            self.layers[-1] = dataclasses.replace(before, W=scale[:, None] * before.W, b=b)
        else:
            self._pending = _Affine(node=node, scale=scale, shift=shift)

    def activate(self, node: Origin, activation: str, width: int) -> None:
        """Append an activation of `width` features."""
        self.flush()
        if activation == LINEAR:
            return
        before = self._linear_dense()
        if before is None:
            before = self._diagonal(node, np.ones(width), None)
            self.layers.append(before)
        self.layers[-1] = dataclasses.replace(before, activation=activation)

    def flush(self) -> None:
        """Append an affine map that nothing took in as a dense layer."""
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self.layers.append(self._diagonal(pending.node, pending.scale, pending.shift))

    def note(self, node: Origin, text: str) -> None:
        """Tell something about a layer."""
        self.notes.append(f"{identifier(node.name)}: {text}")

    def _diagonal(self, node: Origin, scale: Array, shift: Array | None) -> DenseLayer:
        self._budget.fill(node.where, len(scale))
        unique = self._unique(node.name)
        self.note(node, f"a dense layer with a diagonal matrix, {unique}")
        return DenseLayer(name=unique, W=np.diag(scale), b=shift, activation=LINEAR)

    def _linear_dense(self) -> DenseLayer | None:
        """Return the last layer if nothing follows its matrix yet."""
        last = self.layers[-1] if self.layers and self._pending is None else None
        return last if isinstance(last, DenseLayer) and last.activation == LINEAR else None


def scale_input(layer: Layer, affine: _Affine) -> Layer | None:
    """Return a layer that maps its input first, or None if it also hands its input on."""
    match layer:
        case DenseLayer():
            W, b = _scaled(layer.W, layer.b, affine)
            return dataclasses.replace(layer, W=W, b=b)
        case RecurrentLayer():
            return dataclasses.replace(layer, cell=_scaled_cell(layer.cell, affine))
        case LmuLayer(hidden=None, input_to_hidden=True):
            return None
        case LmuLayer():
            E_x, b_u = _scaled(layer.E_x, layer.b_u, affine)
            hidden = layer.hidden and _scaled_cell(layer.hidden, affine)
            return dataclasses.replace(layer, E_x=E_x, b_u=b_u, hidden=hidden)
    assert_never(layer)


def _scaled_cell(cell: HiddenCell, affine: _Affine) -> HiddenCell:
    if cell.W_x is None:
        return cell
    W_x, b = _scaled(cell.W_x, cell.b, affine)
    return dataclasses.replace(cell, W_x=W_x, b=b)


def _scaled(W: Array, b: Array | None, affine: _Affine) -> tuple[Array, Array]:
    """Return the matrix and the bias of ``W (scale x + shift) + b``."""
    moved = W @ affine.shift
    return W * affine.scale, moved if b is None else b + moved
