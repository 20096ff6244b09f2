# SPDX-License-Identifier: Apache-2.0
"""Gradients: where nothing is limited and words are wide, they are what small changes do."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.simulate.directed.gradients import Gradients
from tests import networks

STEPS = 5


def wide(kind: str):
    net = networks.network(
        order=3, theta=8.0, units=3, inputs=2, dense=2, hidden=kind, hidden_to_memory=True
    )
    return networks.quantized(net, weight_bits=16, state_bits=22, activation_bits=14)


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_a_gradient_is_what_small_changes_of_the_input_do(kind):
    network = wide(kind)
    node = network.nodes[-1]
    golden, fmt = GoldenModel(network), network.input.format
    codes = np.random.default_rng(0).integers(-fmt.max_code // 8, fmt.max_code // 8, (1, STEPS, 2))
    weights = {node.name: np.eye(node.signal.size)[:1]}
    gradient = Gradients(network).gradient(golden.trace(codes), weights)[0]
    change = fmt.max_code // 16
    measured = np.zeros_like(gradient)
    for step, element in np.ndindex(gradient.shape):
        up, down = codes.copy(), codes.copy()
        up[0, step, element] += change
        down[0, step, element] -= change
        moved = golden.run(up)[0][0, -1, 0] - golden.run(down)[0][0, -1, 0]
        measured[step, element] = moved * node.requant.format.ulp / (2 * change * fmt.ulp)
    # Tables have the slope of their surroundings, so that this is not exact.
    assert np.corrcoef(gradient.ravel(), measured.ravel())[0, 1] > 0.99
    assert np.allclose(gradient, measured, atol=0.1 * np.abs(measured).max())
