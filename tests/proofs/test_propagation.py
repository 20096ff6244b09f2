# SPDX-License-Identifier: Apache-2.0
"""Predicted errors are those that the golden model makes, cause by cause."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import lmu_hw
from lmu_hw.fixed import Rounding
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import GoldenModel
from lmu_hw.proofs import predict_errors
from tests import networks
from tests.memories import built

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


def configured(net, x, rounding=None, **options):
    """Return a design of fine formats, but for `options`, with other roundings."""
    config = lmu_hw.configure(net, x, **FINE | options)
    nodes = {
        name: replace(
            node, requant=replace(node.requant, rounding=rounding or node.requant.rounding)
        )
        for name, node in config.nodes.items()
    }
    return lmu_hw.quantize(net, x, config=replace(config, nodes=nodes))


def ratios(network, reference, x, ideal_x) -> dict[str, float]:
    """Return predicted over measured RMS errors of all nodes."""
    golden = GoldenModel(network)
    codes, ideal = golden.trace(golden.quantize_input(x)).codes, reference.trace(ideal_x)
    predicted = predict_errors(network, reference, ideal)
    found = {}
    for node in network.nodes:
        if node.name in ideal:
            own = dequantize(codes[node.name], node.signal.format)
            error = own - ideal[node.name][:, -own.shape[1] :]
            found[node.name] = rms(predicted[node.name]) / rms(error)
    return found


def of_kind(kind, *args, sequences=150, steps=50, **options) -> dict[str, float]:
    """Return the ratios of a small network on noise."""
    net = networks.network(order=5, theta=15.0, units=6, **kind)
    x = 0.95 * networks.noise(net, sequences=sequences, steps=steps, seed=3)
    design = configured(net, x, *args, **options)
    return ratios(design.network, design.reference, x, design.reference_input(x))


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


PARTS = [(kind, part) for kind in KINDS for part in COARSE if kind != "lstm" or part == "states"]


@pytest.mark.parametrize(("kind", "part"), PARTS)
def test_an_error_is_predicted_where_one_part_is_coarse(kind, part):
    for name, ratio in of_kind(KINDS[kind], **COARSE[part]).items():
        assert 0.94 < ratio < 1.06, name


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_floors_is_predicted(kind):
    for name, ratio in of_kind(KINDS[kind], Rounding.FLOOR, state_bits=11).items():
        assert 0.94 < ratio < 1.06, name


@pytest.mark.parametrize("kind", ["cell", "none"])
def test_error_feedback_is_predicted(kind):
    for name, ratio in of_kind(KINDS[kind], error_feedback=True, state_bits=9).items():
        assert 0.94 < ratio < 1.06, name


def test_errors_of_a_network_that_answers_once_are_predicted():
    kind = {"hidden": "dense", "return_sequences": False, "dense": 2}
    rough = {"activation_bits": 9, "state_bits": 11}
    for name, ratio in of_kind(kind, sequences=1500, steps=20, **rough).items():
        assert 0.94 < ratio < 1.06, name


@pytest.mark.parametrize(
    ("limit", "exact", "scale", "bits", "frac_bits"),
    [
        (1.0, True, Fraction(1, 8), 5, 0),
        (1.0, False, Fraction(1, 9), 6, 1),
        (14.0, False, Fraction(1), 5, 0),
    ],
)
def test_inputs_are_rounded_unless_they_are_integers(limit, exact, scale, bits, frac_bits):
    net = networks.network(order=5, theta=15.0, hidden="dense", dense=2, bias=False)
    x = np.random.default_rng(3).uniform(-limit, limit, (150, 50, 1))
    x = np.rint(x * 8) / 8 if exact else x
    design = configured(net, x, input_scale=scale, input_bits=bits)
    assert design.network.input.format.frac_bits == frac_bits
    found = ratios(design.network, design.reference, x, design.reference_input(x))
    assert all(0.94 < ratio < 1.06 for ratio in found.values()), found


@pytest.mark.parametrize("sweep", ["forward", "backward"])
@pytest.mark.parametrize("rounding", [Rounding.FLOOR, Rounding.HALF_UP])
def test_narrowings_inside_a_memory_are_predicted(sweep, rounding):
    network, reference = built(6, 24.0, bits=16, state_bits=14, weight_bits=22, input_bits=18)
    (node,) = network.layers[0].memories
    requant = getattr(node.update, sweep)
    finest = node.requant.format.frac_bits - (3 if sweep == "backward" else 0)  # f holds u
    fmt = replace(requant.format, frac_bits=finest)
    coarse = replace(requant, format=fmt, rounding=rounding)
    changed = replace(node, update=replace(node.update, **{sweep: coarse}))
    first, *rest = network.layers
    layer = replace(first, nodes=tuple(changed if one is node else one for one in first.nodes))
    x = np.random.default_rng(2).uniform(-0.99, 0.99, (150, 60, 1))
    found = ratios(replace(network, layers=(layer, *rest)), reference, x, x)
    assert 0.94 < found["lmu0.m"] < 1.06
