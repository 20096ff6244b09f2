# SPDX-License-Identifier: Apache-2.0
"""Quantized networks that are tried: all that follows from what is chosen for the memories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lmu_hw.lmu import LmuLayer, Network, Role, node_name, orthonormal_scale
from lmu_hw.lmu.roles import pre_activation
from lmu_hw.load import network_digest
from lmu_hw.network.float_nodes import float_nodes, memory_nodes
from lmu_hw.proofs import prove_ranges
from lmu_hw.quantize.choose import Candidate, Choice
from lmu_hw.quantize.config import Config, MemoryScale, NodeConfig, Options
from lmu_hw.quantize.convert import Quantization, assemble
from lmu_hw.quantize.fitted import quantize_memories
from lmu_hw.quantize.formats import FULL_SCALE, Chooser, States, input_format
from lmu_hw.quantize.memories import memory_node
from lmu_hw.quantize.ranges import Range, int_bits_for
from lmu_hw.quantize.refit import TAIL
from lmu_hw.quantize.transform import HOMOGENEOUS, can_rescale, reading_weights, realize
from lmu_hw.realize import MemoryRealization
from lmu_hw.sequences import Sequences

__all__ = ["Attempts"]


class Attempts:
    """Quantizes a network for what is chosen for its memories.

    What is the same in two attempts, such as a memory or its proof, is computed in the first only.

    Parameters
    ----------
    network : Network
        As trained.
    x : Sequences of float64
        Calibration data in units of the input scale.
    ranges : mapping of node name to Range
        Of the trained network on these data.
    options : Options

    Attributes
    ----------
    layers : dict of name to LmuLayer
    rescalable : frozenset of str
        Those whose memory is read through weights only.
    """

    def __init__(
        self, network: Network, x: Sequences, ranges: Mapping[str, Range], options: Options
    ) -> None:
        self.network, self.ranges, self.options = network, ranges, options
        self.input = input_format(x.values, options)
        self.layers = {layer.name: layer for layer in network.layers if isinstance(layer, LmuLayer)}
        self.rescalable = frozenset(name for name in self.layers if can_rescale(network, name))
        self._model_digest = network_digest(network)
        self._networks: dict[frozenset[object], Network] = {}
        self._done: list[Quantization] = []

    def quantized(
        self,
        choices: Mapping[str, Choice],
        states: Mapping[str, States],
        horizons: Mapping[str, int],
    ) -> Quantization:
        """Return a network in integers, with the proofs of its memories' ranges.

        The memories come first: what reads them is fitted to them before it gets its formats.

        Parameters
        ----------
        choices : mapping of layer name to Choice
            How each memory is computed.
        states : mapping of layer name to States
        horizons : mapping of layer name to int
            Steps over which what reads a memory is fitted to it; 0: it is not.

        Raises
        ------
        ConfigError, StabilityError
            If there is no such network, or a memory of it is not shown to be stable.
        """
        scales = {
            name: self._scale(name, state.heard)
            for name, state in states.items()
            if name in self.rescalable
        }
        realizations = {name: choice.realization for name, choice in choices.items()}
        realized = self._realized(scales, realizations)
        chooser = self._chooser(realized, scales, states, realizations)
        configs: dict[str, NodeConfig] = {}
        for layer in (layer for layer in realized.layers if isinstance(layer, LmuLayer)):
            u, m = memory_nodes(layer)
            configs[u.name] = chooser.node(u)
            source, scale = configs[u.name].signal_format, scales.get(layer.name)
            config = chooser.memory(layer, choices[layer.name], source, scale)
            if horizons[layer.name]:
                config = replace(config, refit=horizons[layer.name], refit_tail=TAIL)
            configs[m.name] = config
        memories = quantize_memories(
            realized, scales, configs, known=(other.memories for other in self._done)
        )
        nodes = [node for layer in memories.network.layers for node in float_nodes(layer)]
        config = Config(
            basis=self.options.basis,
            input=self.input,
            input_scale=self.options.input_scale,
            memory_scale=scales,
            nodes={
                node.name: configs[node.name] if node.role is Role.MEMORY else chooser.node(node)
                for node in nodes
            },
        )
        quantization = assemble(self.network, memories, config, model_digest=self._model_digest)
        proofs = (proof for other in self._done for proof in other.ranges.values())
        ranges = prove_ranges(quantization.network, known=proofs)
        self._done.append(replace(quantization, ranges=ranges))
        return self._done[-1]

    def candidate(self, name: str, choice: Choice, state: States) -> Candidate:
        """Return a memory in integers, as it would be for a choice; its range is left open."""
        how, order = choice.realization, self.layers[name].memory.order
        if not how.takes_share:  # its states are the orthonormal ones, below 1.05, times a scale
            state = replace(state, int_bits=int_bits_for(0.0, 1.05 * orthonormal_scale(order)[-1]))
        scales = {name: self._scale(name, state.heard)}
        realized = self._realized(scales, {name: how})
        memories = (layer for layer in realized.layers if isinstance(layer, LmuLayer))
        layer = next(layer for layer in memories if layer.name == name)
        chooser = self._chooser(realized, scales, {name: state}, {name: how})
        source = chooser.node(memory_nodes(layer)[0]).signal_format
        config = chooser.memory(layer, choice, source, scales[name])
        node = memory_node(layer, config, source, scales[name])
        read = tuple(reading_weights(realized, name))
        return Candidate(choice=choice, layer=layer, read=read, node=node)

    def _scale(self, name: str, heard: float) -> MemoryScale:
        largest = self.ranges[node_name(name, Role.ENCODED)].magnitude or 1.0
        u = _rounded(largest * self.options.margin / FULL_SCALE)
        scalable = self.layers[name].encoder in HOMOGENEOUS
        return MemoryScale(u=u if scalable else 1.0, m=_rounded(u / heard))

    def _realized(
        self, scales: Mapping[str, MemoryScale], realizations: Mapping[str, MemoryRealization]
    ) -> Network:
        key = frozenset((*scales.items(), *realizations.items()))
        if key not in self._networks:
            self._networks[key] = realize(
                self.network,
                basis=self.options.basis,
                input_scale=self.options.input_scale,
                memory_scale=scales,
                realizations=realizations,
            )
        return self._networks[key]

    def _chooser(
        self,
        realized: Network,
        scales: Mapping[str, MemoryScale],
        states: Mapping[str, States],
        realizations: Mapping[str, MemoryRealization],
    ) -> Chooser:
        ranges = self._scaled_ranges(scales, realizations)
        return Chooser(realized, ranges, self.input, self.options, states)

    def _scaled_ranges(
        self, scales: Mapping[str, MemoryScale], realizations: Mapping[str, MemoryRealization]
    ) -> dict[str, Range]:
        ranges = dict(self.ranges)
        for name, scale in scales.items():
            layer = self.layers[name]
            states = realizations[name].states(layer.memory.order, self.options.basis)
            factors = scale.m * np.tile(states, layer.memory_d)
            m = node_name(name, Role.MEMORY)
            ranges[m] = ranges[m].divided_by(factors)
            for u in (node_name(name, Role.ENCODED), pre_activation(name, Role.ENCODED)):
                if u in ranges:
                    ranges[u] = ranges[u].divided_by(scale.u)
        return ranges


def _rounded(scale: float) -> float:
    """Round to four digits, so that no bit depends on the order in which a machine adds."""
    return float(f"{scale:.3e}")
