# SPDX-License-Identifier: Apache-2.0
"""Which memories can take another window at run time."""

from __future__ import annotations

from lmu_hw.errors import ConfigError
from lmu_hw.lmu import LmuLayer, Network, Role, node_name
from lmu_hw.quantize.config import Config, Options
from lmu_hw.realize import (
    REALIZATIONS,
    DenseRealization,
    MemoryRealization,
    Realization,
    realization,
    reloadable_kinds,
)

__all__ = ["require_reloadable"]


def require_reloadable(
    network: Network, chosen: Config | Options, *, instead: str = "make `reloadable` all"
) -> None:
    """Raise unless every memory of a network can take another window.

    Parameters
    ----------
    network : Network
    chosen : Config or Options
        How the memories are computed. Of options, `AUTO` is refused: what it comes to is known
        only after quantizing, and may be a memory that keeps its window.
    instead : str
        What else can be done, for the message.

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
        found = _realization(network, layer, chosen)
        if found is not None and found.reloadable:
            continue
        title = "auto, which may choose another" if found is None else found.title
        names = " or ".join(name for name, kind in REALIZATIONS.items() if kind.reloadable_as)
        name = node_name(layer.name, Role.MEMORY)
        raise ConfigError(
            f"{name}: to be `reloadable` a memory must be {reloadable_kinds()}, not {title}; set "
            f"`realization` to {names}, without `memory_tolerance`, or {instead}"
        )


def _realization(
    network: Network, layer: LmuLayer, chosen: Config | Options
) -> MemoryRealization | None:
    """Return how a memory is computed; None: that is chosen only when it is quantized."""
    name = node_name(layer.name, Role.MEMORY)
    if isinstance(chosen, Config):
        return chosen.realizations(network).get(layer.name, DenseRealization())
    if chosen.realization is Realization.AUTO:
        return None
    kind = realization(chosen.realization.value)
    return kind.of(layer.memory, chosen.memory_tolerance, where=name)
