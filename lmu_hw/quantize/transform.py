# SPDX-License-Identifier: Apache-2.0
"""Rewriting the float network into an equivalent one that quantizes better.

Every rewriting is exact in real arithmetic: the realized network computes the same outputs as the
trained one, and it is the network whose nodes the hardware's nodes are compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import member
from lmu_hw.errors import ConfigError
from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    HiddenCell,
    LmuLayer,
    Network,
    RecurrentLayer,
    window,
)
from lmu_hw.lmu.activations import LINEAR, RELU
from lmu_hw.lmu.layers import Layer
from lmu_hw.quantize.config import MemoryScale
from lmu_hw.realize import Basis, DenseRealization, MemoryRealization

__all__ = [
    "HOMOGENEOUS",
    "can_rescale",
    "in_hardware_units",
    "read_through",
    "reading_norm",
    "reading_weights",
    "realize",
    "realized_matrix",
]

Array = NDArray[np.float64]

HOMOGENEOUS = (LINEAR, RELU)
"""Activations of u whose result is half as large if all that they are given is."""

_UNSCALED = MemoryScale(u=1.0, m=1.0)


def realize(
    network: Network,
    *,
    basis: Basis,
    input_scale: Fraction,
    memory_scale: Mapping[str, MemoryScale],
    realizations: Mapping[str, MemoryRealization] = MappingProxyType({}),
) -> Network:
    """Return the equivalent network that hardware realizes.

    Parameters
    ----------
    network : Network
        As trained.
    basis : Basis
        Basis of the memory states.
    input_scale : Fraction
        The realized network reads ``x / input_scale``.
    memory_scale : mapping of layer name to MemoryScale
        The realized u and memory of a layer are the trained ones divided by these numbers.
    realizations : mapping of layer name to MemoryRealization
        Of the memories that are not dense: each has a basis of its own.

    Returns
    -------
    Network
        Without the final softmax, which hardware leaves to the host.

    Raises
    ------
    ConfigError
        If a memory that must be rescaled is visible at the network's output, or a u behind an
        activation that does not scale with what it is given.
    """
    basis = member(basis, "the basis", Basis)
    layers = list(in_hardware_units(network, input_scale).layers)
    for index, layer in enumerate(layers):
        if not isinstance(layer, LmuLayer):
            continue
        scale = memory_scale.get(layer.name, _UNSCALED)
        rescalable = can_rescale(network, layer.name)
        if not rescalable and scale != _UNSCALED:
            raise ConfigError(
                f"{layer.name}: its memory is an output of the network, so memory_scale must be 1, "
                f"not u = {scale.u!r}, m = {scale.m!r}"
            )
        if layer.encoder not in HOMOGENEOUS and scale.u != 1.0:
            raise ConfigError(
                f"{layer.name}: u is behind {layer.encoder}, so the memory_scale of u must be 1, "
                f"not {scale.u!r}"
            )
        realization = realizations.get(layer.name, DenseRealization())
        if not rescalable:
            _require_dense(layer.name, realization)
        unchanged = basis is Basis.TRAINED and realization.trained_matrices
        if not rescalable or (unchanged and scale == _UNSCALED):
            continue
        states = realization.states(layer.memory.order, basis)
        layers[index] = _rebase(layer, states, scale)
        if layer.hidden is None:
            factors = np.ones(layer.outputs)
            factors[: len(states) * layer.memory_d] = scale.m * np.tile(states, layer.memory_d)
            _scale_inputs(layers, index + 1, factors)
    return replace(network, layers=tuple(layers))


def in_hardware_units(network: Network, input_scale: Fraction) -> Network:
    """Return the network that reads ``x / input_scale``, without softmax, nor steps to mask."""
    layers = list(network.layers)
    _scale_inputs(layers, 0, np.full(network.inputs, float(input_scale)))
    if network.softmax:
        layers[-1] = replace(layers[-1], activation=LINEAR)
    return replace(network, layers=tuple(layers), mask_value=None)


def realized_matrix(
    network: Network, layer: LmuLayer, basis: Basis, realization: MemoryRealization
) -> Array:
    """Return A, (d, d), of a memory as `realize` leaves it.

    Raises
    ------
    ConfigError
        If its basis must stay as trained, and the realization has another.
    """
    if not can_rescale(network, layer.name):
        _require_dense(layer.name, realization)
        return layer.memory.A
    return _in_basis(layer.memory.A, realization.states(layer.memory.order, basis))


def _require_dense(name: str, realization: MemoryRealization) -> None:
    if not realization.trained_matrices:
        raise ConfigError(
            f"{name}: its memory is an output of the network, so its basis must stay "
            "that of the trained file, and its realization must be dense"
        )


def _in_basis(A: Array, states: Array) -> Array:
    return A * states[None, :] / states[:, None]


def read_through(network: Network, name: str, matrix: Array) -> Network:
    """Return the network in which everything that reads memory `name` reads ``matrix @ m``.

    Parameters
    ----------
    network : Network
    name : str
        A layer of which `can_rescale` is true.
    matrix : (d, d) float64
        The same for all memories of the layer.
    """
    layers = list(network.layers)
    index = [layer.name for layer in layers].index(name)
    layer = layers[index]
    if not isinstance(layer, LmuLayer):
        raise ConfigError(f"{name}: only an LMU layer has a memory")

    def through(weights: Array) -> Array:
        count = layer.memory_d * layer.memory.order
        return np.hstack(
            [
                weights[:, :count] @ np.kron(np.eye(layer.memory_d), matrix),
                weights[:, count:],
            ]
        )

    hidden = layer.hidden
    layers[index] = replace(
        layer,
        E_m=None if layer.E_m is None else through(layer.E_m),
        hidden=None if hidden is None else replace(hidden, W_m=through(hidden.W_m)),
    )
    if hidden is None:
        layers[index + 1] = _map_inputs(layers[index + 1], through)
    return replace(network, layers=tuple(layers))


def reading_norm(network: Network, name: str) -> float:
    """Return the Frobenius norm of all weights that read the memory of layer `name`."""
    weights = reading_weights(network, name)
    return float(np.sqrt(sum(float(np.sum(one**2)) for one in weights)))


def reading_weights(network: Network, name: str) -> list[Array]:
    """Return all weights that read the memory of layer `name`, (rows, states) each."""
    layers = list(network.layers)
    index = [layer.name for layer in layers].index(name)
    layer = layers[index]
    if not isinstance(layer, LmuLayer):
        return []
    states = layer.memory_d * layer.memory.order
    weights = [] if layer.E_m is None else [layer.E_m]
    if layer.hidden is not None:
        weights.append(layer.hidden.W_m)
    elif index + 1 < len(layers):
        _map_inputs(layers[index + 1], lambda read: weights.append(read[:, :states]) or read)
    return weights


def can_rescale(network: Network, name: str) -> bool:
    """Say whether the memory of layer `name` is read through weights only.

    Not so where it is an output of the network, or is passed on by a layer without hidden cell.
    """
    names = [layer.name for layer in network.layers]
    index = names.index(name)
    layer = network.layers[index]
    if not isinstance(layer, LmuLayer) or layer.hidden is not None:
        return True
    if index + 1 == len(names):
        return False
    states = layer.memory_d * layer.memory.order
    return not any(column < states for column in network.layers[index + 1].copies)


def _rebase(layer: LmuLayer, states: Array, scale: MemoryScale) -> LmuLayer:
    """Replace u by ``u / scale.u`` and each memory m by ``m / (scale.m * states)``."""
    heard = scale.u / scale.m
    all_states = np.tile(states, layer.memory_d)
    memory = replace(
        layer.memory,
        A=_in_basis(layer.memory.A, states),
        B=layer.memory.B / states * heard,
        theta=window(layer.memory),  # it cannot be found in another basis
        discretizer=Discretizer.STORED,
    )
    hidden = layer.hidden
    return replace(
        layer,
        memory=memory,
        E_x=layer.E_x / scale.u,
        E_h=None if layer.E_h is None else layer.E_h / scale.u,
        E_m=None if layer.E_m is None else layer.E_m * all_states / heard,
        b_u=None if layer.b_u is None else layer.b_u / scale.u,
        hidden=None if hidden is None else replace(hidden, W_m=hidden.W_m * all_states * scale.m),
    )


def _scale_inputs(layers: list[Layer], index: int, factors: Array) -> None:
    """Let a layer read ``x / factors``; those that its copies of x reach compute what they did."""
    while True:
        layer = layers[index]
        layers[index] = _map_inputs(layer, lambda weights, by=factors: weights * by)
        copied = factors[list(layer.copies)]
        if np.all(copied == 1.0):
            return
        index += 1
        if index == len(layers):
            raise ConfigError(
                f"{layer.name}: its input is passed on to the network's output, so an input scale "
                "must be 1"
            )
        factors = np.concatenate([np.ones(layer.outputs - len(copied)), copied])


def _map_inputs(layer: Layer, change: Callable[[Array], Array]) -> Layer:
    """Return the layer with all weights of its input changed."""

    def changed(cell: HiddenCell) -> HiddenCell:
        return cell if cell.W_x is None else replace(cell, W_x=change(cell.W_x))

    match layer:
        case DenseLayer():
            return replace(layer, W=change(layer.W))
        case RecurrentLayer():
            return replace(layer, cell=changed(layer.cell))
        case LmuLayer():
            hidden = layer.hidden and changed(layer.hidden)
            return replace(layer, E_x=change(layer.E_x), hidden=hidden)
    assert_never(layer)
