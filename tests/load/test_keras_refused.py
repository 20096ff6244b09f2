# SPDX-License-Identifier: Apache-2.0
"""keras-lmu models that are refused: the message names file, layer, option, rule and value."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import load


def refused(keras_files, tmp_path, layers, message, **options):
    path = keras_files.write(tmp_path / "m.keras", layers, **options)
    with pytest.raises(LoadError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


LMU_REFUSED = [
    ({"order": 0}, r"layer 'lmu' \(LMU\): order must be an integer from 1 to 4096, not 0"),
    ({"order": 5000}, "order must be an integer from 1 to 4096, not 5000"),
    ({"order": 5}, r"shape of kernel of the hidden cell .* must be \(5, 3\), not \(4, 3\)"),
    ({"memory_d": 2}, r"shape of kernel \(layers/lmu/layer/vars/0\) must be \(1, 2\), not"),
    ({"memory_d": 5000}, "memory_d must be an integer from 1 to 4096, not 5000"),
    ({"theta": 0}, "theta must be a positive finite number, not 0"),
    ({"theta": "784"}, "theta must be a positive finite number, not '784'"),
    ({"theta": 1e-30}, r"theta must be from 0.001 to .* steps, not 1e-30"),
    ({"discretizer": "tustin"}, "discretizer must be one of zoh, euler, not 'tustin'"),
    ({"hidden_to_memory": 1}, "hidden_to_memory must be true or false, not 1"),
    ({"hidden_to_memory": True}, r"shape of kernel .* must be \(4, 1\), not \(1, 1\)"),
    ({"use_bias": True}, "bias must be in the weights as 'layers/lmu/layer/vars/1'"),
    ({"trainable_theta": True}, "theta_inv must be in the weights"),
    ({"memory_to_memory": True}, "recurrent_kernel must be in the weights"),
    ({"input_to_hidden": True}, r"must be \(5, 3\), not \(4, 3\)"),
    ({"hidden_cell": None}, "nothing reads .'layers/lmu/hidden_cell/vars/0'"),
    ({"hidden_cell": None, "hidden_to_memory": True}, "hidden_to_memory must be false without"),
    ({"kernel_initializer": None}, "nothing reads .'layers/lmu/layer/vars/0'"),
    ({"kernel_initializer": None, "memory_d": 3}, "memory_d must be the width of .x, h. without"),
    ({"stateful": True}, "stateful must be off, not True; every sequence starts from zero"),
    ({"return_state": True}, "return_state must be off"),
    ({"go_backwards": True}, "go_backwards must be off"),
    ({"time_major": True}, "time_major must be off"),
    ({"gate": "soft"}, r"'gate' must be a known option, but it is not \(its value is 'soft'\)"),
]


@pytest.mark.parametrize(("change", "message"), LMU_REFUSED)
def test_lmu_options_that_do_not_fit_are_refused(keras_files, tmp_path, rng, change, message):
    layer = keras_files.lmu(rng, 1)
    layer.config.update(change)
    refused(keras_files, tmp_path, [layer], message)


@pytest.mark.parametrize("option", ["stateful", "return_state", "go_backwards", "time_major"])
def test_rnn_options_that_change_the_meaning_are_refused(keras_files, tmp_path, rng, option):
    layer = keras_files.lmu(rng, 1, form="RNN")
    layer.config[option] = True
    refused(keras_files, tmp_path, [layer], rf"layer 'lmu' \(RNN\): {option} must be off, not True")


@pytest.mark.parametrize("cell", ["LSTMCell", "GRUCell", "StackedRNNCells", "Conv1D"])
def test_other_hidden_cells_are_refused(keras_files, tmp_path, rng, cell):
    layer = keras_files.lmu(rng, 1)
    layer.config["hidden_cell"]["class_name"] = cell
    message = rf"\(LMU\): hidden_cell must be None, Dense or SimpleRNNCell, not '{cell}'; train"
    refused(keras_files, tmp_path, [layer], message)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("LSTM", "leave this layer to the host"),
        ("GRU", "leave this layer to the host"),
        ("Conv1D", "run it before the hardware"),
        ("BatchNormalization", "fold it into the weights"),
        ("Bidirectional", "train a forward network"),
        ("Masking", "sequences of one length"),
        ("Lambda", "rebuild the model from InputLayer"),
        ("Functional", "rebuild the model from InputLayer"),
    ],
)
def test_other_layers_are_refused(keras_files, tmp_path, rng, name, advice):
    layers = [keras_files.lmu(rng, 1), keras_files.plain(name, "odd")]
    message = rf"layer 'odd' \({name}\): class {name} must not be in the model; .*{advice}"
    refused(keras_files, tmp_path, layers, message)


def test_classes_of_strangers_are_refused(keras_files, tmp_path, rng):
    layer = keras_files.lmu(rng, 1)
    layer.registered = "Custom>LMU"
    refused(keras_files, tmp_path, [layer], "class must be the one of keras_lmu, not 'Custom>LMU'")
    layer.registered, layer.module = None, "mine.layers"
    refused(keras_files, tmp_path, [layer], "class must be the one of keras_lmu, not 'mine.layers'")


@pytest.mark.parametrize("cell", ["LSTMCell", "SimpleRNNCell"])
def test_rnn_of_another_cell_is_refused(keras_files, tmp_path, rng, cell):
    layer = keras_files.lmu(rng, 1, form="RNN")
    layer.config["cell"]["class_name"] = cell
    refused(keras_files, tmp_path, [layer], rf"\(RNN\): cell must be an LMUCell, not '{cell}'")


def test_rnn_cell_of_another_input_width_is_refused(keras_files, tmp_path, rng):
    layer = keras_files.lmu(rng, 1, form="RNN")
    layer.config["cell"]["config"]["input_d"] = 2
    refused(keras_files, tmp_path, [layer], "input_d must be the input width, 1, not 2")


def test_time_distributed_of_another_layer_is_refused(keras_files, tmp_path, rng):
    layer = keras_files.time_distributed(keras_files.plain("Conv1D"))
    refused(keras_files, tmp_path, [layer], r"\(TimeDistributed\): layer must be a Dense, not")


def test_an_unknown_activation_is_refused(keras_files, tmp_path, rng):
    layer = keras_files.dense(rng, 1, 2, activation="mish")
    refused(keras_files, tmp_path, [layer], r"\(Dense\): activation must be one of .* not 'mish'")
    layer.config["activation"] = {"class_name": "function", "registered_name": "mine>relu"}
    refused(keras_files, tmp_path, [layer], "activation must be one of .* not 'mine>relu'")


def test_softmax_before_the_end_is_refused(keras_files, tmp_path, rng):
    layers = [keras_files.dense(rng, 1, 2, activation="softmax"), keras_files.dense(rng, 2, 2)]
    layers[1].config["name"] = "last"
    refused(keras_files, tmp_path, layers, "softmax is supported on the last layer only")


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("ReLU", {"max_value": 3.0}, "max_value must be None or 6, not 3.0"),
        ("ReLU", {"negative_slope": 0.1}, "negative_slope must be 0, not 0.1"),
        ("ReLU", {"threshold": 0.1}, "threshold must be 0, not 0.1"),
        ("Softmax", {"axis": 1}, "axis must be -1, not 1"),
        ("Activation", {"activation": "relu"}, "the layer before it must be a Dense layer with"),
        ("Reshape", {"target_shape": [7, 2]}, r"target shape must be the shape it is fed with"),
        ("Reshape", {"target_shape": [-1, -1]}, "target shape must be the shape it is fed with"),
        ("Flatten", {}, r"target shape must be the shape it is fed with, \[None, 3\], not \[-1\]"),
    ],
)
def test_layers_that_do_not_fold_are_refused(keras_files, tmp_path, rng, name, config, message):
    layers = [keras_files.lmu(rng, 1), keras_files.plain(name, **config)]
    refused(keras_files, tmp_path, layers, message)


def test_a_second_activation_is_refused(keras_files, tmp_path, rng):
    layers = [keras_files.dense(rng, 1, 2, activation="relu"), keras_files.plain("Softmax")]
    refused(keras_files, tmp_path, layers, "the layer before it must be .* not 'dense'; set the")


@pytest.mark.parametrize("second", ["lmu", "steps"])
def test_layers_that_need_sequences_are_refused_after_a_last_step(
    keras_files, tmp_path, rng, second
):
    inner = keras_files.dense(rng, 3, 2)
    after = {"lmu": keras_files.lmu(rng, 3, name="b"), "steps": keras_files.time_distributed(inner)}
    layers = [keras_files.lmu(rng, 1, return_sequences=False), after[second]]
    refused(keras_files, tmp_path, layers, "it must be fed with sequences; set return_sequences")


@pytest.mark.parametrize("shape", [(None, 784), (None, 28, 28, 1), None, (None, 7, -1)])
def test_inputs_that_are_no_sequences_are_refused(keras_files, tmp_path, rng, shape):
    message = r"layer 'input' \(InputLayer\): the shape must be \(batch, steps, features\), not"
    refused(keras_files, tmp_path, [keras_files.dense(rng, 1, 2)], message, shape=shape)


def branch(config):
    config["config"]["layers"][2]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = [
        "input", 0, 0
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
        (branch, r"'dense' \(Dense\): the layer's input must be only the output of 'lmu'"),
        (twice, "number of times the layer is called must be 1, not 2"),
        (masked, "call: mask must be off"),
        (started, "call: initial_state must be off"),
        (two_tensors, "the layer's input must be one tensor"),
        (two_outputs, r"output_layers must be only 'dense' \(a chain of layers\), not"),
        (early_output, r"output_layers must be only 'dense' .* not \['lmu'\]"),
        (no_input, "the first layer must be an InputLayer, not 'lmu'"),
        (second_input, "there must be one input, not a second one"),
        (subclassed, "the model must be Functional or Sequential, not 'MyModel'"),
    ],
)
def test_models_that_are_no_chain_are_refused(keras_files, tmp_path, rng, change, message):
    layers = [keras_files.lmu(rng, 1), keras_files.dense(rng, 3, 2)]
    refused(keras_files, tmp_path, layers, message, change=change)


@pytest.mark.parametrize("version", ["1.2.2", "4.0", None, 3])
def test_other_versions_of_keras_are_refused(keras_files, tmp_path, rng, version):
    members = {"metadata.json": json.dumps({"keras_version": version})}
    message = "keras_version must be 2.x or 3.x, not"
    refused(keras_files, tmp_path, [keras_files.dense(rng, 1, 2)], message, members=members)


def test_a_variable_that_nobody_reads_is_refused(keras_files, tmp_path, rng):
    more = {"layers/dense/vars/2": np.zeros(3)}
    message = r"nothing reads \['layers/dense/vars/2'\]"
    refused(keras_files, tmp_path, [keras_files.dense(rng, 1, 2)], message, more=more)


def test_two_places_for_one_cell_are_refused(keras_files, tmp_path, rng):
    more = {"layers/lmu/layer/cell/vars/0": np.zeros((1, 1))}
    message = "its variables must be in one group of the weights, not"
    refused(keras_files, tmp_path, [keras_files.lmu(rng, 1)], message, more=more)


@pytest.mark.parametrize("value", [0.0, -0.5, np.nan, np.inf])
def test_a_trained_theta_must_be_positive(keras_files, tmp_path, rng, value):
    layer = keras_files.lmu(rng, 1, trainable_theta=True, theta_inv=value)
    refused(keras_files, tmp_path, [layer], "theta_inv must be a positive finite number, not")


@pytest.mark.parametrize("data", [np.array([[1, 2]], np.int8), np.zeros((1, 2), bool)])
def test_weights_that_are_no_floats_are_refused(keras_files, tmp_path, rng, data):
    layer = keras_files.dense(rng, 1, 2)
    layer.variables["vars/0"] = data
    refused(keras_files, tmp_path, [layer], "the data must be float16, float32 or float64, not")


def test_weights_that_are_not_finite_are_refused(keras_files, tmp_path, rng):
    layer = keras_files.lmu(rng, 1)
    layer.variables["layer/vars/0"][0, 0] = np.nan
    refused(keras_files, tmp_path, [layer], r"'lmu' \(LMU\): lmu: E_x must be finite")
