# SPDX-License-Identifier: Apache-2.0
"""Batch normalisation and activation layers, folded: the same numbers out of fewer layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer
from lmu_hw.load import load
from tests.load import keras_files
from tests.load.refusals import model_refused


def norm(rng, width, *, name="norm", scale=True, center=True, axis: object = -1):
    options = {"axis": axis, "momentum": 0.9, "epsilon": 0.01, "scale": scale, "center": center}
    held = [keras_files.weights(rng, width)] * (scale + center)
    held += [keras_files.weights(rng, width), keras_files.weights(rng, width) ** 2]
    layer = keras_files.plain("BatchNormalization", name, **options)
    layer.variables = {f"vars/{index}": data for index, data in enumerate(held)}
    return layer


def normed(layer, x):
    *affine, mean, variance = [data.astype(float) for data in layer.variables.values()]
    y = (x - mean) / np.sqrt(variance + layer.config["epsilon"])
    if layer.config["scale"]:
        y = y * affine.pop(0)
    return y + affine.pop(0) if layer.config["center"] else y


def compare(path, layers, steps) -> tuple[Any, ...]:
    """Load the layers, compare with `steps`, which run them one by one; return what was loaded."""
    network = load(keras_files.write(path, layers, shape=(None, 7, 2)))
    x = np.random.default_rng(5).normal(size=(3, 7, 2))
    expected = x
    for step in steps:
        expected = step(expected)
    # float64 against float64: the same products in another order
    np.testing.assert_allclose(network.run(x), expected, rtol=1e-9, atol=1e-9)
    return network.layers


def by(layer):
    if layer.class_name == "BatchNormalization":
        return lambda x: normed(layer, x)
    return lambda x: keras_files.run([layer], x)


AFTER = {
    "dense": {},
    "all": {"hidden_to_memory": True, "memory_to_memory": True, "input_to_hidden": True},
    "bias": {"use_bias": True, "input_to_hidden": True, "hidden": "Dense"},
    "no kernel": {"kernel": False, "memory_d": 2},
    "memory only": {"hidden": None},
}


@pytest.mark.parametrize("kind", AFTER)
@pytest.mark.parametrize("affine", [True, False])
def test_it_goes_into_the_layer_after_it(tmp_path, rng, kind, affine):
    first = norm(rng, 2, scale=affine, center=affine, axis=[2])
    after = keras_files.dense(rng, 2, 3) if kind == "dense" else keras_files.lmu(
        rng, 2, **AFTER[kind]
    )  # fmt: skip
    layers = [first, after]
    held = compare(tmp_path / "m.keras", layers, [by(n) for n in layers])
    assert [layer.name for layer in held] == [after.config["name"]]


@pytest.mark.parametrize("use_bias", [True, False])
def test_it_goes_into_the_linear_layer_before_it(tmp_path, rng, use_bias):
    before = keras_files.dense(rng, 2, 3, use_bias=use_bias)
    layers = [before, norm(rng, 3)]
    steps = [by(n) for n in layers]
    active = [*layers, keras_files.plain("ReLU")]
    held = compare(tmp_path / "m.keras", active, [*steps, lambda x: np.maximum(x, 0.0)])
    assert [(layer.name, layer.activation) for layer in held] == [("dense", "relu")]


def test_two_of_them_become_one(tmp_path, rng):
    layers = [
        norm(rng, 2),
        norm(rng, 2, name="more", center=False),
        keras_files.dense(rng, 2, 3),
    ]
    steps = [by(n) for n in layers]
    assert len(compare(tmp_path / "m.keras", layers, steps)) == 1


@pytest.mark.parametrize("end", ["last", "passed on", "active"])
def test_where_nothing_takes_it_in_it_is_a_diagonal_layer(tmp_path, rng, end):
    layers = [keras_files.lmu(rng, 2, units=2), norm(rng, 2)]
    steps = [by(n) for n in layers]
    if end == "passed on":
        layers.append(keras_files.lmu(rng, 2, name="b", hidden=None, input_to_hidden=True))
        steps.append(by(layers[-1]))
    if end == "active":
        layers.append(keras_files.plain("Activation", activation="tanh"))
        steps.append(lambda x: np.tanh(x))
    held = compare(tmp_path / "m.keras", layers, steps)
    diagonal = held[1]
    assert isinstance(diagonal, DenseLayer)
    assert diagonal.name == "norm"
    assert diagonal.activation == ("tanh" if end == "active" else "linear")
    np.testing.assert_array_equal(diagonal.W, np.diag(np.diag(diagonal.W)))


def test_an_activation_after_a_memory_is_a_layer_of_its_own(tmp_path, rng):
    layers = [keras_files.lmu(rng, 2), keras_files.plain("ReLU", "positive")]
    steps = [by(layers[0]), lambda x: np.maximum(x, 0.0)]
    held = compare(tmp_path / "m.keras", layers, steps)
    assert [layer.name for layer in held] == ["lmu", "positive"]
    np.testing.assert_array_equal(held[1].W, np.eye(3))


def test_what_was_folded_is_told(tmp_path, rng):
    layers = [norm(rng, 2), keras_files.dense(rng, 2, 3), norm(rng, 3)]
    layers[2].config["name"] = "last"
    notes = load(keras_files.write(tmp_path / "m.keras", layers, shape=(None, 7, 2))).notes
    assert notes == (
        "norm: folded into the weights of dense",
        "last: folded into the weights of dense",
    )


def refused(tmp_path, layers, message):
    path = keras_files.write(tmp_path / "m.keras", layers, shape=(None, 7, 2))
    with pytest.raises(LoadError, match=message):
        load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"axis": 1}, "axis must be the last, -1 or 2, not 1"),
        ({"epsilon": 0.0}, "epsilon must be a positive finite number, not 0.0"),
        ({"renorm": True}, "'renorm' must be a known option"),
        ({"scale": False, "epsilon": 9.0}, r"nothing reads ..layers/batch_normalization/vars/3"),
        ({"scale": None}, "scale must be true or false, not None"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit_are_refused(tmp_path, rng, change, message):
    layer = norm(rng, 2)
    layer.config.update(change)
    refused(tmp_path, [layer, keras_files.dense(rng, 2, 2)], message)


@pytest.mark.parametrize(
    ("number", "value", "message"),
    [
        (0, np.nan, "its variables must be finite"),
        (2, np.inf, "its variables must be finite"),
        (3, -1.0, "moving_variance . epsilon must be positive"),
    ],
)
def test_values_that_do_not_fit_are_refused(tmp_path, rng, number, value, message):
    layer = norm(rng, 2)
    layer.variables[f"vars/{number}"] = np.array([1.0, value], np.float32)
    refused(tmp_path, [layer, keras_files.dense(rng, 2, 2)], message)


def test_wide_ones_are_refused(tmp_path, rng):
    width = 3000
    layers = [
        keras_files.plain("Activation", "a", activation="tanh"),
        keras_files.plain("Activation", "b", activation="tanh"),
    ]
    path = keras_files.write(tmp_path / "m.keras", layers, shape=(None, 7, width))
    with pytest.raises(
        LoadError, match=r"'b' .*sum of features\*\*2 must be at most 16777216 .*, not 18"
    ):
        load(path)


def test_it_does_not_fold_over_a_refused_layer(tmp_path, rng):
    layers = [
        norm(rng, 2),
        keras_files.plain("Conv1D"),
        keras_files.dense(rng, 3, 4),
    ]
    refused(tmp_path, layers, r"layer 'conv1d' \(Conv1D\): class Conv1D must not be")


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("ReLU", {"max_value": 3.0}, "max_value must be None or 6, not 3.0"),
        ("ReLU", {"threshold": 0.1}, "threshold must be 0, not 0.1"),
        ("Softmax", {"axis": 1}, "axis must be -1, not 1"),
        ("ELU", {"alpha": 0.5}, "alpha must be 1, not 0.5"),
        ("Reshape", {"target_shape": [7, 2]}, r"target shape must be the shape it is fed with"),
        ("Reshape", {"target_shape": [-1, -1]}, "target shape must be the shape it is fed with"),
        ("Flatten", {}, r"target shape must be the shape it is fed with, \[None, 3\], not \[-1\]"),
    ],
)
def test_layers_that_do_not_fold_are_refused(tmp_path, rng, name, config, message):
    layers = [keras_files.lmu(rng, 1), keras_files.plain(name, **config)]
    model_refused(tmp_path, layers, message)
