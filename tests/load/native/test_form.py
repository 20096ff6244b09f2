# SPDX-License-Identifier: Apache-2.0
"""The own form of gated cells, recurrent layers and encoders."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from lmu_hw.lmu import LmuLayer
from lmu_hw.load import load, network_digest, save
from tests import networks
from tests.load.refusals import refused


def cells(network) -> list[Any]:
    """Return the cell of every layer."""
    return [getattr(layer, "hidden", getattr(layer, "cell", None)) for layer in network.layers]


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_round_trip_of_gates_and_encoders(gated, tmp_path, rng, suffix):
    save(gated, tmp_path / f"n{suffix}")
    loaded = load(tmp_path / f"n{suffix}")
    for before, after in zip(cells(gated), cells(loaded), strict=True):
        assert type(before) is type(after)
        for item in dataclasses.fields(before):
            assert np.array_equal(getattr(before, item.name), getattr(after, item.name))
    assert network_digest(loaded) == network_digest(gated)
    x = rng.normal(size=(2, 5, 3))
    traces = gated.trace(x), loaded.trace(x)
    assert traces[0].keys() == traces[1].keys()
    assert all(np.array_equal(traces[0][node], traces[1][node]) for node in traces[0])


@pytest.mark.parametrize(
    ("layer", "change"),
    [
        (0, {"activation": "relu"}),
        (0, {"recurrent_activation": "hard_sigmoid"}),
        (1, {"recurrent_activation": "sigmoid"}),
        (1, {"reset_after": True}),
        (2, {"b_h": None}),
        (2, {"b": None}),
        (3, {"activation": "linear"}),
        (4, {"W_h": None}),
    ],
)
def test_digest_changes_with_a_cell(gated, layer, change):
    layers = list(gated.layers)
    part = "hidden" if isinstance(layers[layer], LmuLayer) else "cell"
    cell = dataclasses.replace(getattr(layers[layer], part), **change)
    layers[layer] = dataclasses.replace(layers[layer], **{part: cell})
    changed = dataclasses.replace(gated, layers=tuple(layers))
    assert network_digest(changed) != network_digest(gated)


GATED = {
    "format": 1,
    "name": "n",
    "layers": [
        {"kind": "recurrent", "name": "r", "cell": "gru", "activation": "tanh",
         "recurrent_activation": "sigmoid", "reset_after": True, "return_sequences": True},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "tensors", "message"),
    [
        ({"cell": "none"}, {}, "cell must be one of simple_rnn, dense, lstm, gru, not 'none'"),
        ({"recurrent_activation": None}, {}, "recurrent_activation must be a string, not None"),
        ({"recurrent_activation": "softmax"}, {}, "softmax is supported on the last layer only"),
        ({"recurrent_activation": "mish"}, {}, "activation must be one of .* not 'mish'"),
        ({"reset_after": None}, {}, "reset_after must be true or false, not None"),
        ({"reset_after": False}, {}, r"no tensor must be left over, but \['b_r'\] are"),
        ({}, {"r.W_x": None}, "tensor 'W_x' must be in the file"),
        ({}, {"r.W_h": None}, "tensor 'W_h' must be in the file"),
        ({}, {"r.W_x": (7, 1)}, "must have 3 x units rows.*, not 7"),
        ({}, {"r.W_h": (6, 3)}, r"W_h must have the shape \(6, 2\), not \(6, 3\)"),
        ({}, {"r.b_r": (3,)}, r"b_h must have the shape \(6,\), not \(3,\)"),
        ({}, {"r.W_m": (6, 1)}, r"no tensor must be left over, but \['W_m'\] are"),
        ({"cell": "lstm"}, {}, "'reset_after' must be a known option|left over|4 x units rows"),
    ],
)
def test_recurrent_layers_that_do_not_fit_are_refused(tmp_path, change, tensors, message):
    header = json.loads(json.dumps(GATED))
    header["layers"][0] |= change
    shapes = {"r.W_x": (6, 1), "r.W_h": (6, 2), "r.b_h": (6,), "r.b_r": (6,)} | tensors
    data = {key: np.full(shape, 0.5) for key, shape in shapes.items() if shape is not None}
    save_file(data, tmp_path / "n.safetensors", metadata={"lmu_hw": json.dumps(header)})
    refused(tmp_path / "n.safetensors", message)


def test_what_layers_hand_on_comes_back(tmp_path):
    network = networks.passing()
    save(network, tmp_path / "m.npz")
    loaded = load(tmp_path / "m.npz")
    assert [layer.passed for layer in loaded.layers] == [(1,), (3, 0), ()]
    assert network_digest(loaded) == network_digest(network)
