# SPDX-License-Identifier: Apache-2.0
"""How the weights of a trained network become the weights of its nodes, as linear maps.

Rewriting a network for hardware multiplies every weight matrix from the right (`rewriting`), and
taking it apart into nodes puts its elements into place, sometimes two into one sum (`placement`).
Both are found by sending unit weights through the very functions that quantization uses, so that
nothing is said twice about how a network is rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import DenseLayer, LmuLayer, Network, RecurrentLayer
from lmu_hw.lmu.cells import HiddenCell
from lmu_hw.lmu.layers import Layer
from lmu_hw.network.float_nodes import FloatNode, float_nodes

__all__ = ["BIAS", "Piece", "placement", "rewriting", "weights", "with_weights"]

Array = NDArray[np.float64]
Place = tuple[str, str]
"""Name of a node, and label of a term or `BIAS`."""

BIAS = "bias"

_ENCODERS = ("E_x", "E_h", "E_m", "b_u")
_CELL = ("W_m", "W_x", "W_h", "b", "b_h")
_DENSE = ("W", "b")

_RTOL = 1e-6


def weights(network: Network) -> dict[str, Array]:
    """Return every trained array of a network but the memories, ``layer.field`` to float64."""
    arrays = {}
    for layer in network.layers:
        for owner, fields in _owners(layer):
            for field in fields:
                array = getattr(owner, field, None)
                if array is not None and array.size:
                    arrays[f"{layer.name}.{field}"] = array
    return arrays


def with_weights(network: Network, values: Mapping[str, Array]) -> Network:
    """Return a network with other arrays; those that are not in `values` stay."""
    layers = []
    for layer in network.layers:
        changed = []
        for owner, fields in _owners(layer):
            names = {field: f"{layer.name}.{field}" for field in fields}
            new = {field: values[name] for field, name in names.items() if name in values}
            changed.append(replace(owner, **new))
        layers.append(_joined(layer, changed))
    return replace(network, layers=tuple(layers))


def rewriting(network: Network, rewrite: Callable[[Network], Network]) -> dict[str, Array]:
    """Return for each array the matrix R with ``rewritten = array @ R``; a vector is a column.

    Parameters
    ----------
    network : Network
        As trained.
    rewrite : callable
        Returns the network in the form in which it is quantized.

    Raises
    ------
    NetworkError
        If an array is rewritten in another way.
    """
    trained = weights(network)
    shapes = {name: array.reshape(len(array), -1).shape for name, array in trained.items()}
    maps = {name: np.empty((columns, columns)) for name, (_, columns) in shapes.items()}
    for turn in range(max(-(-columns // rows) for rows, columns in shapes.values())):
        unit = {name: np.eye(*shape, k=turn * shape[0]) for name, shape in shapes.items()}
        candidate = {name: matrix.reshape(trained[name].shape) for name, matrix in unit.items()}
        rewritten = weights(rewrite(with_weights(network, candidate)))
        for name, (rows, _) in shapes.items():
            part = maps[name][turn * rows : (turn + 1) * rows]
            part[:] = rewritten[name].reshape(shapes[name])[: len(part)]
    for name, array in weights(rewrite(network)).items():
        mapped = trained[name].reshape(shapes[name]) @ maps[name]
        scale = float(np.abs(array).max())
        if not np.allclose(mapped.reshape(array.shape), array, rtol=_RTOL, atol=_RTOL * scale):
            raise NetworkError(
                f"{name}: must be rewritten by a matrix from the right to be trained"
            )
    return maps


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """Elements of one array that are added into the weights of a node.

    Attributes
    ----------
    name : str
        The array, ``layer.field``.
    index : (rows, columns) or (rows,) int64
        Of its elements, flat.
    """

    name: str
    index: NDArray[np.int64]


def placement(network: Network) -> dict[Place, tuple[Piece, ...]]:
    """Return which elements of a rewritten network's arrays are the weights of its nodes.

    Raises
    ------
    NetworkError
        If a node's weights are anything but sums of elements.
    """
    trained = weights(network)
    nothing = {name: np.zeros_like(array) for name, array in trained.items()}
    constant = _matrices(with_weights(network, nothing))
    places: dict[Place, tuple[Piece, ...]] = {}
    for name, array in trained.items():
        numbers = np.arange(1.0, array.size + 1.0).reshape(array.shape)
        for place, matrix in _matrices(with_weights(network, nothing | {name: numbers})).items():
            numbering = matrix - constant.get(place, 0.0)
            if not numbering.any():
                continue
            index = numbering.astype(np.int64) - 1
            if numbering.min() < 1 or not np.array_equal(numbers.flat[index], numbering):
                raise NetworkError(
                    f"{place[0]}: its weights must be elements of {name} to be trained"
                )
            places[place] = (*places.get(place, ()), Piece(name=name, index=index))
    return places


def trainable(
    places: Mapping[Place, tuple[Piece, ...]], read: Collection[Place], fixed: Collection[str]
) -> list[str]:
    """Return the arrays whose every element goes where a quantized network has weights.

    Parameters
    ----------
    places : mapping
        Of `placement`.
    read : collection of (node, label)
        The weights that the configuration has formats for, and all biases.
    fixed : collection of str
        Arrays that are not to be trained.

    Raises
    ------
    NetworkError
        If `fixed` names what is no array, or nothing is left to train.
    """
    names = {piece.name for pieces in places.values() for piece in pieces}
    if unknown := set(fixed) - names:
        raise NetworkError(f"fixed must name arrays among {sorted(names)}, not {sorted(unknown)}")
    nowhere = {p.name for place, pieces in places.items() if place not in read for p in pieces}
    remaining = sorted(names - nowhere - set(fixed))
    if not remaining:
        raise NetworkError("there must be an array left to train, but all are fixed")
    return remaining


def _owners(layer: Layer) -> list[tuple[Layer | HiddenCell, tuple[str, ...]]]:
    """Return the objects of a layer that hold arrays, and the names of those."""
    match layer:
        case DenseLayer():
            return [(layer, _DENSE)]
        case RecurrentLayer():
            return [(layer.cell, _CELL)]
        case LmuLayer():
            cell = [] if layer.hidden is None else [(layer.hidden, _CELL)]
            return [(layer, _ENCODERS), *cell]
    assert_never(layer)


def _joined(layer: Layer, owners: list) -> Layer:
    """Return a layer made of changed owners of arrays."""
    match layer:
        case DenseLayer():
            return owners[0]
        case RecurrentLayer():
            return replace(layer, cell=owners[0])
        case LmuLayer():
            return replace(owners[0], hidden=None if layer.hidden is None else owners[1])
    assert_never(layer)


def _matrices(network: Network) -> dict[Place, Array]:
    """Return the weights and biases of all nodes of a network."""
    matrices: dict[Place, Array] = {}
    for layer in network.layers:
        for node in float_nodes(layer):
            if isinstance(node, FloatNode):
                matrices |= {(node.name, term.label): term.matrix for term in node.terms}
                if node.bias is not None:
                    matrices[node.name, BIAS] = node.bias
    return matrices
