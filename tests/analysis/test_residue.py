# SPDX-License-Identifier: Apache-2.0
"""Limit cycles: rounding leaves some after silence, error feedback none."""

from __future__ import annotations

import numpy as np
import pytest

import lmu_hw
from lmu_hw.golden import GoldenModel


def designed(memories, **options):
    net = memories.memory_network(16, 64.0)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
    return lmu_hw.quantize(net, x, state_bits=10, **options)


def test_rounding_leaves_a_residue_that_the_golden_model_shows_too(memories):
    design = designed(memories)
    residue = design.certify().memories[0].residue
    assert residue is not None and residue.codes >= 1
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (16, residue.silence + 100, 1))
    x[:, 100:] = 0.0
    golden = GoldenModel(design.network)
    states = golden.trace(golden.quantize_input(x)).codes["lmu0.m"]
    assert 1 <= np.abs(states[:, -64:]).max() <= 2 * residue.codes


@pytest.mark.parametrize("order_theta", [(6, 32.0), (16, 64.0)])
def test_error_feedback_leaves_none(memories, order_theta):
    net = memories.memory_network(*order_theta)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
    design = lmu_hw.quantize(net, x, state_bits=10, error_feedback=True)
    residue = design.certify().memories[0].residue
    assert residue is not None and residue.codes == 0
