# SPDX-License-Identifier: Apache-2.0
"""Layers of Keras that are refused: by name, with what to do."""

from __future__ import annotations

import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load.keras.graph import LayerNode
from tests.load import keras_files
from tests.load.refusals import model_refused


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ConvLSTM1D", "leave this layer to the host"),
        ("LMUCellFFT", "put its weights into an LMU layer without recurrent connections"),
        ("CuDNNLSTM", "load it as an LSTM in Keras"),
        ("Conv1D", "run it before the hardware"),
        ("LayerNormalization", "train with BatchNormalization"),
        ("Bidirectional", "reads the end of a sequence first.* train a forward network"),
        ("Lambda", "code in a file is never run; .* set return_sequences=False"),
        ("Maximum", "multiplies what layers compute within LSTM and GRU cells only"),
        ("TensorFlowOpLayer", "use the layers Add and Concatenate"),
        ("Functional", "put its layers into the outer model"),
    ],
)
def test_other_layers_are_refused(tmp_path, rng, name, advice):
    layers = [keras_files.lmu(rng, 1), keras_files.plain(name, "odd")]
    message = rf"layer 'odd' \({name}\): class {name} must not be in the model; .*{advice}"
    model_refused(tmp_path, layers, message)


def test_a_layer_that_saved_no_options_is_refused_with_what_to_do():
    message = "^m: a layer must be an object with class_name and config, .*; its window and"
    with pytest.raises(LoadError, match=message):
        LayerNode("m", {"class_name": "lmu>LMUCellFFT", "config": None})


def test_classes_of_strangers_are_refused(tmp_path, rng):
    layer = keras_files.lmu(rng, 1)
    layer.registered = "Custom>LMU"
    rule = "class must be the one of keras_lmu or lmu, not"
    model_refused(tmp_path, [layer], f"{rule} 'Custom>LMU'")
    layer.registered, layer.module = None, "mine.layers"
    model_refused(tmp_path, [layer], f"{rule} 'mine.layers'")
    layer.class_name, layer.module = "Mine>LMU", "keras_lmu.layers"
    model_refused(tmp_path, [layer], f"{rule} 'Mine>LMU'")


def test_time_distributed_of_another_layer_is_refused(tmp_path, rng):
    layer = keras_files.time_distributed(keras_files.plain("Conv1D"))
    model_refused(tmp_path, [layer], r"\(TimeDistributed\): layer must be a Dense, .*, not")


def test_an_unknown_activation_is_refused(tmp_path, rng):
    layer = keras_files.dense(rng, 1, 2, activation="mish")
    model_refused(tmp_path, [layer], r"\(Dense\): activation must be one of .* not 'mish'")
    layer.config["activation"] = {"class_name": "function", "registered_name": "mine>relu"}
    model_refused(tmp_path, [layer], "activation must be one of .* not 'mine>relu'")


def test_softmax_before_the_end_is_refused(tmp_path, rng):
    layers = [keras_files.dense(rng, 1, 2, activation="softmax"), keras_files.dense(rng, 2, 2)]
    layers[1].config["name"] = "last"
    model_refused(tmp_path, layers, "softmax is supported on the last layer only")


@pytest.mark.parametrize("second", ["lmu", "steps"])
def test_layers_that_need_sequences_are_refused_after_a_last_step(tmp_path, rng, second):
    inner = keras_files.dense(rng, 3, 2)
    after = {"lmu": keras_files.lmu(rng, 3, name="b"), "steps": keras_files.time_distributed(inner)}
    layers = [keras_files.lmu(rng, 1, return_sequences=False), after[second]]
    model_refused(tmp_path, layers, "it must be fed with sequences; set return_sequences")


def test_steps_behind_each_other_are_refused_with_what_to_take_instead(tmp_path, rng):
    layers = [keras_files.dense(rng, 2, 3), keras_files.plain("Flatten")]
    message = r"the target shape must be .*\[6, 3\], .*read one step at a time, as x\[:, -1\] does"
    model_refused(tmp_path, layers, message, shape=(None, 6, 2))
