# SPDX-License-Identifier: Apache-2.0
"""Predicted errors are those that the golden model makes, cause by cause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.analysis import predict_errors
from lmu_hw.fixed import Rounding
from lmu_hw.fixed.ops import dequantize

FINE = {
    "weight_bits": 22,
    "memory_bits": 22,
    "state_bits": 20,
    "activation_bits": 16,
    "input_bits": 18,
    "margin": 2.0,
    "refit": False,
}
COARSE = {
    "input": {"input_bits": 7},
    "weights": {"weight_bits": 6},
    "memory": {"memory_bits": 8},
    "states": {"state_bits": 10},
    "activations": {"activation_bits": 7},
}
KINDS = {
    "cell": {"hidden": "dense", "activation": "relu", "memory_d": 2, "dense": 2},
    "loop": {"hidden": "rnn", "hidden_to_memory": True, "memory_to_memory": True, "dense": 2},
    "none": {"hidden": "none", "dense": 2, "dense_activation": "tanh", "encoder": "tanh"},
    "lstm": {"hidden": "lstm", "dense": 2},
    "gru": {"hidden": "gru", "inputs": 2, "dense": 2},
}


def ratios(networks, kind, rounding=None, **options) -> dict[str, float]:
    """Return predicted over measured RMS errors of all nodes."""
    net = networks.network(order=5, theta=15.0, units=6, **kind)
    x = 0.95 * networks.noise(net, sequences=150, steps=50, seed=3)
    config = lmu_hw.configure(net, x, **FINE | options)
    if rounding is not None:
        nodes = {
            name: replace(node, requant=replace(node.requant, rounding=rounding))
            for name, node in config.nodes.items()
        }
        config = replace(config, nodes=nodes)
    design = lmu_hw.quantize(net, x, config=config)
    codes, ideal = design.trace(x).codes, design.reference.trace(design.reference_input(x))
    predicted = predict_errors(design.network, design.reference, ideal)
    found = {}
    for node in design.network.nodes:
        if node.name in ideal:
            error = dequantize(codes[node.name], node.signal.format) - ideal[node.name]
            found[node.name] = rms(predicted[node.name]) / rms(error)
    return found


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", COARSE)
def test_an_error_is_predicted_where_one_part_is_coarse(networks, kind, part):
    for name, ratio in ratios(networks, KINDS[kind], **COARSE[part]).items():
        assert 0.94 < ratio < 1.06, name


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_floors_is_predicted(networks, kind):
    for name, ratio in ratios(networks, KINDS[kind], Rounding.FLOOR, state_bits=11).items():
        assert 0.94 < ratio < 1.06, name


@pytest.mark.parametrize("kind", ["cell", "none"])
def test_error_feedback_is_predicted(networks, kind):
    for name, ratio in ratios(networks, KINDS[kind], error_feedback=True, state_bits=9).items():
        assert 0.94 < ratio < 1.06, name
