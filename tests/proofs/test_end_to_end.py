# SPDX-License-Identifier: Apache-2.0
"""Bounds from input to output of random networks without feedback, under attack."""

from __future__ import annotations

import numpy as np
import pytest

import lmu_hw
from lmu_hw.lmu.activations import ACTIVATIONS
from lmu_hw.measure.signals import probes
from lmu_hw.proofs.end_to_end import SLOPES
from tests import networks

KINDS = {
    "tanh": {"hidden": "dense", "activation": "tanh", "dense": 3},
    "relu": {"hidden": "dense", "activation": "relu", "dense": 3},
    "stack": {"hidden": "dense", "activation": "sigmoid", "layers": 2, "dense": 2},
    "none": {"hidden": "none", "dense": 2, "input_to_hidden": True},
    "encoder": {"hidden": "none", "encoder": "tanh", "dense": 2},
}
WORDS = [{}, {"memory_bits": 8, "state_bits": 10, "weight_bits": 8, "activation_bits": 7}]
WORDS += [{"realization": "semiseparable", "memory_bits": 8, "state_bits": 12}]


def attacked(design, seed):
    """Return inputs: noise, extremes, and steps, all inside the format of the input."""
    random, inputs = np.random.default_rng(seed), design.network.inputs
    fmt = design.network.input.format
    x = random.uniform(-1.0, 1.0, (48, 60, inputs))
    x[8:24] = np.sign(x[8:24])
    x[24:40] = np.sign(x[24:40]) * np.repeat(np.sign(x[24:40, ::6]), 6, axis=1)
    x[40:] *= 0.01
    return x * min(fmt.max_value, 1.0)


def inside(design, trace):
    """Return which sequences leave no format with a loss."""
    held = np.ones(len(trace.codes["x"]), bool)
    for probe in probes(design.network):
        codes = trace.codes[probe.name]
        if not probe.flat_above and probe.name != "x":
            held &= (codes < probe.format.max_code).all((1, 2)) | (probe.counter is None)
        if not probe.flat_below and probe.name != "x":
            held &= (codes > probe.format.min_code).all((1, 2)) | (probe.counter is None)
    return held


@pytest.mark.parametrize("words", range(len(WORDS)))
@pytest.mark.parametrize("kind", KINDS)
def test_no_error_exceeds_its_bound(kind, words):
    net = networks.network(order=5, theta=12.0, units=4, **KINDS[kind])
    data = networks.noise(net, sequences=6, steps=60)
    design = lmu_hw.quantize(net, data, margin=1.5, **WORDS[words])
    certificate, x = design.certify(), attacked(design, words)
    trace, floats = design.trace(x), design.reference.trace(design.reference_input(x))
    held = inside(design, trace)
    assert held.sum() >= 8
    bounds = {entry.name: entry.error for entry in certificate.errors}
    assert design.network.nodes[-1].name in bounds
    formats = {probe.name: probe.format for probe in probes(design.network)}
    for name in bounds.keys() & floats.keys():
        codes = trace.codes[name][held]
        error = np.abs(codes * formats[name].ulp - floats[name][held][:, -codes.shape[1] :])
        assert np.all(error.max(axis=(0, 1)) <= bounds[name].total)
        assert np.all(error.max(axis=(0, 1)) <= bounds[name].within)


@pytest.mark.parametrize("function", SLOPES)
def test_slopes_are_the_largest_of_monotone_bounded_functions(function):
    z = np.linspace(-12.0, 12.0, 480_001)
    slopes = np.diff(ACTIVATIONS[function](z)) / np.diff(z)
    assert slopes.min() >= -1e-9
    assert slopes.max() == pytest.approx(SLOPES[function], rel=1e-4)
    assert np.isfinite(ACTIVATIONS[function](np.array([-1e18, 1e18]))).all()
