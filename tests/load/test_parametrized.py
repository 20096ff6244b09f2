# SPDX-License-Identifier: Apache-2.0
"""Weights in parts are put together as torch.nn.utils does; others stay what they are."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import from_torch
from lmu_hw.load.objects import state_of
from lmu_hw.load.parametrized import whole_weights


def whole(state):
    return whole_weights(state_of(state).tensors)


G, V = np.array([[2.0], [3.0]]), np.array([[3.0, 4.0], [0.0, 5.0]])
NORMALIZED = [[1.2, 1.6], [0.0, 3.0]]
U, W = np.array([0.6, 0.8]), np.array([[3.0, 0.0], [0.0, 5.0]])


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"fc.weight_g": G, "fc.weight_v": V}, NORMALIZED),
        (
            {
                "fc.parametrizations.weight.original0": G,
                "fc.parametrizations.weight.original1": V,
            },
            NORMALIZED,
        ),
        ({"fc.weight_g": np.array(10.0), "fc.weight_v": np.array([[6.0, 8.0]])}, [[6.0, 8.0]]),
        ({"fc.weight_g": np.array([[5.0, 1.0]]), "fc.weight_v": V}, [[5.0, 0.6247], [0, 0.7809]]),
        ({"fc.weight_orig": W, "fc.weight_u": U, "fc.weight_v": U}, W / 4.28),
        (
            {
                "fc.parametrizations.weight.original": W,
                "fc.parametrizations.weight.0._u": U,
                "fc.parametrizations.weight.0._v": U,
            },
            W / 4.28,
        ),
        ({"fc.weight_orig": W, "fc.weight_mask": np.eye(2)[::-1]}, np.zeros((2, 2))),
    ],
)
def test_parts_are_one_weight(state, expected):
    tensors = whole({"a.weight": W, **state, "z.bias": U})
    assert list(tensors) == ["a.weight", "fc.weight", "z.bias"]
    assert tensors["fc.weight"].shape == np.shape(expected)
    # the equations, to the digits that are written here
    np.testing.assert_allclose(tensors["fc.weight"].read(), expected, atol=5e-5)
    assert tensors["fc.weight"].made.startswith("fc.weight: put together of its parts, by ")


@pytest.mark.parametrize(
    "state",
    [
        {"fc.weight_g": G, "fc.weight_v": V, "fc.weight": W},
        {"fc.weight_g": V, "fc.weight_v": V},
        {"fc.weight_v": V},
        {"cell.W_g": G, "cell.W_v": V},
        {"fc.weight_orig": W, "fc.weight_u": U, "fc.weight_v": np.ones(3)},
        {"fc.weight_orig": W, "fc.weight_mask": np.ones((2, 2), bool)},
        {"fc.parametrizations.weight.original0": G},
    ],
)
def test_what_is_not_of_these_forms_stays(state):
    assert list(whole(state)) == list(state)


def test_the_network_says_what_was_put_together_and_a_norm_of_0_is_refused(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(
        'version = 1\nanswers = "every step"\n[layers.fc]\nkind = "dense"\nW = "fc.weight"\n'
        'activation = "relu"\n'
    )
    network = from_torch({"fc.weight_g": G, "fc.weight_v": V}, mapping=path)
    assert network.notes == ("fc.weight: put together of its parts, by weight normalisation",)
    with pytest.raises(LoadError, match="the norm of weight normalisation must not be 0"):
        from_torch({"fc.weight_g": G, "fc.weight_v": 0 * V}, mapping=path)
