# SPDX-License-Identifier: Apache-2.0
"""Leaky activations of Keras, in every way in which files say them, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.load import load
from tests.load import keras_files
from tests.load.keras_files import dense, plain, time_distributed
from tests.load.refusals import model_refused

STEPS = 6


def function(name):
    return {"class_name": "function", "config": name, "registered_name": name}


def layer(class_name, **config):
    return {"class_name": class_name, "config": {"name": "given", **config}}


LEAKY = {
    "Keras 3": (0.15, [plain("LeakyReLU", negative_slope=0.15)]),
    "Keras 2": (0.25, [plain("LeakyReLU", alpha=0.25)]),
    "a default": (0.3, [plain("LeakyReLU")]),
    "a number in integers": (2.0, [plain("LeakyReLU", alpha=2)]),
    "a ReLU": (0.1, [plain("ReLU", negative_slope=0.1, threshold=0.0, max_value=None)]),
    "an operation": (0.35, [plain("LeakyRelu", negative_slope=0.35)]),
    "an operation by default": (0.2, [plain("LeakyRelu")]),
    "a name": (0.2, [plain("Activation", activation="leaky_relu")]),
    "a function": (0.2, [plain("Activation", activation=function("leaky_relu"))]),
    "in steps": (0.4, [time_distributed(plain("LeakyReLU", alpha=0.4))]),
}


def affine(x, of):
    return x @ of.variables["vars/0"].astype(float) + of.variables["vars/1"].astype(float)


def agrees(path, layers, slopes, *, first, last=None):
    keras_files.write(path, layers, shape=(None, STEPS, 2))
    x = np.random.default_rng(1).uniform(-2, 2, (3, STEPS, 2))
    z = affine(x, first)
    y = np.where(z > 0, z, np.asarray(slopes, float) * z)
    if last is not None:
        y = affine(y, last)
    assert np.allclose(load(path).run(x), y, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", LEAKY)
@pytest.mark.parametrize("behind", [False, True])
def test_a_leaky_layer_is_what_its_slope_says(tmp_path, rng, case, behind):
    slope, added = LEAKY[case]
    first, last = dense(rng, 2, 3), dense(rng, 3, 2, name="last")
    layers = [first, *added, *([last] if behind else [])]
    agrees(tmp_path / "m.keras", layers, slope, first=first, last=last if behind else None)


@pytest.mark.parametrize(
    ("activation", "slope"),
    [
        ("leaky_relu", 0.2),
        (function("leaky_relu"), 0.2),
        (layer("LeakyReLU", alpha=0.1), 0.1),
        (layer("LeakyReLU", negative_slope=0.4), 0.4),
        (layer("ReLU", negative_slope=0.0, max_value=None), 0.0),
    ],
)
def test_the_activation_of_a_dense_layer_may_be_leaky_or_a_layer(tmp_path, rng, activation, slope):
    first = dense(rng, 2, 3, activation=activation)
    agrees(tmp_path / "m.keras", [first], slope, first=first)
    steps = [time_distributed(first)]
    agrees(tmp_path / "n.keras", steps, slope, first=first)


@pytest.mark.parametrize(
    ("shape", "axes"), [((1, 3), [1]), ((1, 1), [1, 2]), ((1, 3), 1), ((3,), None)]
)
def test_slopes_of_a_prelu_are_those_of_the_file(tmp_path, rng, monkeypatch, shape, axes):
    monkeypatch.setitem(keras_files.SNAKE, "PReLU", "p_re_lu")
    first, prelu = dense(rng, 2, 3), plain("PReLU", shared_axes=axes)
    prelu.variables["vars/0"] = keras_files.weights(rng, *shape)
    added = prelu if len(shape) == 2 else time_distributed(prelu)
    slopes = np.ravel(prelu.variables["vars/0"])
    agrees(tmp_path / "m.keras", [first, added], slopes, first=first)


@pytest.mark.parametrize("axes", [None, [2]])
def test_a_prelu_whose_steps_differ_is_refused(tmp_path, rng, axes):
    layers = [dense(rng, 2, 3), plain("PReLU", shared_axes=axes)]
    message = r"\(PReLU\): shared_axes must hold 1, .* train with shared_axes=\[1\]"
    model_refused(tmp_path, layers, message, shape=(None, STEPS, 2))


@pytest.mark.parametrize("slope", ["steep", float("nan"), [0.1]])
def test_a_slope_that_is_no_number_is_refused(tmp_path, rng, slope):
    layers = [dense(rng, 2, 3), plain("LeakyReLU", negative_slope=slope)]
    message = r"\(LeakyReLU\): negative_slope must be a finite number, not"
    model_refused(tmp_path, layers, message, shape=(None, STEPS, 2))
