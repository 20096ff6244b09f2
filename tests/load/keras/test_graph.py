# SPDX-License-Identifier: Apache-2.0
"""Models of Keras that are no chain of layers."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.load import load
from tests.load import keras_files
from tests.load.refusals import model_refused


def ahead(config):
    config["config"]["layers"][2]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = [
        "after", 0, 0
    ]  # fmt: skip


def twice(config):
    config["config"]["layers"][1]["inbound_nodes"] *= 2


def masked(config):
    config["config"]["layers"][1]["inbound_nodes"][0]["kwargs"]["mask"] = {"class_name": "x"}


def started(config):
    config["config"]["layers"][1]["inbound_nodes"][0]["kwargs"]["initial_state"] = [1]


def two_tensors(config):
    config["config"]["layers"][1]["inbound_nodes"][0]["args"] *= 2


def two_outputs(config):
    config["config"]["output_layers"].append(["lmu", 0, 0])


def early_output(config):
    config["config"]["output_layers"] = ["lmu", 0, 0]


def second_tensor(config):
    config["config"]["output_layers"] = ["dense", 0, 1]


def no_input(config):
    del config["config"]["layers"][0]


def second_input(config):
    config["class_name"] = "Sequential"
    config["config"]["layers"].append(config["config"]["layers"][0])


def subclassed(config):
    config["class_name"] = "MyModel"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ahead,
            r"'dense' \(Dense\): the layer's input must be the output of a layer be",
        ),
        (twice, "number of times the layer is called must be 1, not 2"),
        (masked, "mask must be that of Masking"),
        (started, "call: initial_state must be off"),
        (two_tensors, "the layer's input must be one tensor"),
        (two_outputs, r"output_layers must be only 'dense' \(one input, and the last layer\), not"),
        (early_output, r"output_layers must be only 'dense' .* not \['lmu', 0, 0\]"),
        (second_tensor, r"output_layers must be only 'dense' .* not \['dense', 0, 1\]"),
        (no_input, "the first layer must be an InputLayer, not 'lmu'"),
        (second_input, "there must be one input, not a second one"),
        (subclassed, "the model must be Functional or Sequential, not 'MyModel'"),
    ],
)
def test_what_is_no_graph_from_one_input_to_one_output_is_refused(tmp_path, rng, change, message):
    layers = [keras_files.lmu(rng, 1), keras_files.dense(rng, 3, 2)]
    model_refused(tmp_path, layers, message, change=change)


def appended(kind, reads, **options):
    """Return a change that appends a layer of that kind, fed by layers, as Keras 2 writes it."""

    def change(config):
        node = keras_files.plain(kind, "end", **options).node()
        call = [[name, 0, 0, {}] for name in reads]
        config["config"]["layers"].append({**node, "name": "end", "inbound_nodes": [call]})
        config["config"]["output_layers"] = [["end", 0, 0]]

    return change


def test_a_sum_of_two_tensors_in_keras_2(tmp_path, rng):
    layers = [keras_files.lmu(rng, 2), keras_files.dense(rng, 3, 2)]
    change = appended("Add", ["dense", "input"])
    path = keras_files.write(tmp_path / "m.keras", layers, shape=(None, 7, 2), change=change)
    x = rng.normal(size=(2, 7, 2))
    # float64 against float64, sums in another order
    np.testing.assert_allclose(load(path).run(x), keras_files.run(layers, x) + x, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (appended("Add", ["dense"]), "the layer's input must be two tensors or more, not 1"),
        (appended("Add", ["dense", "lmu"]), r"what is added must be 1 or 3, not \[2, 3\]"),
        (appended("Subtract", ["dense"] * 3), "the layer's input must be two tensors, not 3"),
        (
            appended("Concatenate", ["dense", "lmu"], axis=1),
            "axis must be the last, -1 or 2",
        ),
        (appended("Dense", ["dense", "lmu"], units=1), "the layer's input must be one tensor"),
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path, rng, change, message):
    layers = [keras_files.lmu(rng, 2), keras_files.dense(rng, 3, 2)]
    model_refused(tmp_path, layers, message, shape=(None, 7, 2), change=change)


def taken(*keys):
    """Return a change that appends ``x[keys]``, as Keras 3 writes it."""

    def change(config):
        tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["lmu", 0, 0]}}
        node = keras_files.plain("GetItem", "end").node()
        call = [{"args": [tensor, list(keys)], "kwargs": {}}]
        layers = [*config["config"]["layers"][:2], {**node, "name": "end", "inbound_nodes": call}]
        config["config"] |= {"layers": layers, "output_layers": [["end", 0, 0]]}

    return change


def piece(start=None, stop=None, step=None):
    return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}}


@pytest.mark.parametrize(
    "keys",
    [
        (0,),
        (piece(), 0),
        (piece(1),),
        (piece(), piece(0, 3)),
        (piece(), piece(), 1),
        (piece(), -1, 1),
        (piece(), piece(-1)),
        (piece(), None, piece(), piece()),
        (piece(), "Ellipsis", "Ellipsis"),
        (piece(),) * 4,
    ],
)
def test_other_parts_of_a_tensor_are_refused(tmp_path, rng, keys):
    layers = [keras_files.lmu(rng, 2)]
    message = r"what is taken must be \[:, -1\], or columns such as \[:, :, 0:1\]"
    model_refused(tmp_path, layers, message, shape=(None, 7, 2), change=taken(*keys))


def test_an_empty_part_is_refused(tmp_path, rng):
    layers, keys = [keras_files.lmu(rng, 2)], (piece(), piece(), piece(5))
    message = "what is taken must be at least one feature"
    model_refused(tmp_path, layers, message, shape=(None, 7, 2), change=taken(*keys))


def function(name, first, **keywords):
    """Return a change that appends a function of TensorFlow, as Keras 2 writes it."""

    def change(config):
        node = keras_files.plain("TFOpLambda", "end", function=name).node()
        call = [[*first, {**keywords, "name": None}]]
        config["config"]["layers"].append({**node, "name": "end", "inbound_nodes": call})
        config["config"]["output_layers"] = [["end", 0, 0]]

    return change


CONSTANT, DENSE, INPUT = "_CONSTANT_VALUE", ["dense", 0, 0], ["input", 0, 0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (function("math.subtract", [CONSTANT, -1, 1.0], y=DENSE), lambda y, x: 1.0 - y),
        (function("math.subtract", DENSE, y=[0.5, 2.0]), lambda y, x: y - [0.5, 2.0]),
        (function("math.subtract", INPUT, y=DENSE), lambda y, x: x - y),
        (function("math.truediv", DENSE, y=4), lambda y, x: y / 4),
        (function("math.tanh", DENSE), lambda y, x: np.tanh(y)),
    ],
)
def test_functions_of_tensorflow_in_keras_2(tmp_path, rng, change, expected):
    layers = [keras_files.lmu(rng, 2), keras_files.dense(rng, 3, 2)]
    path = keras_files.write(
        tmp_path / "m.keras", layers, shape=(None, 7, 2), change=change, version="2.15.0"
    )
    x = rng.normal(size=(2, 7, 2))
    y = keras_files.run(layers, x, keras2=True)
    # float64 against float64, sums in another order
    np.testing.assert_allclose(load(path).run(x), expected(y, x), atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (function("math.multiply", DENSE, y=INPUT), "one factor must be a constant; hardware mult"),
        (function("math.truediv", [CONSTANT, -1, 1.0], y=DENSE), "one factor must be a constant"),
        (function("math.truediv", DENSE, y=[1.0, 0.0]), "the divisor must be nonzero"),
        (function("math.multiply", DENSE, y=[1.0] * 3), r"constant must be \(\) or \(2,\), not"),
        (function("__operators__.add", DENSE, y="text"), "called with must be tensors and numbers"),
        (
            function("math.reduce_mean", DENSE, axis=1),
            "class tf.math.reduce_mean must not be .*host",
        ),
        (function("math.tanh", DENSE, other=1), "call: 'other' must be a known option"),
        (function("nn.softmax", DENSE, axis=1), "axis must be -1, not 1"),
    ],
)
def test_other_functions_of_tensorflow_are_refused(tmp_path, rng, change, message):
    layers = [keras_files.lmu(rng, 2), keras_files.dense(rng, 3, 2)]
    model_refused(tmp_path, layers, message, shape=(None, 7, 2), change=change, version="2.15.0")
