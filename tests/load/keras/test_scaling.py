# SPDX-License-Identifier: Apache-2.0
"""Rescaling and Normalization of the input fold into the layer behind them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from lmu_hw.load import load
from tests.load import keras_files
from tests.load.refusals import model_refused

SAME = partial(np.random.default_rng, 8)


def scaled(folder, rng, *layers):
    """Return a network of layers before a dense one."""
    dense = keras_files.dense(rng, 2, 3)
    path = keras_files.write(folder / "m.keras", [*layers, dense], shape=(None, None, 2))
    return load(path)


def test_a_scale_and_an_offset_fold_into_the_next_layer(tmp_path, rng):
    plain = keras_files.plain("Rescaling", scale=0.5, offset=[0.1, -0.2])
    network = scaled(tmp_path, SAME(), plain)
    x = rng.normal(size=(1, 4, 2))
    (layer,) = network.layers
    bare = scaled(tmp_path, SAME())
    assert layer.inputs == 2
    # float64, sums in another order
    expected = bare.run(0.5 * x + [0.1, -0.2])
    np.testing.assert_allclose(network.run(x), expected, rtol=1e-12, atol=1e-12)
    assert "rescaling: folded into the weights of dense" in network.notes


@pytest.mark.parametrize("invert", [False, True])
def test_given_means_and_variances_are_taken_from_the_config(tmp_path, rng, invert):
    values = {"mean": [1.0, 2.0], "variance": [4.0, 0.0], "invert": invert, "axis": [-1]}
    network = scaled(tmp_path, SAME(), keras_files.plain("Normalization", **values))
    bare = scaled(tmp_path, SAME())
    x = rng.normal(size=(1, 4, 2))
    deviation = np.array([2.0, 1e-7])
    moved = x * deviation + [1, 2] if invert else (x - [1, 2]) / deviation
    # float64, sums in another order, of values that are large where a variance is 0
    np.testing.assert_allclose(network.run(x), bare.run(moved), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        ("Rescaling", {"scale": [1.0, 2.0, 3.0]}, "scale must be a finite number, or 2 of them"),
        ("Rescaling", {"scale": "1"}, "scale must be a finite number, or 2 of them, not '1'"),
        ("Rescaling", {"scale": 1.0, "offset": float("inf")}, "offset must be a finite number"),
        ("Normalization", {"axis": 1, "mean": 0.0, "variance": 1.0}, "axis must be the last"),
        ("Normalization", {"mean": 0.0, "variance": -1.0}, "mean and variance must be finite"),
        ("Normalization", {}, "mean must be in the weights"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, rng, kind, config, message):
    layers = [keras_files.plain(kind, **config), keras_files.dense(rng, 2, 3)]
    model_refused(tmp_path, layers, message, shape=(None, None, 2))
