# SPDX-License-Identifier: Apache-2.0
"""Which memories can take another window at run time."""

from __future__ import annotations

from lmu_hw.errors import ConfigError
from lmu_hw.lmu import LmuLayer, Network, Role, node_name
from lmu_hw.quantize.config import Config, Options, Realization
from lmu_hw.quantize.memories import structure_of

__all__ = ["RELOADABLE", "require_reloadable"]

RELOADABLE = (Realization.SEMISEPARABLE, Realization.SCAN)
"""Kinds whose coefficients are written at run time; of semiseparable ones, those of rank 1."""


def require_reloadable(network: Network, chosen: Config | Options) -> None:
    """Raise unless every memory of a network can take another window.

    Parameters
    ----------
    network : Network
    chosen : Config or Options
        How the memories are computed. Of options, `AUTO` is refused: what it comes to is known
        only after quantizing, and may be a memory that keeps its window.

    Raises
    ------
    ConfigError
        If there is no memory, or one is, or may become, of another kind.
    """
    memories = [layer for layer in network.layers if isinstance(layer, LmuLayer)]
    if not memories:
        raise ConfigError(
            f"{network.name}: to be `reloadable` a network must have a memory, but it has none"
        )
    for layer in memories:
        kind, rank = _realization(layer, chosen)
        if kind in RELOADABLE and rank == 1:
            continue
        found = kind.value if rank == 1 else f"{kind.value} of rank {rank}"
        if kind is Realization.AUTO:
            found += ", which may choose another"
        name = node_name(layer.name, Role.MEMORY)
        raise ConfigError(
            f"{name}: to be `reloadable` a memory must be semiseparable of rank 1 or scan, "
            f"not {found}; set `realization` to semiseparable, without `memory_tolerance`, or to "
            "scan"
        )


def _realization(layer: LmuLayer, chosen: Config | Options) -> tuple[Realization, int]:
    """Return kind and rank of a memory."""
    name = node_name(layer.name, Role.MEMORY)
    if isinstance(chosen, Options):
        kind, tolerance = chosen.realization, chosen.memory_tolerance
        if tolerance is None:
            return kind, 1
        return kind, structure_of(layer.memory, kind, tolerance, where=name).rank
    node = chosen.nodes.get(name)
    if node is None or node.structure is None:
        return Realization.DENSE, 1
    return node.structure.kind, node.structure.rank
