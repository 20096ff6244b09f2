# SPDX-License-Identifier: Apache-2.0
"""Whether the trained memories are stable, shown before anything long is done."""

from __future__ import annotations

from collections.abc import Mapping

from lmu_hw.lmu import LmuLayer, Network, Role, node_name
from lmu_hw.proofs import CLOSEST, StabilityError, float_gains, spectral_radius
from lmu_hw.quantize.config import Config
from lmu_hw.quantize.options import Options
from lmu_hw.quantize.transform import realized_matrix
from lmu_hw.realize import DenseRealization, MemoryRealization, Realization, realization

__all__ = ["require_provable", "require_stable"]


def require_provable(network: Network, options: Options, config: Config | None = None) -> None:
    """Raise unless the trained memories are shown to be stable, which their certificates need.

    It takes a part of the time of a certificate, which then uses the result.

    Parameters
    ----------
    network : Network
        As trained.
    options : Options
    config : Config, optional
        In place of the options.

    Raises
    ------
    StabilityError
        If a memory is not stable, or not shown to be.
    """
    require_stable(network)
    realizations: Mapping[str, MemoryRealization] = {}
    if config is not None:
        realizations = config.realizations(network)
    elif options.realization is Realization.AUTO:
        return  # no basis is chosen yet
    else:
        kind = realization(options.realization.value)
        realizations = {
            layer.name: kind.of(
                layer.memory, options.memory_tolerance, where=node_name(layer.name, Role.MEMORY)
            )
            for layer in network.layers
            if isinstance(layer, LmuLayer)
        }
    basis = options.basis if config is None else config.basis
    for layer in network.layers:
        if isinstance(layer, LmuLayer):
            chosen = realizations.get(layer.name, DenseRealization())
            A = realized_matrix(network, layer, basis, chosen)
            float_gains(A, what=f"{node_name(layer.name, Role.MEMORY)} in float")


def require_stable(network: Network) -> None:
    """Raise `StabilityError` unless the spectral radius of every memory is below 1."""
    for layer in network.layers:
        if not isinstance(layer, LmuLayer):
            continue
        radius = spectral_radius(layer.memory.A)
        if radius >= 1.0 - CLOSEST:
            raise StabilityError(
                f"{layer.name}: the memory is not stable: its spectral radius must be below 1, "
                f"not {radius:.6f}"
            )
