# SPDX-License-Identifier: Apache-2.0
"""Activation functions by name, against their formulas."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import DenseLayer
from lmu_hw.lmu.activations import ACTIVATIONS, activation
from tests import networks


def test_softmax_sums_to_one():
    net = networks.network(dense=4, dense_activation="softmax")
    assert net.softmax
    assert np.allclose(net.run(networks.noise(net, sequences=1, steps=3)).sum(-1), 1.0)


def test_an_unknown_activation_is_refused():
    with pytest.raises(NetworkError, match=r"d: the activation must be one of .*, not 'swash'"):
        DenseLayer(name="d", W=np.eye(2), b=None, activation="swash")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("linear", [-2.0, 0.0, 2.0]),
        ("relu", [0.0, 0.0, 2.0]),
        ("hard_sigmoid", [1 / 6, 0.5, 5 / 6]),
        ("hard_sigmoid_keras2", [0.1, 0.5, 0.9]),
        ("hard_tanh", [-1.0, 0.0, 1.0]),
        ("relu6", [0.0, 0.0, 2.0]),
        ("softsign", [-2 / 3, 0.0, 2 / 3]),
        ("softplus", [np.log1p(np.exp(-2)), np.log(2), np.log1p(np.exp(2))]),
        ("elu", [np.expm1(-2), 0.0, 2.0]),
        ("silu", [-2 / (1 + np.exp(2)), 0.0, 2 / (1 + np.exp(-2))]),
        ("exponential", [np.exp(-2), 1.0, np.exp(2)]),
        ("tanh", [np.tanh(-2), 0.0, np.tanh(2)]),
        ("sigmoid", [1 / (1 + np.exp(2)), 0.5, 1 / (1 + np.exp(-2))]),
        ("selu", [1.0507009873554805 * 1.6732632423543772 * np.expm1(-2), 0, 2.101401974710961]),
        ("gelu", [-0.04550026389635842, 0.0, 1.9544997361036416]),
    ],
)
def test_activations_are_what_their_names_say(name, values):
    actual = activation(name, where="d")(np.array([-2.0, 0.0, 2.0]))
    assert np.allclose(actual, values, rtol=1e-14)  # float: two ways to compute a function


def test_activations_do_not_overflow_where_they_are_bounded():
    far = np.array([-1e5, 1e5])
    for name in set(ACTIVATIONS) - {"exponential"}:
        assert np.all(np.isfinite(ACTIVATIONS[name](far))), name
