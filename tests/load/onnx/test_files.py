# SPDX-License-Identifier: Apache-2.0
"""ONNX files: their tensors in the file and beside it, damaged ones, and the package that reads."""

from __future__ import annotations

import sys

import numpy as np
import onnx
import pytest

from lmu_hw.lmu import DenseLayer
from lmu_hw.load import load
from tests.load import onnx_files
from tests.load.onnx_files import INPUTS, node, weights
from tests.load.refusals import refused


@pytest.fixture
def made(rng):
    nodes = [
        node("MatMul", ["x", "V"], ["a"]),
        node("Tanh", ["a"], ["y"]),
    ]
    return onnx_files.model(nodes, {"V": weights(rng, INPUTS, 3)})


def beside(folder, made):
    path = folder / "m.onnx"
    onnx.save(made, path, save_as_external_data=True, location="m.data", size_threshold=0)
    return path


def test_tensors_may_lie_beside_the_file(tmp_path, made):
    onnx_files.agrees(beside(tmp_path, onnx_copy(made)), made)


def onnx_copy(made):
    copy = onnx.ModelProto()
    copy.CopyFrom(made)
    return copy


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("location", "../m.data", "the file of its data must be one beside the model, not"),
        ("location", "", "the file of its data must be one beside the model, not ''"),
        ("location", "other", "its data in 'other' must be readable: No such file"),
        ("length", "7", "must be readable: 7 bytes at 0 are not the 24 of its shape"),
        ("offset", "9999", "its data in 'm.data' must be 24 bytes, not 0"),
    ],
)
def test_data_elsewhere_are_refused(tmp_path, made, key, value, message):
    path = beside(tmp_path, onnx_copy(made))
    changed = onnx.load(path, load_external_data=False)
    (tensor,) = changed.graph.initializer
    kept = {entry.key: entry.value for entry in tensor.external_data} | {key: value}
    del tensor.external_data[:]
    for name, text in kept.items():
        tensor.external_data.add(key=name, value=text)
    path.write_bytes(changed.SerializeToString())
    refused(path, message)


def test_a_damaged_file_is_refused(tmp_path, made):
    path = onnx_files.written(tmp_path, made)
    raw = path.read_bytes()
    for size in (3, len(raw) // 2):
        path.write_bytes(raw[:size])
        refused(path, "must be an ONNX model")


def test_a_tensor_whose_bytes_do_not_fit_is_refused(tmp_path, made):
    made.graph.initializer[0].dims[0] = 1 << 40
    refused(onnx_files.written(tmp_path, made), "all tensors must take at most")
    made.graph.initializer[0].dims[0] = 3
    refused(onnx_files.written(tmp_path, made), "tensor 'V': must be whole, but")


def test_the_content_says_what_it_is(tmp_path, made):
    path = onnx_files.written(tmp_path, made)
    moved = path.rename(tmp_path / "network.bin")
    assert load(moved).inputs == INPUTS


def test_without_the_package_the_extra_is_named(tmp_path, made, monkeypatch):
    path = onnx_files.written(tmp_path, made)
    monkeypatch.setitem(sys.modules, "onnx", None)
    refused(path, r"package 'onnx' must be installed .*: pip install 'lmu_hw\[onnx\]'")


def test_half_precision_is_read_exactly(tmp_path, rng):
    half = np.asarray(weights(rng, INPUTS, 3), np.float16)
    made = onnx_files.model([node("MatMul", ["x", "V"], ["y"])], {"V": half})
    (layer,) = load(onnx_files.written(tmp_path, made)).layers
    assert isinstance(layer, DenseLayer)
    assert np.array_equal(layer.W, half.T)


def test_an_attribute_of_another_kind_is_refused(tmp_path, rng):
    nodes = [node("Transpose", ["x"], ["a"], perm=[0.5, 1.5, 2.5]), node("Tanh", ["a"], ["y"])]
    refused(onnx_files.written(tmp_path, onnx_files.model(nodes, {})), "perm must be an order of")
    nodes = [node("Concat", ["x", "x"], ["a"]), node("Tanh", ["a"], ["y"])]
    made = onnx_files.model(nodes, {})
    refused(
        onnx_files.written(tmp_path, made), "its inputs and attributes must be those that ONNX g"
    )
