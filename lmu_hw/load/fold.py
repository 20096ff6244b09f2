# SPDX-License-Identifier: Apache-2.0
"""Affine maps before a layer, folded into its weights."""

from __future__ import annotations

import dataclasses
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import DenseLayer, LmuLayer, RecurrentLayer
from lmu_hw.lmu.cells import HiddenCell
from lmu_hw.lmu.layers import Layer

__all__ = ["Array", "map_input"]

Array = NDArray[np.float64]


def map_input(layer: Layer, matrix: Array, shift: Array | None) -> Layer:
    """Return the layer that computes of x what it computed of ``matrix @ x + shift``.

    Parameters
    ----------
    layer : LmuLayer, RecurrentLayer or DenseLayer
        That hands on nothing of its input.
    matrix : (inputs of the layer, inputs) float64
    shift : (inputs of the layer,) float64 or None
        None: zeros.
    """
    match layer:
        case DenseLayer():
            W, b = _mapped(layer.W, layer.b, matrix, shift)
            return dataclasses.replace(layer, W=W, b=b)
        case RecurrentLayer():
            return dataclasses.replace(layer, cell=_mapped_cell(layer.cell, matrix, shift))
        case LmuLayer():
            E_x, b_u = _mapped(layer.E_x, layer.b_u, matrix, shift)
            hidden = layer.hidden and _mapped_cell(layer.hidden, matrix, shift)
            return dataclasses.replace(layer, E_x=E_x, b_u=b_u, hidden=hidden)
    assert_never(layer)


def _mapped_cell(cell: HiddenCell, matrix: Array, shift: Array | None) -> HiddenCell:
    if cell.W_x is None:
        return cell
    W_x, b = _mapped(cell.W_x, cell.b, matrix, shift)
    return dataclasses.replace(cell, W_x=W_x, b=b)


def _mapped(
    W: Array, b: Array | None, matrix: Array, shift: Array | None
) -> tuple[Array, Array | None]:
    """Return the matrix and the bias of ``W (matrix x + shift) + b``."""
    mapped = W * np.diag(matrix) if _diagonal(matrix) else W @ matrix
    if shift is None:
        return mapped, b
    moved = W @ shift
    return mapped, moved if b is None else b + moved


def _diagonal(matrix: Array) -> bool:
    """Say whether a matrix is diagonal: a product with it then keeps signs of zeros."""
    square = matrix.shape[0] == matrix.shape[1]
    return bool(square and np.count_nonzero(matrix) == np.count_nonzero(np.diag(matrix)))
