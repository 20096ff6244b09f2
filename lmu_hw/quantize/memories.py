# SPDX-License-Identifier: Apache-2.0
"""One memory in integers: what replaces its matrices, and the codes of its coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import LmuLayer, Role, node_name
from lmu_hw.network import AnyMemory, MemoryNode, Node, realization_of
from lmu_hw.quantize.config import MemoryScale, NodeConfig
from lmu_hw.realize import realization

__all__ = ["matrices", "memory_node", "u_share"]

Array = NDArray[np.float64]


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
    if config.output is not None:
        raise ConfigError(
            f"{node_name(layer.name, Role.MEMORY)}: a memory must have no output format"
        )
    return config.realization.node(layer, config, source, u_share(scale))


def u_share(scale: MemoryScale | None) -> float:
    """Return the share of u that enters a memory."""
    return 1.0 if scale is None else scale.u / scale.m


def matrices(node: AnyMemory) -> tuple[Array, Array]:
    """Return A (d, d) and B (d,) of a quantized memory, to the accuracy of float64."""
    return realization(realization_of(node)).rounded(node)
