# SPDX-License-Identifier: Apache-2.0
"""Whether the refit of a memory helps: by what is proved for all inputs, and on calibration data.

A fit is the best one for white inputs, so there are networks that it makes worse: those that hear
slow signals in few steps, or whose weights grow so much that they lose bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed.ops import quantize as quantize_values
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import LmuLayer, Network, window
from lmu_hw.network import AnyNode
from lmu_hw.proofs import StabilityError, largest_deviation, spectral_radius
from lmu_hw.quantize.config import Config
from lmu_hw.quantize.convert import quantize, realized
from lmu_hw.quantize.memories import fit_memory, matrices, quantize_memories

__all__ = [
    "NOISE",
    "WINDOWS",
    "Deviation",
    "deviation",
    "measurable",
    "measured_errors",
    "reach",
    "refused",
    "with_reasons",
]

Array = NDArray[np.float64]

NOISE = 1.05
"""Ratio of measured errors that says nothing: they are of a few sequences."""

WINDOWS = 4
"""Of a memory, over which it is fitted where every step is answered."""

_SEQUENCES = 16
_FEW_STEPS, _MOST_STEPS = 500, 2_000
_DIED_DOWN = 1e-4
_SMALLEST_RADIUS = 1e-3


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


def reach(layer: LmuLayer, *, windows: int) -> int:
    """Return the steps of that many windows of a memory; until it has died down if it has none."""
    theta = window(layer.memory)
    if theta is not None:
        return max(1, round(windows * theta))
    radius = max(spectral_radius(layer.memory.A), _SMALLEST_RADIUS)
    return max(4 * layer.memory.order, math.ceil(math.log(_DIED_DOWN) / math.log(radius)))


def deviation(layer: LmuLayer, node: AnyNode, horizon: int, tail: float) -> Deviation:
    """Return how far a quantized memory can be from the trained one, with its fit and without.

    Parameters
    ----------
    layer : LmuLayer
        Realized.
    node : Node or MemoryNode
    horizon, tail
        Of the fit; see `fit`.

    Raises
    ------
    StabilityError
        If a memory is not shown to be stable.
    """
    ideal = layer.memory.A, layer.memory.B
    off = [
        largest_deviation(matrices(node), rows, ideal, None, what=node.name)
        for rows in (fit_memory(layer, node, horizon, tail).matrix, np.eye(layer.memory.order))
    ]
    return Deviation(*off)


def refused(network: Network, config: Config) -> dict[str, str]:
    """Return the fits of a configuration that are not proved to help, by layer, and why.

    Parameters
    ----------
    network : Network
        As trained.
    config : Config
    """
    float_network = realized(network, config)
    memories = quantize_memories(float_network, config.memory_scale, config.nodes)
    layers = {one.name: one for one in float_network.layers if isinstance(one, LmuLayer)}
    reasons = {}
    for refit in memories.refits:
        name, node = refit.memory.removesuffix(".m"), memories.nodes[refit.memory]
        try:
            off = deviation(layers[name], node, refit.horizon, refit.tail)
        except StabilityError as error:
            reasons[name] = f"it cannot be compared: {error}"
            continue
        if not off.fitted <= off.before:
            reasons[name] = (
                f"with the fit over {refit.horizon:,} steps it would be off by at most "
                f"{off.fitted:.3g} for any input, without by {off.before:.3g}"
            )
    return reasons


def measurable(network: Network, horizons: Mapping[str, int]) -> bool:
    """Say whether `measured_errors` runs whole windows of every memory that would be fitted."""
    windows = 1 if network.answers_once else WINDOWS
    return 0 < max(horizons.values(), default=0) <= windows * _MOST_STEPS


def measured_errors(network: Network, configs: Sequence[Config], x: Array) -> list[float]:
    """Return rms(fixed - float) / rms(float) of the answers to a few calibration sequences.

    Sequences that are shorter than what the read-outs are fitted over are repeated until they fill
    it: short ones would only show how a memory begins.

    Parameters
    ----------
    network : Network
        As trained.
    configs : sequence of Config
        Of the same input.
    x : (sequences, steps, inputs) float64
        In units of ``input_scale``.
    """
    horizon = max(node.refit for config in configs for node in config.nodes.values())
    steps = min(max(x.shape[1], horizon), max(horizon, _FEW_STEPS), _MOST_STEPS)
    chosen = np.unique(np.linspace(0, len(x) - 1, _SEQUENCES).astype(int))
    x = np.tile(x[chosen, :steps], (1, -(-steps // x.shape[1]), 1))[:, :steps]
    floats = realized(network, configs[0]).run(x)
    norm = float(np.sqrt(np.mean(np.square(floats)))) or 1.0
    errors = []
    for config in configs:
        golden = GoldenModel(quantize(network, config, model_digest=""))
        y_codes, _ = golden.run(quantize_values(x, config.input, what="input")[0])
        off = golden.output_values(y_codes) - floats
        errors.append(float(np.sqrt(np.mean(np.square(off)))) / norm)
    return errors


def with_reasons(config: Config, reasons: Mapping[str, str]) -> Config:
    """Return a configuration that says of layers why what reads their memory is not fitted."""
    nodes = dict(config.nodes)
    for name, reason in reasons.items():
        node = nodes[f"{name}.m"]
        text = f"not fitted: {reason}"
        nodes[f"{name}.m"] = replace(node, why=(*node.why, text))
    return replace(config, nodes=nodes)
