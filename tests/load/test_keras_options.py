# SPDX-License-Identifier: Apache-2.0
"""keras-lmu models that are refused: the message names file, layer, option, rule and value."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import load
from lmu_hw.load._keras_graph import LayerNode
from tests.load import keras_files


def refused(tmp_path, layers, message, **options):
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
    ({"return_state": 1}, "return_state must be true or false, not 1"),
    (
        {"stateful": True, "go_backwards": True},
        "stateful and go_backwards must be off, not True; .*; hardware takes steps as they come",
    ),
    ({"go_backwards": True}, "go_backwards must be off"),
    ({"time_major": True}, "time_major must be off"),
    ({"gate": "soft"}, r"'gate' must be a known option, but it is not \(its value is 'soft'\)"),
]


@pytest.mark.parametrize(("change", "message"), LMU_REFUSED)
def test_lmu_options_that_do_not_fit_are_refused(tmp_path, rng, change, message):
    layer = keras_files.lmu(rng, 1)
    layer.config.update(change)
    refused(tmp_path, [layer], message)


@pytest.mark.parametrize("option", ["stateful", "go_backwards", "time_major"])
def test_rnn_options_that_change_the_meaning_are_refused(tmp_path, rng, option):
    layer = keras_files.lmu(rng, 1, form="RNN")
    layer.config[option] = True
    refused(tmp_path, [layer], rf"layer 'lmu' \(RNN\): {option} must be off, not True")


@pytest.mark.parametrize("cell", ["StackedRNNCells", "PeepholeLSTMCell", "Conv1D"])
def test_other_hidden_cells_are_refused(tmp_path, rng, cell):
    layer = keras_files.lmu(rng, 1)
    layer.config["hidden_cell"]["class_name"] = cell
    message = rf"\(LMU\): hidden_cell must be None, Dense, .* or GRUCell, not '{cell}'; train"
    refused(tmp_path, [layer], message)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ConvLSTM1D", "leave this layer to the host"),
        ("LMUCellFFT", "put its weights into an LMU layer without recurrent connections"),
        ("CuDNNLSTM", "load it as an LSTM in Keras"),
        ("Conv1D", "run it before the hardware"),
        ("LayerNormalization", "train with BatchNormalization"),
        ("Bidirectional", "train a forward network"),
        ("Masking", "sequences of one length"),
        ("Lambda", "code in a file is never run; .* set return_sequences=False"),
        ("Concatenate", "one chain of layers"),
        ("Functional", "put its layers into the outer model"),
    ],
)
def test_other_layers_are_refused(tmp_path, rng, name, advice):
    layers = [keras_files.lmu(rng, 1), keras_files.plain(name, "odd")]
    message = rf"layer 'odd' \({name}\): class {name} must not be in the model; .*{advice}"
    refused(tmp_path, layers, message)


def test_a_layer_that_saved_no_options_is_refused_with_what_to_do():
    message = "^m: a layer must be an object with class_name and config, .*; its window and"
    with pytest.raises(LoadError, match=message):
        LayerNode("m", {"class_name": "lmu>LMUCellFFT", "config": None})


def test_classes_of_strangers_are_refused(tmp_path, rng):
    layer = keras_files.lmu(rng, 1)
    layer.registered = "Custom>LMU"
    rule = "class must be the one of keras_lmu or lmu, not"
    refused(tmp_path, [layer], f"{rule} 'Custom>LMU'")
    layer.registered, layer.module = None, "mine.layers"
    refused(tmp_path, [layer], f"{rule} 'mine.layers'")
    layer.class_name, layer.module = "Mine>LMU", "keras_lmu.layers"
    refused(tmp_path, [layer], f"{rule} 'Mine>LMU'")


@pytest.mark.parametrize("cell", ["Dense", "LMUCellODE", "LMUCellGating"])
def test_rnn_of_another_cell_is_refused(tmp_path, rng, cell):
    layer = keras_files.lmu(rng, 1, form="RNN")
    layer.config["cell"]["class_name"] = cell
    refused(
        tmp_path,
        [layer],
        rf"\(RNN\): cell must be LMUCell, .* or GRUCell, not '{cell}'",
    )


def test_rnn_cell_of_another_input_width_is_refused(tmp_path, rng):
    layer = keras_files.lmu(rng, 1, form="RNN")
    layer.config["cell"]["config"]["input_d"] = 2
    refused(tmp_path, [layer], "input_d must be the input width, 1, not 2")


def test_time_distributed_of_another_layer_is_refused(tmp_path, rng):
    layer = keras_files.time_distributed(keras_files.plain("Conv1D"))
    refused(tmp_path, [layer], r"\(TimeDistributed\): layer must be a Dense, .*, not")


def test_an_unknown_activation_is_refused(tmp_path, rng):
    layer = keras_files.dense(rng, 1, 2, activation="mish")
    refused(tmp_path, [layer], r"\(Dense\): activation must be one of .* not 'mish'")
    layer.config["activation"] = {"class_name": "function", "registered_name": "mine>relu"}
    refused(tmp_path, [layer], "activation must be one of .* not 'mine>relu'")


def test_softmax_before_the_end_is_refused(tmp_path, rng):
    layers = [keras_files.dense(rng, 1, 2, activation="softmax"), keras_files.dense(rng, 2, 2)]
    layers[1].config["name"] = "last"
    refused(tmp_path, layers, "softmax is supported on the last layer only")


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("ReLU", {"max_value": 3.0}, "max_value must be None or 6, not 3.0"),
        ("ReLU", {"negative_slope": 0.1}, "negative_slope must be 0, not 0.1"),
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
    refused(tmp_path, layers, message)


@pytest.mark.parametrize("second", ["lmu", "steps"])
def test_layers_that_need_sequences_are_refused_after_a_last_step(tmp_path, rng, second):
    inner = keras_files.dense(rng, 3, 2)
    after = {"lmu": keras_files.lmu(rng, 3, name="b"), "steps": keras_files.time_distributed(inner)}
    layers = [keras_files.lmu(rng, 1, return_sequences=False), after[second]]
    refused(tmp_path, layers, "it must be fed with sequences; set return_sequences")


@pytest.mark.parametrize("shape", [(None, 784), (None, 28, 28, 1), None, (None, 7, -1)])
def test_inputs_that_are_no_sequences_are_refused(tmp_path, rng, shape):
    message = r"layer 'input' \(InputLayer\): the shape must be \(batch, steps, features\), not"
    refused(tmp_path, [keras_files.dense(rng, 1, 2)], message, shape=shape)


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
        (branch, r"'dense' \(Dense\): the layer's input must be only the output of 'lmu'"),
        (twice, "number of times the layer is called must be 1, not 2"),
        (masked, "call: mask must be off"),
        (started, "call: initial_state must be off"),
        (two_tensors, "the layer's input must be one tensor"),
        (two_outputs, r"output_layers must be only 'dense' \(a chain of layers\), not"),
        (early_output, r"output_layers must be only 'dense' .* not \['lmu', 0, 0\]"),
        (second_tensor, r"output_layers must be only 'dense' .* not \['dense', 0, 1\]"),
        (no_input, "the first layer must be an InputLayer, not 'lmu'"),
        (second_input, "there must be one input, not a second one"),
        (subclassed, "the model must be Functional or Sequential, not 'MyModel'"),
    ],
)
def test_models_that_are_no_chain_are_refused(tmp_path, rng, change, message):
    layers = [keras_files.lmu(rng, 1), keras_files.dense(rng, 3, 2)]
    refused(tmp_path, layers, message, change=change)


@pytest.mark.parametrize("version", ["1.2.2", "4.0", None, 3])
def test_other_versions_of_keras_are_refused(tmp_path, rng, version):
    members = {"metadata.json": json.dumps({"keras_version": version})}
    message = "keras_version must be 2.x or 3.x, not"
    refused(tmp_path, [keras_files.dense(rng, 1, 2)], message, members=members)


def test_a_variable_that_nobody_reads_is_refused(tmp_path, rng):
    more = {"layers/dense/vars/2": np.zeros(3)}
    message = r"nothing reads \['layers/dense/vars/2'\]"
    refused(tmp_path, [keras_files.dense(rng, 1, 2)], message, more=more)


def test_two_places_for_one_cell_are_refused(tmp_path, rng):
    more = {"layers/lmu/layer/cell/vars/0": np.zeros((1, 1))}
    message = "its variables must be in one group of the weights, not"
    refused(tmp_path, [keras_files.lmu(rng, 1)], message, more=more)


@pytest.mark.parametrize("value", [0.0, -0.5, np.nan, np.inf])
def test_a_trained_theta_must_be_positive(tmp_path, rng, value):
    layer = keras_files.lmu(rng, 1, trainable_theta=True, theta_inv=value)
    refused(tmp_path, [layer], "theta_inv must be a positive finite number, not")


@pytest.mark.parametrize("data", [np.array([[1, 2]], np.int8), np.zeros((1, 2), bool)])
def test_weights_that_are_no_floats_are_refused(tmp_path, rng, data):
    layer = keras_files.dense(rng, 1, 2)
    layer.variables["vars/0"] = data
    refused(tmp_path, [layer], "the data must be float16, float32 or float64, not")


def test_weights_that_are_not_finite_are_refused(tmp_path, rng):
    layer = keras_files.lmu(rng, 1)
    layer.variables["layer/vars/0"][0, 0] = np.nan
    refused(tmp_path, [layer], r"'lmu' \(LMU\): lmu: E_x must be finite")


def test_everything_that_is_refused_is_listed(tmp_path, rng):
    plain, lmu = keras_files.plain, keras_files.lmu
    layers = [
        plain("Masking", "skip"),
        lmu(rng, 2, name="a"),
        plain("Conv1D", "filter"),
        lmu(rng, 4, name="b", activation="mish"),
        plain("Softmax"),
        plain("Flatten"),
        keras_files.dense(rng, 3, 2),
    ]
    path = keras_files.write(tmp_path / "m.keras", layers, change=two_outputs)
    with pytest.raises(LoadError) as caught:
        load(path)
    head, *lines = str(caught.value).split("\n")
    assert head == f"{path}: every layer must be supported, but 4 things are refused:"
    starts = ["the model's output_layers", "layer 'skip'", "layer 'filter'", "layer 'b' (LMU)"]
    assert [line[2 : 2 + len(start)] for line, start in zip(lines, starts, strict=True)] == starts


def test_a_long_list_is_cut(tmp_path, rng):
    layers = [keras_files.plain("Conv1D", f"c{index}") for index in range(30)]
    path = keras_files.write(tmp_path / "m.keras", layers)
    with pytest.raises(LoadError, match=r"30 things are refused:\n(.*\n){20}  and 10 more$"):
        load(path)


def test_memories_that_take_too_long_are_refused(tmp_path, rng):
    layer = keras_files.lmu(rng, 1, hidden=None)
    layer.config["order"] = 1025
    message = r"the sum of order\*\*3 must be at most 1073741824 for all layers to discretize, not"
    refused(tmp_path, [layer], message)


def test_identities_that_take_too_much_are_refused(tmp_path, rng):
    options = {"kernel": False, "memory_d": 3000, "order": 1, "hidden": None}
    layers = [keras_files.lmu(rng, 3000, name=name, **options) for name in ("a", "b")]
    message = r"layer 'b' .*the sum of features\*\*2 must be at most 16777216 .*, not 18000000"
    refused(tmp_path, layers, message, shape=(None, None, 3000))


def test_too_many_layers_are_refused(tmp_path, rng):
    layers = [keras_files.plain("Dropout", f"d{index}") for index in range(1000)]
    refused(tmp_path, layers, "the number of layers must be at most 1000, not 1001")
