# SPDX-License-Identifier: Apache-2.0
"""Models of Keras that are no chain of layers."""

from __future__ import annotations

import pytest

from tests.load import keras_files
from tests.load.refusals import model_refused


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
    model_refused(tmp_path, layers, message, change=change)
