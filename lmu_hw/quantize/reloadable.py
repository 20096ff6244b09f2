# SPDX-License-Identifier: Apache-2.0
"""Which memories can take another window at run time."""

from __future__ import annotations

from lmu_hw.errors import ConfigError
from lmu_hw.lmu import LmuLayer, Network
from lmu_hw.quantize.config import Config, Options, Realization

__all__ = ["RELOADABLE", "require_reloadable"]

RELOADABLE = (Realization.SEMISEPARABLE, Realization.SCAN)
"""Kinds whose coefficients are written at run time; of semiseparable ones, those of rank 1."""


def require_reloadable(network: Network, chosen: Config | Options) -> None:
    """Raise unless every memory of a network can take another window.

    Parameters
    ----------
    network : Network
    chosen : Config or Options
        How the memories are computed. What only quantizing shows, what `AUTO` comes to and the rank
        of a memory, options do not tell: it is left to the configuration.

    Raises
    ------
    ConfigError
        If there is no memory, or one is of another kind.
    """
    memories = [f"{layer.name}.m" for layer in network.layers if isinstance(layer, LmuLayer)]
    if not memories:
        raise ConfigError(
            f"{network.name}: to be `reloadable` a network must have a memory, but it has none"
        )
    for name in memories:
        kind, rank = _realization(name, chosen)
        if kind is Realization.AUTO or (kind in RELOADABLE and rank == 1):
            continue
        found = kind.value if rank == 1 else f"{kind.value} of rank {rank}"
        raise ConfigError(
            f"{name}: to be `reloadable` a memory must be semiseparable of rank 1 or scan, not "
            f"{found}; set `realization` to semiseparable, without `memory_tolerance`, or to scan"
        )


def _realization(name: str, chosen: Config | Options) -> tuple[Realization, int]:
    """Return kind and rank of a memory."""
    if isinstance(chosen, Options):
        return chosen.realization, 1
    node = chosen.nodes.get(name)
    if node is None or node.structure is None:
        return Realization.DENSE, 1
    return node.structure.kind, node.structure.rank
