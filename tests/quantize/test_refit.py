# SPDX-License-Identifier: Apache-2.0
"""The read-out refit against plain least squares, and what it does to networks."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Discretizer, Memory
from lmu_hw.proofs import impulse_response, spectral_radius
from lmu_hw.quantize import Options, Realization, configure, convert
from lmu_hw.quantize.refit import fit
from tests import networks, structured

NETWORKS = {
    "recurrent": {},
    "dense cell": {"hidden": "dense"},
    "memory feedback": {"memory_to_memory": True},
    "hidden feedback": {"hidden_to_memory": True},
    "two memories": {"memory_d": 2, "memory_to_memory": True},
    "no hidden cell": {"hidden": "none", "dense": 3},
    "input beside the memory": {"hidden": "none", "input_to_hidden": True, "dense": 3},
    "stacked": {"layers": 2, "order": 6},
    "stacked without hidden cells": {
        "layers": 2,
        "order": 4,
        "hidden": "none",
        "input_to_hidden": False,
        "dense": 2,
    },
}


@pytest.fixture(scope="module")
def memories():
    ideal = structured.signed_memory(12, 40.0, Discretizer.ZOH)
    A, B = structured.signed_memory(12, 40.0)
    return ideal, (np.rint(A * 256) / 256, np.rint(B * 256) / 256)


@pytest.mark.parametrize("tail", [0.0, 0.001, 1.0])
@pytest.mark.parametrize("horizon", [1, 2, 3, 40, 101, 1024])
def test_it_is_the_regularized_least_squares_of_the_responses(memories, horizon, tail):
    ideal, quantized = memories
    noise = 1e-6 * np.diag(np.arange(1.0, 13.0))
    found = fit(ideal, quantized, noise, horizon, tail)
    H, H_q = (impulse_response(*memory, horizon + 2000) for memory in memories)
    weights = np.where(np.arange(len(H)) < horizon, 1.0, np.sqrt(tail))[:, None]
    ridge = np.linalg.cholesky(3.0 * noise).T
    stacked, target = np.vstack([weights * H_q, ridge]), np.vstack([weights * H, 0.0 * ridge])
    T = np.linalg.lstsq(stacked, target, rcond=None)[0]
    assert np.allclose(found.matrix, T.T, atol=1e-5)
    norm, off = np.linalg.norm(H[:horizon]), H - H_q @ T
    for value, rows in ((found.residual, off[:horizon]), (found.beyond, off[horizon:])):
        assert value == pytest.approx(np.linalg.norm(rows) / norm, rel=1e-3, abs=1e-6)
    before = np.linalg.norm((H - H_q)[:horizon]) / norm
    assert found.before == pytest.approx(before, rel=1e-6)


def test_the_tail_of_a_window_of_100000_steps_takes_no_steps():
    memory = Memory.legendre(100, 100_000.0, Discretizer.BILINEAR)
    start = time.process_time()
    found = fit((memory.A, memory.B), (memory.A, memory.B), np.zeros((100, 100)), 200_000, 1e-3)
    assert found.residual < 1e-3 and found.beyond < 1e-3
    assert time.process_time() - start < 5.0


def test_the_same_memory_needs_no_fit(memories):
    ideal, _ = memories
    found = fit(ideal, ideal, np.zeros((12, 12)), 400, 0.001)
    assert np.allclose(found.matrix, np.eye(12), atol=1e-6) and found.residual < 1e-6


def test_noise_keeps_the_fit_small(memories):
    ideal, quantized = memories
    sizes = [
        np.linalg.norm(fit(ideal, quantized, level * np.eye(12), 200, 0.001).matrix)
        for level in (0.0, 1e-3, 1e-1)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def _error(net, options):
    x = networks.noise(net, sequences=6, steps=80)
    config = configure(net, x, options)
    converted = convert(net, config, model_digest="")
    golden = GoldenModel(converted.network)
    y, _ = golden.run(golden.quantize_input(x))
    expected = net.run(x)
    off = golden.output_values(y) - expected
    return float(np.sqrt(np.mean(off**2) / np.mean(expected**2))), converted.memories.refits


@pytest.mark.parametrize("case", NETWORKS)
def test_a_network_keeps_what_it_computed(case):
    options = {"order": 16, "theta": 48.0, "return_sequences": True, **NETWORKS[case]}
    net = networks.network(**options)
    formats = {"weight_bits": 16, "activation_bits": 14, "state_bits": 18, "memory_bits": 12}
    swept = {**formats, "realization": Realization.SEMISEPARABLE}
    fitted, refits = _error(net, Options(**swept))
    plain, none = _error(net, Options(**swept, refit=False))
    assert fitted < 0.03
    assert fitted < plain / 2
    assert not none
    lmus = [layer for layer in net.layers if hasattr(layer, "memory")]
    assert [refit.memory for refit in refits] == [f"{layer.name}.m" for layer in lmus]
    for refit in refits:
        assert refit.residual < refit.before and 0.5 < refit.growth < 2.0


def test_a_dense_memory_may_be_fitted_to_its_rounded_coefficients():
    net = networks.network(order=16, theta=48.0, hidden="dense", activation="linear")
    formats = {"weight_bits": 16, "state_bits": 18, "memory_bits": 8}
    fitted, (refit,) = _error(net, Options(**formats, refit=True))
    plain, _ = _error(net, Options(**formats))
    assert fitted < plain / 1.5
    assert refit.residual < refit.before


@pytest.mark.parametrize("tolerance", [0.01, 0.0001])
def test_more_rank_keeps_the_trained_matrices(tolerance):
    net = networks.network(order=16, theta=48.0)
    options = {"weight_bits": 16, "activation_bits": 14, "state_bits": 18, "refit": False}
    error, _ = _error(
        net,
        Options(**options, realization=Realization.SEMISEPARABLE, memory_tolerance=tolerance),
    )
    assert error < 5 * tolerance + 0.003


def test_the_horizon_of_a_stored_memory_follows_from_its_matrices():
    net = networks.network(order=4, theta=50.0, dense=2)
    (lmu, dense), x = net.layers, networks.noise(net, sequences=2, steps=30)
    stored = replace(lmu.memory, theta=None, discretizer=Discretizer.STORED)
    shrunk = replace(stored, A=0.9 * stored.A)
    horizons = [
        configure(replace(net, layers=(replace(lmu, memory=memory), dense)), x, Options(refit=True))
        .nodes["lmu0.m"]
        .refit
        for memory in (lmu.memory, stored, shrunk)
    ]
    radius = 0.9 * spectral_radius(lmu.memory.A)
    assert horizons == [200, 200, int(np.ceil(np.log(1e-4) / np.log(radius)))]
