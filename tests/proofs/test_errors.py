# SPDX-License-Identifier: Apache-2.0
"""Error bounds and predictions, against what the golden model does."""

from __future__ import annotations

import numpy as np
import pytest

import lmu_hw
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import GoldenModel
from lmu_hw.proofs import predict_errors, quantized_memories, rounding_covariance
from tests import memories, networks

OPTIONS = [
    {},
    {"memory_bits": 8, "state_bits": 10},
    {"error_feedback": True, "state_bits": 9},
    {"weight_bits": 6, "input_bits": 7},
]


def designed(order=8, theta=40.0, memory_d=1, **options):
    net = memories.memory_network(order, theta, memory_d=memory_d)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, memory_d))
    return lmu_hw.quantize(net, x, **options)


def errors(design, x):
    """Return |golden - float| of every node; zero where the node saturates."""
    codes = design.trace(x).codes
    floats = design.reference.trace(design.reference_input(x))
    found = {}
    for node in design.network.nodes:
        if node.name in floats:
            fmt, own = node.signal.format, codes[node.name]
            error = np.abs(dequantize(own, fmt) - floats[node.name])
            found[node.name] = error * ((fmt.min_code < own) & (own < fmt.max_code))
    return found


def worst_inputs(design, steps=400):
    """Return noise, extremes, and inputs that match signs of the difference to float."""
    pair = design.certify().memories[0].pair
    d = len(pair.ideal_B)
    difference = np.empty((steps, d))
    h, hq = pair.ideal_B.copy(), pair.memory.B.copy()
    for step in range(steps):
        difference[step] = hq - h
        h, hq = pair.ideal_A @ h, pair.memory.A @ hq
    x = np.random.default_rng(0).uniform(-0.99, 0.99, (20 + d, steps, design.network.inputs))
    x[:2] = [[[0.99]], [[-0.99]]]
    for state in range(d):
        x[20 + state] = 0.99 * np.sign(difference[::-1, state, None])
    return x


@pytest.mark.parametrize("options", OPTIONS)
def test_no_error_exceeds_its_certificate(options):
    design = designed(**options)
    certificate = design.certify()
    bounds = {entry.name: entry.error for entry in certificate.errors}
    assert set(bounds) == {"lmu0.u", "head.y"}
    found = errors(design, worst_inputs(design))
    for name, bound in bounds.items():
        assert np.all(found[name].max(axis=(0, 1)) <= bound.total)
        early = found[name][:, : certificate.steps]
        assert np.all(early.max(axis=(0, 1)) <= bound.within)


def test_what_coefficients_do_to_a_read_out_is_reached():
    design = designed(memory_bits=7, state_bits=20, weight_bits=16)
    certificate = design.certify()
    (readout,) = certificate.readouts
    rows, ideal = (np.array(part) for part in head_weights(design))
    pair, steps = certificate.memories[0].pair, 400
    h, hq, difference = pair.ideal_B.copy(), pair.memory.B.copy(), []
    for _ in range(steps):
        difference.append(rows @ hq - ideal @ h)
        h, hq = pair.ideal_A @ h, pair.memory.A @ hq
    signs = np.sign(np.array(difference)[::-1]).swapaxes(0, 1)
    found = errors(design, 0.999 * np.where(signs == 0.0, 1.0, signs)[:, :, None])["head.y"]
    assert np.all(found[:, -1].diagonal() >= 0.97 * np.array(readout.error) - readout.rounding)


def head_weights(design):
    """Return the weights of the head, of the integers and of the float network."""
    (term,) = design.network.nodes[-1].terms
    shifts = np.array(design.network.nodes[-1].row_shifts or 0)
    scale = 2.0 ** -(
        term.weights.format.frac_bits + np.broadcast_to(shifts, len(term.weights.codes))
    )
    return term.weights.codes * scale[:, None], design.reference.layers[1].W


def test_several_memories_share_a_certificate():
    design = designed(memory_d=3)
    certificate = design.certify()
    x = np.random.default_rng(2).uniform(-1.0, 1.0, (10, 300, 3))
    found = errors(design, x)
    bounds = {entry.name: entry.error.total for entry in certificate.errors}
    assert np.all(found["lmu0.u"].max(axis=(0, 1)) <= bounds["lmu0.u"])
    assert np.all(found["head.y"].max(axis=(0, 1)) <= bounds["head.y"])


def test_with_feedback_there_are_bounds_of_read_outs_only():
    net = networks.network(hidden_to_memory=True, memory_to_memory=True, order=4)
    design = lmu_hw.quantize(net, networks.noise(net, sequences=4, steps=60))
    certificate = design.certify()
    (memory,) = certificate.memories
    assert certificate.errors == ()
    assert [(r.name, r.delayed) for r in certificate.readouts] == [
        ("lmu0.u", True),
        ("lmu0.h", False),
    ]
    assert memory.proof.loop is not None and memory.proof.loop.stable
    (quantized,) = quantized_memories(design.network)
    assert not quantized.open_loop


@pytest.mark.parametrize(("order", "theta"), [(4, 16.0), (8, 64.0), (16, 64.0)])
@pytest.mark.parametrize("feedback", [False, True])
@pytest.mark.parametrize("bits", [8, 12])
def test_rounding_noise_is_predicted_within_seven_percent(order, theta, feedback, bits):
    design = designed(order, theta, error_feedback=feedback, state_bits=bits)
    (memory,) = quantized_memories(design.network)
    steps = int(4 * theta)
    x = np.random.default_rng(5).uniform(-0.99, 0.99, (1500, steps, 1))
    golden = GoldenModel(design.network)
    power = np.zeros(order)
    for part in np.split(x, 10):
        codes = golden.trace(golden.quantize_input(part)).codes
        u = dequantize(codes["lmu0.u"], design.network.nodes[0].signal.format)
        m = np.zeros((len(part), order))
        for t in range(steps):
            m = m @ memory.A.T + u[:, t] * memory.B
            power += np.square(dequantize(codes["lmu0.m"][:, t], memory.format) - m).sum(axis=0)
    measured = np.sqrt(power / (len(x) * steps)) / memory.format.ulp
    predicted = np.sqrt(np.diag(rounding_covariance(memory.A, steps, feedback=feedback)))
    assert np.all(np.abs(measured / predicted - 1.0) < 0.07)


def test_the_covariance_of_few_steps_is_the_average_of_its_start():
    A, _ = memories.zoh(5, 20.0)
    total, now = np.zeros((5, 5)), np.zeros((5, 5))
    for steps in range(1, 30):
        now = A @ now @ A.T + np.eye(5) / 12
        total += now
        assert np.allclose(rounding_covariance(A, steps), total / steps)  # float sums
    stationary = rounding_covariance(A)
    assert np.allclose(A @ stationary @ A.T + np.eye(5) / 12, stationary)


@pytest.mark.parametrize(
    "kind",
    [
        {"hidden": "rnn", "hidden_to_memory": True, "memory_to_memory": True, "dense": 2},
        {"hidden": "dense", "activation": "relu", "memory_d": 2, "dense": 2},
        {"hidden": "none", "dense": 2},
        {"layers": 2, "return_sequences": False, "dense": 2},
        {"hidden": "lstm", "hidden_to_memory": True, "recurrent": "lstm", "dense": 2},
        {"hidden": "gru", "dense": 2},
        {"hidden": "gru, reset before", "encoder": "relu", "dense": 2},
    ],
)
def test_errors_are_predicted_through_every_layer(kind):
    net = networks.network(order=6, theta=20.0, units=8, **kind)
    x = networks.noise(net, sequences=60, steps=80)
    design = lmu_hw.quantize(net, x, state_bits=12, activation_bits=9)
    trace = design.reference.trace(design.reference_input(x))
    predicted = predict_errors(design.network, design.reference, trace)
    found = errors(design, x)
    for name, errors_found in found.items():
        measured = np.sqrt(np.mean(np.square(errors_found)))
        expected = np.sqrt(np.mean(np.square(predicted[name])))
        assert expected * 0.7 <= measured <= expected * 1.4, name
