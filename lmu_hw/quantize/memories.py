# SPDX-License-Identifier: Apache-2.0
"""One memory in integers: what replaces its matrices, and the codes of its coefficients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import member
from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import (
    Discretizer,
    Generators,
    LmuLayer,
    Memory,
    Role,
    alternating_signs,
    discretize,
    node_name,
    orthonormal_scale,
    semiseparable,
    semiseparable_rank,
    window,
)
from lmu_hw.network import AnyNode, MemoryNode, Node
from lmu_hw.network.float_nodes import memory_nodes
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.proofs import StabilityError, spectral_radius, values
from lmu_hw.quantize.config import Basis, MemoryScale, NodeConfig, Realization, Structure
from lmu_hw.quantize.scan import scan_update
from lmu_hw.quantize.structured import (
    SweepFormats,
    dequantized,
    semiseparable_update,
    sweep_formats,
)
from lmu_hw.quantize.sums import quantize_sum
from lmu_hw.quantize.transform import state_scale
from lmu_hw.quantize.two_pass import two_pass_update

__all__ = [
    "LEGENDRE",
    "float_memory",
    "generators",
    "matrices",
    "memory_node",
    "structure_of",
]

Array = NDArray[np.float64]

LEGENDRE = (Realization.SCAN, Realization.TWO_PASS)
"""Realizations by running sums: their basis is that of the trained file."""

_WIDEST = 32


def memory_node(
    layer: LmuLayer, config: NodeConfig, source: FixedFormat, scale: MemoryScale | None
) -> Node | MemoryNode:
    """Return the memory of a realized layer in integers.

    Parameters
    ----------
    layer : LmuLayer
        Realized.
    config : NodeConfig
        Of the memory.
    source : FixedFormat
        Of u.
    scale : MemoryScale or None
        Of the layer.

    Raises
    ------
    ConfigError
        If the configuration does not fit, or a coefficient does not fit its format.
    StabilityError
        If the memory is not stable as rounded.
    """
    if config.structure is not None:
        return _structured(layer, config, config.structure, source, scale)
    u, m = memory_nodes(layer)
    return quantize_sum(m, config, {u.name: source, m.name: config.signal_format})


def matrices(node: AnyNode) -> tuple[Array, Array]:
    """Return A (d, d) and B (d,) of a quantized memory, to the accuracy of float64."""
    if isinstance(node, MemoryNode) and isinstance(node.update, Semiseparable):
        return dequantized(node.update).matrices()
    A = values(node, node.name, delayed=True)
    B = values(node, node_name(node.layer, Role.ENCODED), delayed=False)
    empty = np.zeros((node.rows, node.rows))
    return (empty if A is None else A), (empty[0] if B is None else B[:, 0])


def generators(layer: LmuLayer, structure: Structure, scale: MemoryScale | None) -> Generators:
    """Return the generators of the semiseparable memory that stands for a realized one.

    Parameters
    ----------
    layer : LmuLayer
        Realized.
    structure : Structure
    scale : MemoryScale or None
        Of the layer.

    Raises
    ------
    NetworkError
        If the memory is not a Legendre memory.
    """
    A, B = layer.memory.A, layer.memory.B
    if structure.rank == 1:
        heard = 1.0 if scale is None else scale.u / scale.m
        states = state_scale(layer, Basis.ORTHONORMAL, Realization.SEMISEPARABLE)
        A, B = discretize(layer.memory.order, structure.theta, Discretizer.BILINEAR)
        A, B = A * states / states[:, None], heard * B / states
    return semiseparable(A, B, structure.rank)


def float_memory(
    layer: LmuLayer, structure: Structure, scale: MemoryScale | None
) -> tuple[Array, Array]:
    """Return A and B of the memory that a structure realizes, before its coefficients are rounded.

    Parameters
    ----------
    layer : LmuLayer
        Realized.
    structure : Structure
    scale : MemoryScale or None
        Of the layer.
    """
    if structure.kind is Realization.SEMISEPARABLE:
        return generators(layer, structure, scale).matrices()
    euler = structure.kind is Realization.SCAN
    method = Discretizer.EULER if euler else Discretizer.BILINEAR
    return discretize(layer.memory.order, structure.theta, method)


def structure_of(
    memory: Memory, kind: Realization, tolerance: float | None, *, where: str
) -> Structure:
    """Return what replaces the matrices of a trained memory; formats are left open.

    Parameters
    ----------
    memory : Memory
        As trained.
    kind : Realization
    tolerance : float or None
        Of a semiseparable memory; see `Options.memory_tolerance`.
    where : str
        Names the memory in messages.

    Raises
    ------
    ConfigError
        If its window is needed and cannot be found, or a tolerance is given for another kind.
    StabilityError
        If forward Euler is not stable for the window.
    """
    kind = member(kind, "the realization", Realization)
    theta = window(memory)
    if tolerance is not None and kind is not Realization.SEMISEPARABLE:
        raise ConfigError(f"{where}: `memory_tolerance` is for a semiseparable realization only")
    if theta is None and tolerance is None:
        raise ConfigError(
            f"{where}: its window must be known for a {kind.value} realization, and its matrices "
            "are not those of a Legendre memory of any; state it where the network is loaded "
            "(`theta`), or use `realization` semiseparable with `memory_tolerance`, or dense"
        )
    structure = Structure(kind=kind, theta=theta or float(memory.order))
    if tolerance is None:
        return structure
    states = orthonormal_scale(memory.order) * alternating_signs(memory.order)
    A, B = memory.A * states / states[:, None], memory.B / states
    return replace(structure, rank=semiseparable_rank(A, B, tolerance))


def _update(
    layer: LmuLayer, config: NodeConfig, structure: Structure, source: FixedFormat
) -> Scan | TwoPass:
    """Return a memory of running sums, which hears u as it is."""
    make = scan_update if structure.kind is Realization.SCAN else two_pass_update
    return make(
        layer.memory.order,
        structure.theta,
        rate_bits=structure.rate_bits,
        running_bits=structure.running_bits,
        state=config.requant,
        source=source,
        where=node_name(layer.name, Role.MEMORY),
    )


def _sweeps(
    layer: LmuLayer, config: NodeConfig, structure: Structure, scale: MemoryScale | None
) -> Semiseparable:
    name = node_name(layer.name, Role.MEMORY)
    if set(config.weights) != {"rates", "carry"}:
        raise ConfigError(f"{name}: its weights must be rates and carry, not {config.weights}")
    if structure.forward is None or structure.backward is None:
        raise ConfigError(f"{name}: its structure must have formats forward and backward")
    formats = SweepFormats(
        rates=config.weights["rates"],
        carry=config.weights["carry"],
        forward=structure.forward,
        backward=structure.backward,
    )
    found = generators(layer, structure, scale)
    return semiseparable_update(found, formats, row_shifts=config.row_shifts, where=name)


def _structured(
    layer: LmuLayer,
    config: NodeConfig,
    structure: Structure,
    source: FixedFormat,
    scale: MemoryScale | None,
) -> MemoryNode:
    name = node_name(layer.name, Role.MEMORY)
    heard = 1.0 if scale is None else scale.u / scale.m
    if structure.kind in LEGENDRE and heard != 1.0:
        raise ConfigError(
            f"{name}: a {structure.kind.value} memory hears u as it is, so its memory_scale must "
            f"have u = m, not {heard:g} of it"
        )
    node = _rounded(layer, config, structure, source, scale)
    radius = spectral_radius(matrices(node)[0])
    if radius >= 1.0:
        bits = _stable_bits(layer, config, structure, source, scale)
        instead = f"give them {bits} bits" if bits else "set `realization` to dense"
        raise StabilityError(
            f"{name}: rounding its coefficients makes the memory unstable: its spectral radius "
            f"must be below 1, not {radius:.6f}; {instead}"
        )
    return node


def _rounded(
    layer: LmuLayer,
    config: NodeConfig,
    structure: Structure,
    source: FixedFormat,
    scale: MemoryScale | None,
) -> MemoryNode:
    return MemoryNode(
        layer=layer.name,
        segments=layer.memory_d,
        source=node_name(layer.name, Role.ENCODED),
        update=_update(layer, config, structure, source)
        if structure.kind in LEGENDRE
        else _sweeps(layer, config, structure, scale),
        requant=config.requant,
    )


def _stable_bits(
    layer: LmuLayer,
    config: NodeConfig,
    structure: Structure,
    source: FixedFormat,
    scale: MemoryScale | None,
) -> int | None:
    """Return the fewest bits, more than there are, with which a structured memory is stable."""
    legendre = structure.kind in LEGENDRE
    width = structure.rate_bits if legendre else config.weights["rates"].width
    for bits in range(width + 1, _WIDEST + 1):
        try:
            if legendre:
                structure = replace(structure, rate_bits=bits)
            else:
                found = generators(layer, structure, scale)
                where = node_name(layer.name, Role.MEMORY)
                formats = sweep_formats(found, bits, config.signal_format, source, where=where)
                weights = {"rates": formats.rates, "carry": formats.carry}
                config = replace(config, weights=weights)
            node = _rounded(layer, config, structure, source, scale)
        except (ConfigError, NetworkError, StabilityError):
            continue
        if spectral_radius(matrices(node)[0]) < 1.0:
            return bits
    return None
