# SPDX-License-Identifier: Apache-2.0
"""Limit cycles: rounding leaves some after silence, error feedback none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import orthonormal_scale
from lmu_hw.proofs import residue as module
from tests import memories


def designed(**options):
    net = memories.memory_network(16, 64.0)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
    return lmu_hw.quantize(net, x, state_bits=10, **options)


def test_rounding_leaves_a_residue_that_the_golden_model_shows_too():
    design = designed()
    residue = design.certify().memories[0].proof.residue
    assert residue is not None and residue.ulp >= 1
    assert residue.settled and residue.observed == 64
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (16, residue.silence + 100, 1))
    x[:, 100:] = 0.0
    golden = GoldenModel(design.network)
    states = golden.trace(golden.quantize_input(x)).codes["lmu0.m"]
    assert 1 <= np.abs(states[:, -64:]).max() <= 2 * residue.ulp


@pytest.mark.parametrize("order_theta", [(6, 32.0), (16, 64.0)])
def test_error_feedback_leaves_none(order_theta):
    net = memories.memory_network(*order_theta)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
    design = lmu_hw.quantize(net, x, state_bits=10, error_feedback=True)
    residue = design.certify().memories[0].proof.residue
    assert residue is not None and residue.ulp == 0


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("order", "window"), [(6, 30.0), (32, 3.0)])
def test_the_first_silent_steps_are_no_residue(order, window, known):
    """Of a memory that forgets within a few steps, and has no window that is known."""
    theta = window if known else None
    A, B = memories.zoh(order, window)
    scale = orthonormal_scale(order)
    A, B = A * scale[:, None] / scale, B * scale
    net = memories.memory_network(order, window, A=A, B=B * (1.0 if known else 1.1))
    (layer, head) = net.layers
    net = replace(net, layers=(replace(layer, memory=replace(layer.memory, theta=theta)), head))
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
    residue = lmu_hw.quantize(net, x, refit=False).certify().memories[0].proof.residue
    assert residue is not None and residue.settled
    assert residue.ulp <= 20
    assert residue.observed == max(16, int(window) if known else residue.silence)


def test_a_silence_is_too_short_for_the_slowest_memories():
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (2, 50, 1))
    design = lmu_hw.quantize(memories.memory_network(2, 2e4), x, memory_bits=16)
    residue = design.certify().memories[0].proof.residue
    assert residue is not None and not residue.settled
    assert residue.silence + residue.observed == 20_000


def test_products_are_exact_in_either_precision():
    random = np.random.default_rng(2)
    matrix = (random.integers(-(2**11), 2**11, (32, 32)) << 9).astype(np.float64)
    product = module._ExactProduct(matrix)
    for reach in (8, int(product._largest), 2**15):
        codes = random.integers(-reach, reach + 1, (16, 32))
        exact = codes @ matrix.astype(np.int64)
        assert np.array_equal(product.of(codes.astype(np.float64)), exact)
    assert 8 < product._largest < 2**15
