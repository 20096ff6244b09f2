# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.fixed import Rounding
from lmu_hw.measure import measure
from lmu_hw.measure.noise import predicted_noise
from lmu_hw.proofs import quantized_memories
from lmu_hw.quantize import Options, configure
from tests import networks
from tests.reports import memory_design


def white_noise(net, *, sequences=60, steps=400):
    """Full-scale white noise: what the prediction assumes."""
    shape = (sequences, steps, net.inputs)
    return np.random.default_rng(5).uniform(-1.0, 1.0, shape)


def memory_only(order, **more):
    return networks.network(
        hidden="none", order=order, theta=2.0 * order, bias=False, input_to_hidden=False, **more
    )


def noise_of(report):
    (memory,) = report.memories
    return memory.noise


@pytest.mark.parametrize("error_feedback", [False, True])
@pytest.mark.parametrize("order", [6, 16])
def test_white_noise_predicts_the_rounding_of_every_state(order, error_feedback):
    net = memory_only(order)
    x = white_noise(net)
    options = Options(state_bits=12, error_feedback=error_feedback)
    noise = noise_of(measure(Design.build(net, configure(net, x, options), x), x))
    assert all(noise.white)
    assert noise.predicted_ulp == pytest.approx(noise.rms_ulp, rel=0.07)


def test_the_mean_of_floor_is_predicted_and_rounding_toward_zero_is_not():
    net = memory_only(6)
    x = white_noise(net)
    for rounding in (Rounding.FLOOR, Rounding.TOWARD_ZERO):
        config = networks.configured(net, rounding=rounding, state_bits=12)
        noise = noise_of(measure(Design.build(net, config, x), x))
        if rounding is Rounding.FLOOR:
            assert noise.predicted_ulp == pytest.approx(noise.rms_ulp, rel=0.07)
        else:
            assert noise.predicted_ulp == ()


def test_no_prediction_for_a_memory_that_is_not_stable():
    (memory,) = quantized_memories(networks.quantized(memory_only(3)))
    assert predicted_noise(replace(memory, A=1.01 * np.eye(3)), 10) is None


def test_rounding_is_the_distance_to_the_exact_recurrence():
    net = memory_only(3, memory_d=2)
    x = white_noise(net, sequences=3, steps=20)
    design = Design.build(net, networks.configured(net), x)
    (memory,) = quantized_memories(design.network)
    trace, signals = design.trace(x), memory.layer.signals
    u = trace.codes["lmu0.u"] * signals["lmu0.u"].format.ulp / memory.format.ulp
    state, errors = np.zeros((3, 2, 3)), []
    for t in range(20):
        state = np.einsum("ij,smj->smi", memory.A, state) + u[:, t, :, None] * memory.B
        errors.append(trace.codes["lmu0.m"][:, t] - state.reshape(3, 6))
    noise = noise_of(measure(design, x))
    assert (noise.sequences, noise.steps) == (3, 20)
    assert noise.rms_ulp == pytest.approx(np.sqrt(np.mean(np.square(errors), (0, 1))), rel=1e-8)
    assert noise.max_ulp == pytest.approx(np.abs(errors).max(axis=(0, 1)), rel=1e-8)


def test_a_slow_state_is_not_white():
    design, x = memory_design({"state_bits": 6}, hidden="none", order=3, theta=300.0)
    constant = np.full_like(x, 0.5)
    assert not all(noise_of(measure(design, constant)).white)


def test_silence_has_no_rounding_noise():
    design, x = memory_design({}, hidden="none", bias=False)
    noise = noise_of(measure(design, 0 * x))
    assert (set(noise.rms_ulp), set(noise.max_ulp), set(noise.white)) == ({0.0}, {0.0}, {False})
