# SPDX-License-Identifier: Apache-2.0
"""Models of Keras as a whole: versions, inputs, and all that is refused in one list."""

from __future__ import annotations

import json

import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import load
from tests.load import keras_files
from tests.load.refusals import model_refused


@pytest.mark.parametrize("shape", [(None, 784), (None, 28, 28, 1), None, (None, 7, -1)])
def test_inputs_that_are_no_sequences_are_refused(tmp_path, rng, shape):
    message = r"layer 'input' \(InputLayer\): the shape must be \(batch, steps, features\), not"
    model_refused(tmp_path, [keras_files.dense(rng, 1, 2)], message, shape=shape)


def two_outputs(config):
    config["config"]["output_layers"].append(["lmu", 0, 0])


@pytest.mark.parametrize("version", ["1.2.2", "4.0", None, 3])
def test_other_versions_of_keras_are_refused(tmp_path, rng, version):
    members = {"metadata.json": json.dumps({"keras_version": version})}
    message = "keras_version must be 2.x or 3.x, not"
    model_refused(tmp_path, [keras_files.dense(rng, 1, 2)], message, members=members)


def test_everything_that_is_refused_is_listed(tmp_path, rng):
    plain, lmu = keras_files.plain, keras_files.lmu
    layers = [
        plain("Masking2D", "skip"),
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
