# SPDX-License-Identifier: Apache-2.0
"""Whether the refit of a memory helps: by what is proved for all inputs, and on calibration data.

A fit is the best one for white inputs, so there are networks that it makes worse: those that hear
slow signals in few steps, or whose weights grow so much that they lose bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed.ops import quantize
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import LmuLayer, Network, Role, node_name, window
from lmu_hw.proofs import StabilityError, spectral_radius
from lmu_hw.quantize.config import Config
from lmu_hw.quantize.convert import Quantization
from lmu_hw.sequences import Sequences

__all__ = [
    "NOISE",
    "WINDOWS",
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


def reach(layer: LmuLayer, *, windows: int) -> int:
    """Return the steps of that many windows of a memory; until it has died down if it has none."""
    theta = window(layer.memory)
    if theta is not None:
        return max(1, round(windows * theta))
    radius = max(spectral_radius(layer.memory.A), _SMALLEST_RADIUS)
    return max(4 * layer.memory.order, math.ceil(math.log(_DIED_DOWN) / math.log(radius)))


def refused(quantization: Quantization) -> dict[str, str]:
    """Return the fits of a quantized network that are not proved to help, by layer, and why."""
    reasons = {}
    for memory in quantization.memories.fitted.values():
        if memory.fit is None:
            continue
        try:
            deviation = memory.deviation
        except StabilityError as error:
            reasons[memory.layer.name] = f"it cannot be compared: {error}"
            continue
        if not deviation.fitted <= deviation.before:
            reasons[memory.layer.name] = (
                f"with the fit over {memory.fit.horizon:,} steps it would be off by at most "
                f"{deviation.fitted:.3g} for any input, without by {deviation.before:.3g}"
            )
    return reasons


def measurable(network: Network, horizons: Mapping[str, int]) -> bool:
    """Say whether `measured_errors` runs whole windows of every memory that would be fitted."""
    windows = 1 if network.answers_once else WINDOWS
    return 0 < max(horizons.values(), default=0) <= windows * _MOST_STEPS


def measured_errors(quantizations: Sequence[Quantization], x: Sequences) -> list[float]:
    """Return rms(fixed - float) / rms(float) of the answers to a few calibration sequences.

    Sequences that are shorter than what the read-outs are fitted over are repeated until they fill
    it: short ones would only show how a memory begins.

    Parameters
    ----------
    quantizations : sequence of Quantization
        Of one trained network, with the same input.
    x : Sequences of float64
        In units of ``input_scale``.
    """
    horizon = max(
        node.refit for quantization in quantizations for node in quantization.config.nodes.values()
    )
    steps = min(max(x.longest, horizon), max(horizon, _FEW_STEPS), _MOST_STEPS)
    chosen = np.unique(np.linspace(0, len(x) - 1, _SEQUENCES).astype(int))
    filled = np.stack([np.resize(values, (steps, x.features)) for values in x[chosen]])
    x_codes, _ = quantize(filled, quantizations[0].config.input, what="input")
    floats = quantizations[0].memories.realized.run(filled)
    norm = float(np.sqrt(np.mean(np.square(floats)))) or 1.0
    errors = []
    for quantization in quantizations:
        golden = GoldenModel(quantization.network)
        y_codes, _ = golden.run(x_codes)
        off = golden.output_values(y_codes) - floats
        errors.append(float(np.sqrt(np.mean(np.square(off)))) / norm)
    return errors


def with_reasons(config: Config, reasons: Mapping[str, str]) -> Config:
    """Return a configuration that says of layers why what reads their memory is not fitted."""
    nodes = dict(config.nodes)
    for name, reason in reasons.items():
        memory = node_name(name, Role.MEMORY)
        node = nodes[memory]
        text = f"not fitted: {reason}"
        nodes[memory] = replace(node, why=(*node.why, text))
    return replace(config, nodes=nodes)
