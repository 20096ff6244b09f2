# SPDX-License-Identifier: Apache-2.0
"""A trained network as it is quantized, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import LmuLayer, Network
from lmu_hw.network import QuantizedNetwork
from lmu_hw.quantize import Config, realized
from lmu_hw.quantize.convert import assemble
from lmu_hw.quantize.fitted import Memories, quantize_memories
from lmu_hw.quantize.transform import read_through
from lmu_hw.train.weights import placement, rewriting, weights, with_weights

__all__ = ["Rewriting"]

Array = NDArray[np.float64]

_CONDITION = 1e10
"""Largest condition of a rewriting that float64 undoes to well below the ulp of any weight."""


class Rewriting:
    """What quantization does to the arrays of a network, with everything that stays computed once.

    A memory that hardware computes by other matrices than the trained ones becomes the Legendre
    memory of that kind; a fit to it could not be undone otherwise.

    Parameters
    ----------
    network : Network
        As trained.
    config : Config

    Attributes
    ----------
    start : dict of str to float64
        The rewritten arrays of the network.
    places : mapping
        Where they go; see `placement`.

    Raises
    ------
    NetworkError
        If a rewriting cannot be undone.
    """

    def __init__(self, network: Network, config: Config) -> None:
        self.config = config
        self.start = weights(_memories(network, config).network)
        self._origin = _adopted(network, config)
        self._memories = _memories(self._origin, config)
        self._fits = _fits(self._memories)
        maps = rewriting(self._origin, self._rewritten)
        self._inverses = {name: _inverse(matrix, name) for name, matrix in maps.items()}
        self.places = placement(self._memories.network)

    def undone(self, arrays: Mapping[str, Array]) -> Network:
        """Return the network, in the units of the trained one, of rewritten arrays."""
        values = {
            # A vector is a column.
            name: (array.reshape(len(array), -1) @ self._inverses[name]).reshape(array.shape)
            for name, array in (self.start | dict(arrays)).items()
        }
        return with_weights(self._origin, values)

    def quantized(self, network: Network) -> QuantizedNetwork:
        """Return a network of `undone` in integers, as `lmu_hw.quantize.quantize` would."""
        memories = replace(self._memories, network=self._rewritten(network))
        return assemble(network, memories, self.config, model_digest="").network

    def _rewritten(self, network: Network) -> Network:
        network = realized(network, self.config)
        for name, matrix in self._fits.items():
            network = read_through(network, name, matrix)
        return network


def _inverse(matrix: Array, name: str) -> Array:
    condition = float(np.linalg.cond(matrix))
    if not condition < _CONDITION:
        raise NetworkError(
            f"{name}: what fits it to its memory must have a condition below {_CONDITION:g} to be "
            f"undone, not {condition:.3g}; configure without refit"
        )
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _adopted(network: Network, config: Config) -> Network:
    """Return a network with the Legendre memories that hardware will have, where it has others."""
    realizations, layers = config.realizations(network), []
    for layer in network.layers:
        realization = realizations.get(layer.name)
        if isinstance(layer, LmuLayer) and realization is not None:
            memory = realization.legendre(layer.memory.order)
            layer = replace(layer, memory=memory or layer.memory)
        layers.append(layer)
    return replace(network, layers=tuple(layers))


def _memories(network: Network, config: Config) -> Memories:
    return quantize_memories(realized(network, config), config.memory_scale, config.nodes)


def _fits(memories: Memories) -> dict[str, Array]:
    """Return for each layer with a fitted memory the matrix through which it is read."""
    return {
        memory.layer.name: memory.fit.matrix
        for memory in memories.fitted.values()
        if memory.fit is not None
    }
