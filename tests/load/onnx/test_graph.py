# SPDX-License-Identifier: Apache-2.0
"""Graphs of ONNX: products, sums, columns and shapes around a recurrent layer."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from lmu_hw.load import draft_mapping, load
from tests.load import onnx_files
from tests.load.onnx_files import BATCH, INPUTS, STEPS, UNITS, node, weights
from tests.load.refusals import refused


def around(rng, nodes, constants=None, *, shape=(BATCH, STEPS, INPUTS), **options):
    """Return a model of nodes that read x and h, (batch, steps, features), of a GRU."""
    given = {"W": weights(rng, 1, 9, INPUTS), "R": weights(rng, 1, 9, UNITS), "one": np.array([1])}
    head = [
        node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        node("GRU", ["t", "W", "R"], ["s", "e"], hidden_size=UNITS),
        node("Squeeze", ["s", "one"], ["q"]),
        node("Transpose", ["q"], ["h"], perm=[1, 0, 2]),
    ]
    return onnx_files.model([*head, *nodes], given | (constants or {}), shape=shape, **options)


def constants(rng):
    return {
        "V": weights(rng, UNITS, INPUTS),
        "c": weights(rng, INPUTS),
        "G": weights(rng, INPUTS, UNITS),
        "last": np.array(-1),
        "lasts": np.array([-1]),
        "far": np.array([9223372036854775807]),
        "zero": np.array([0]),
        "first": np.array([1]),
        "axis": np.array([2]),
        "flat": np.array([-1, UNITS]),
        "back": np.array([0, -1, INPUTS]),
        "half": np.array(0.5, np.float32),
        "mean": weights(rng, UNITS),
        "variance": weights(rng, UNITS) + 1.0,
        "six": np.array(6, np.float32),
        "none": np.array(0, np.float32),
        "parts": np.array([1, 2]),
        "rows": np.array([BATCH, STEPS, INPUTS]),
    }


GRAPHS = {
    "a bias, a residual": [
        node("MatMul", ["h", "V"], ["a"]),
        node("Add", ["c", "a"], ["b"]),
        node("Add", ["b", "x"], ["y"]),
    ],
    "the last value and a change": [
        node("Gather", ["h", "last"], ["a"], axis=1),
        node("Gemm", ["a", "G", "c"], ["b"], transB=1, alpha=0.5, beta=2.0),
        node("Gather", ["x", "last"], ["d"], axis=1),
        node("Slice", ["d", "zero", "first", "first"], ["f"]),
        node("Add", ["b", "f"], ["y"]),
    ],
    "the last step as a slice, a normalisation": [
        node("Slice", ["h", "lasts", "far", "one"], ["a"]),
        node("Squeeze", ["a", "one"], ["b"]),
        node("BatchNormalization", ["b", "mean", "mean", "mean", "variance"], ["d"]),
        node("Tanh", ["d"], ["y"]),
    ],
    "a normalisation of channels": [
        node("Transpose", ["h"], ["a"], perm=[0, 2, 1]),
        node("BatchNormalization", ["a", "mean", "mean", "mean", "variance"], ["b"]),
        node("Transpose", ["b"], ["d"], perm=[0, 2, 1]),
        node("MatMul", ["d", "V"], ["y"]),
    ],
    "steps flattened and back": [
        node("Reshape", ["h", "flat"], ["a"]),
        node("Gemm", ["a", "V"], ["b"]),
        node("Clip", ["b", "none", "six"], ["d"]),
        node("Reshape", ["d", "rows"], ["y"]),
    ],
    "parts of features": [
        node("Split", ["h", "parts"], ["a", "b"], axis=2),
        node("Concat", ["b", "x", "a"], ["d"], axis=-1),
        node("Mul", ["d", "half"], ["f"]),
        node("Neg", ["f"], ["y"]),
    ],
    "constants": [
        node("Sub", ["half", "h"], ["a"]),
        node("Div", ["a", "half"], ["b"]),
        node("Sigmoid", ["b"], ["d"]),
        node("MatMul", ["d", "V"], ["y"]),
    ],
    "the last state": [
        node("Squeeze", ["e", "zero"], ["a"]),
        node("Gemm", ["a", "V"], ["b"]),
        node("Softmax", ["b"], ["y"], axis=-1),
    ],
    "a new axis": [
        node("Unsqueeze", ["h", "axis"], ["a"]),
        node("Unsqueeze", ["x", "axis"], ["b"]),
        node("Concat", ["a", "b"], ["d"], axis=3),
        node("Squeeze", ["d", "axis"], ["y"]),
    ],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_layers(tmp_path, rng, name):
    made = around(rng, GRAPHS[name], constants(rng))
    onnx_files.agrees(onnx_files.written(tmp_path, made), made)


@pytest.mark.parametrize("name", sorted(set(GRAPHS) - {"steps flattened and back"}))
def test_axes_may_be_free(tmp_path, rng, name):
    made = around(rng, GRAPHS[name], constants(rng), shape=("b", "t", INPUTS))
    onnx_files.agrees(onnx_files.written(tmp_path, made), made)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("Erf", ["h"], ["y"])], r"node 'n_y' \(Erf\): this node is none of a layer known"),
        ([node("Mul", ["h", "h"], ["y"])], "one factor must be a constant: hardware multiplies"),
        ([node("Gather", ["h", "zero"], ["y"], axis=1)], r"or the last must be taken, not \[0\]"),
        ([node("Gather", ["h", "zero"], ["y"], axis=0)], "must be of steps or features, not batch"),
        ([node("Flatten", ["h"], ["y"], axis=1)], "steps and features .* must not be mixed"),
        ([node("Concat", ["h", "x"], ["y"], axis=1)], "features must be joined"),
        ([node("MatMul", ["h", "G"], ["y"])], "axis 2 must be of 2 features, those of the matrix"),
        ([node("Div", ["half", "h"], ["y"])], "the divisor must be constant, and not zero"),
        ([node("Clip", ["h", "half", "six"], ["y"])], "bounds must be 0 and 6, or -1 and 1"),
        ([node("ReduceMean", ["h", "one"], ["y"])], "answer at every step and average on the host"),
        ([node("Add", ["h", "x"], ["y"])], "axes .* must fit each other"),
        ([node("LeakyRelu", ["h"], ["y"])], "LeakyRelu.*this node is none of a layer known"),
        ([node("Gelu", ["h"], ["y"], approximate="tanh")], "approximate must be none, not 'tanh'"),
        ([node("Identity", ["x"], ["y"])], "there must be a layer between input and output"),
        (
            [node("Shape", ["h"], ["a"]), node("Cast", ["a"], ["b"], to=1),
             node("Gather", ["b", "last"], ["d"]), node("Gather", ["b", "one"], ["f"]),
             node("Mul", ["h", "f"], ["y"])],
            "a weight must not depend on the length of a sequence",
        ),
    ],
)  # fmt: skip
def test_other_nodes_are_refused(tmp_path, rng, nodes, message):
    made = around(rng, nodes, constants(rng), shape=("b", "t", INPUTS), opset=20)
    refused(onnx_files.written(tmp_path, made), message)


def test_two_inputs_or_outputs_are_refused(tmp_path, rng):
    made = around(rng, [node("Relu", ["h"], ["y"])], outputs=("y", "e"))
    refused(
        onnx_files.written(tmp_path, made), r"the outputs must be one, not \['y', 'e'\]; export"
    )
    made = around(rng, [node("Add", ["h", "z"], ["y"])])
    made.graph.input.append(helper.make_tensor_value_info("z", onnx_files.FLOAT, [UNITS]))
    refused(onnx_files.written(tmp_path, made), r"the inputs must be one, of sequences, not \['x'")


def test_an_input_that_is_no_sequence_is_refused(tmp_path, rng):
    made = around(rng, [node("Relu", ["h"], ["y"])], shape=(BATCH, STEPS, None))
    refused(onnx_files.written(tmp_path, made), "the shape of 'x' must be .*, features given, not")


def test_features_are_bounded(tmp_path, rng):
    wide = {"N": np.zeros((1, 5000), np.float32), "tail": np.array([3])}
    nodes = [node("Unsqueeze", ["h", "tail"], ["a"]), node("Add", ["a", "N"], ["y"])]
    made = around(rng, nodes, wide)
    refused(onnx_files.written(tmp_path, made), "the features must be at most 4096, not 15000")


def test_tensors_go_through_a_mapping(tmp_path, rng):
    given = {"cell.weight": weights(rng, 3, INPUTS), "cell.bias": weights(rng, 3)}
    made = onnx_files.model(
        [
            node("Gemm", ["x", "cell.weight", "cell.bias"], ["a"], transB=1),
            node("Erf", ["a"], ["y"]),
        ],
        given,
    )
    path = onnx_files.written(tmp_path, made)
    text = draft_mapping(path)
    assert 'W = "cell.weight"' in text and 'b = "cell.bias"' in text
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        text.replace('answers = "?"', 'answers = "every step"').replace('"?"', '"tanh"')
    )
    network = load(path, mapping=mapping)
    x = rng.normal(size=(1, 4, INPUTS))
    expected = np.tanh(x @ given["cell.weight"].T + given["cell.bias"])
    np.testing.assert_allclose(network.run(x), expected, atol=1e-12)  # sums in another order


def test_a_newer_operator_or_another_domain_is_refused(tmp_path, rng):
    made = around(rng, [node("Relu", ["h"], ["y"])], opset=6)
    refused(onnx_files.written(tmp_path, made), "version of the operators .* must be from 7 to")
    other = helper.make_node("Attention", ["h"], ["y"], domain="com.microsoft")
    made = around(rng, [other])
    made.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    refused(onnx_files.written(tmp_path, made), "the operators must be those of ONNX itself, not")
