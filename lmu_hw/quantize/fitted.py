# SPDX-License-Identifier: Apache-2.0
"""The memories of a network in integers, and what reads them fitted to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import LmuLayer, Network, Role, node_name
from lmu_hw.network import MemoryNode, Node
from lmu_hw.proofs import largest_deviation, rounding_covariance
from lmu_hw.quantize.config import MemoryScale, NodeConfig
from lmu_hw.quantize.memories import matrices, memory_node
from lmu_hw.quantize.refit import Fit, Refit, fit
from lmu_hw.quantize.transform import can_rescale, read_through, reading_norm

__all__ = [
    "Deviation",
    "FittedMemory",
    "Memories",
    "fit_memory",
    "fitted_memory",
    "quantize_memories",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Deviation:
    """The most that any state of a quantized memory is off for any u within its format, proved.

    Of the matrices alone: what rounding of the states adds is not in it.

    Attributes
    ----------
    fitted, before : float
        Read through the fit, and without it; the trained states are below about 1.
    """

    fitted: float
    before: float


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedMemory:
    """A memory in integers, and how what reads it is fitted to it.

    Attributes
    ----------
    layer : LmuLayer
        Realized.
    config : NodeConfig
    source : FixedFormat
        Of u.
    node : Node or MemoryNode
    fit : Fit or None
        None: what reads it is not fitted.
    """

    layer: LmuLayer
    config: NodeConfig
    source: FixedFormat
    node: Node | MemoryNode
    fit: Fit | None

    @cached_property
    def matrices(self) -> tuple[Array, Array]:
        """A and B of its integers; see `lmu_hw.quantize.memories.matrices`."""
        return matrices(self.node)

    @cached_property
    def deviation(self) -> Deviation:
        """How far it can be from the trained memory, with its fit and without.

        Raises
        ------
        StabilityError
            If a memory is not shown to be stable.
        """
        before = self._off_by(np.eye(self.layer.memory.order))
        return Deviation(
            fitted=before if self.fit is None else self._off_by(self.fit.matrix), before=before
        )

    def _off_by(self, rows: Array) -> float:
        ideal = self.layer.memory.A, self.layer.memory.B
        return largest_deviation(self.matrices, rows, ideal, None, what=self.node.name)

    def follows_from(self, layer: LmuLayer, config: NodeConfig, source: FixedFormat) -> bool:
        """Say whether its integers are those of a layer under a configuration; fits aside."""
        return (
            _same(self.layer, layer)
            and self.source == source
            and replace(self.config, refit=0, refit_tail=0.0)
            == replace(config, refit=0, refit_tail=0.0)
        )

    def fitted_as(self, other: FittedMemory) -> bool:
        """Say whether what reads another memory is fitted to it in the same way, too.

        The formats of what an update computes on its way are nothing that a fit depends on.
        """
        return (
            _same(self.layer, other.layer)
            and (self.config.refit, self.config.refit_tail)
            == (other.config.refit, other.config.refit_tail)
            and self.node.requant == other.node.requant
            and all(map(np.array_equal, self.matrices, other.matrices))
        )


def _same(layer: LmuLayer, other: LmuLayer) -> bool:
    """Say whether two layers have the same memory."""
    own, others = layer.memory, other.memory
    same = np.array_equal(own.A, others.A) and np.array_equal(own.B, others.B)
    return layer.name == other.name and same


@dataclass(frozen=True, slots=True, kw_only=True)
class Memories:
    """The memories of a network in integers.

    Attributes
    ----------
    realized : Network
        The float network in the basis and scale of the hardware.
    network : Network
        The same with its read-outs fitted to the memories.
    fitted : mapping of node name to FittedMemory
    refits : tuple of Refit
    """

    realized: Network
    network: Network
    fitted: Mapping[str, FittedMemory]
    refits: tuple[Refit, ...]

    @property
    def nodes(self) -> dict[str, Node | MemoryNode]:
        """Their nodes by name."""
        return {name: memory.node for name, memory in self.fitted.items()}


def quantize_memories(
    network: Network,
    scales: Mapping[str, MemoryScale],
    configs: Mapping[str, NodeConfig],
    *,
    known: Iterable[Memories] = (),
) -> Memories:
    """Quantize all memories of a realized network, and fit what reads them.

    Parameters
    ----------
    network : Network
        In the basis and scale of the hardware.
    scales : mapping of layer name to MemoryScale
    configs : mapping of node name to NodeConfig
        Of u and m of each layer at least.
    known : iterable of Memories, optional
        Of other configurations of the same network: what is the same in one of them is taken over.

    Raises
    ------
    ConfigError, StabilityError
        As `quantize_sum`.
    """
    earlier = [memory for memories in known for memory in memories.fitted.values()]
    realized = network
    fitted: dict[str, FittedMemory] = {}
    refits = []
    for layer in realized.layers:
        if not isinstance(layer, LmuLayer):
            continue
        name, source = (node_name(layer.name, role) for role in (Role.MEMORY, Role.ENCODED))
        for needed in (source, name):
            if needed not in configs:
                raise ConfigError(f"the configuration lacks the node {needed!r}")
        config, scale = configs[name], scales.get(layer.name)
        if config.refit and not can_rescale(realized, layer.name):
            raise ConfigError(
                f"{name}: it is an output of the network, so its refit must be 0, not "
                f"{config.refit}"
            )
        memory = _fitted(layer, config, configs[source].signal_format, scale, earlier)
        fitted[name] = memory
        if memory.fit is not None:
            before = reading_norm(network, layer.name)
            network = read_through(network, layer.name, memory.fit.matrix)
            refits.append(
                Refit(
                    memory=name,
                    horizon=memory.fit.horizon,
                    tail=config.refit_tail,
                    residual=memory.fit.residual,
                    beyond=memory.fit.beyond,
                    before=memory.fit.before,
                    growth=reading_norm(network, layer.name) / before if before else 1.0,
                )
            )
    return Memories(realized=realized, network=network, fitted=fitted, refits=tuple(refits))


def _fitted(
    layer: LmuLayer,
    config: NodeConfig,
    source: FixedFormat,
    scale: MemoryScale | None,
    known: Iterable[FittedMemory],
) -> FittedMemory:
    """Return a memory in integers with its fit, as far as possible from those that are known."""
    nodes = (memory.node for memory in known if memory.follows_from(layer, config, source))
    node = next(nodes, None) or memory_node(layer, config, source, scale)
    return fitted_memory(layer, config, source, node, known=known)


def fitted_memory(
    layer: LmuLayer,
    config: NodeConfig,
    source: FixedFormat,
    node: Node | MemoryNode,
    *,
    known: Iterable[FittedMemory] = (),
) -> FittedMemory:
    """Return a memory with the fit that its configuration asks for.

    Parameters
    ----------
    layer : LmuLayer
        Realized.
    config : NodeConfig
        Of the memory.
    source : FixedFormat
        Of u.
    node : Node or MemoryNode
        Its integers.
    known : iterable of FittedMemory, optional
        One of which may be fitted in the same way.
    """
    memory = FittedMemory(layer=layer, config=config, source=source, node=node, fit=None)
    if not config.refit:
        return memory
    fit = next((other.fit for other in known if other.fitted_as(memory)), None)
    if fit is None:
        ulp = node.requant.format.ulp
        fit = fit_memory(layer, memory.matrices, ulp, config.refit, config.refit_tail)
    return replace(memory, fit=fit)


def fit_memory(
    layer: LmuLayer, quantized: tuple[Array, Array], ulp: float, horizon: int, tail: float
) -> Fit:
    """Fit the memory of a realized layer by its quantized form; see `fit`.

    Parameters
    ----------
    layer : LmuLayer
        Realized.
    quantized : (A (d, d), B (d,))
        Of its integers.
    ulp : float
        Of the quantized states.
    horizon, tail
        See `fit`.
    """
    # What is narrowed inside an update is left out: as a regularization this is enough.
    noise = rounding_covariance(quantized[0]) * ulp**2
    return fit((layer.memory.A, layer.memory.B), quantized, noise, horizon, tail)
