# SPDX-License-Identifier: Apache-2.0
"""LSTM, GRU and RNN of ONNX: order of gates, biases, layouts, and what is refused of them."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.lmu import RecurrentLayer
from lmu_hw.load import load
from tests.load import onnx_files
from tests.load.onnx_files import BATCH, INPUTS, STEPS, UNITS, node, weights
from tests.load.refusals import refused

GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


def recurrent(rng, op, *, bias=True, last=False, shape=(BATCH, STEPS, INPUTS), more=(), **options):
    """Return a model of one such node, fed by (batch, steps, features)."""
    rows = GATES[op] * UNITS
    constants = {"W": weights(rng, 1, rows, INPUTS), "R": weights(rng, 1, rows, UNITS)}
    if bias:
        constants["B"] = weights(rng, 1, 2 * rows)
    constants["one"] = np.array([1]) if not last else np.array([0])
    constants |= {name: value for name, value in more if value is not None}
    inputs = ["t", "W", "R", "B" if bias else "", *(name for name, _ in more)]
    options = {"hidden_size": UNITS, **options}
    nodes = [
        node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        node(op, inputs, ["", "e"] if last else ["s"], **options),
        node("Squeeze", ["e" if last else "s", "one"], ["y" if last else "q"]),
        *([] if last else [node("Transpose", ["q"], ["y"], perm=[1, 0, 2])]),
    ]
    return onnx_files.model(nodes, constants, shape=shape)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("op", "options"),
    [
        ("RNN", {}),
        ("LSTM", {}),
        ("LSTM", {"bias": False}),
        ("GRU", {"linear_before_reset": 1}),
        ("GRU", {"linear_before_reset": 0}),
        ("GRU", {"linear_before_reset": 1, "bias": False}),
    ],
)
def test_a_recurrent_node_is_a_layer(tmp_path, rng, op, options, last):
    made = recurrent(rng, op, last=last, **options)
    onnx_files.agrees(onnx_files.written(tmp_path, made), made)


def test_an_activation_is_that_of_the_node(tmp_path, rng):
    (layer,) = load(
        onnx_files.written(tmp_path, recurrent(rng, "RNN", activations=["Relu"]))
    ).layers
    assert isinstance(layer, RecurrentLayer)
    assert layer.cell.activation == "relu"


def test_free_axes_and_zero_states_that_are_computed_of_them(tmp_path, rng):
    rows = 4 * UNITS
    constants = {
        "W": weights(rng, 1, rows, INPUTS),
        "R": weights(rng, 1, rows, UNITS),
        "B": weights(rng, 1, 2 * rows),
        "zero": np.array([0]),
        "one": np.array([1]),
        "units": np.array([UNITS]),
    }
    nodes = [
        node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "zero"], ["batch"]),
        node("Concat", ["one", "batch", "units"], ["size"], axis=0),
        node("ConstantOfShape", ["size"], ["h0"]),
        node("LSTM", ["t", "W", "R", "B", "", "h0", "h0"], ["s"], hidden_size=UNITS),
        node("Squeeze", ["s", "one"], ["q"]),
        node("Transpose", ["q"], ["y"], perm=[1, 0, 2]),
    ]
    made = onnx_files.model(nodes, constants, shape=("b", "t", INPUTS))
    onnx_files.agrees(onnx_files.written(tmp_path, made), made)


def test_steps_may_come_first(tmp_path, rng):
    constants = {"W": weights(rng, 1, 9, INPUTS), "R": weights(rng, 1, 9, UNITS)}
    constants["one"] = np.array([1])
    nodes = [
        node("GRU", ["x", "W", "R"], ["s"], hidden_size=UNITS),
        node("Squeeze", ["s", "one"], ["y"]),
    ]
    made = onnx_files.model(nodes, constants, shape=(STEPS, BATCH, INPUTS))
    network = onnx_files.agrees(onnx_files.written(tmp_path, made), made, order=(1, 0, 2))
    assert any("steps come first in the file" in note for note in network.notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction": "reverse"}, "direction must be forward, not 'reverse'; a backward half"),
        ({"clip": 3.0}, r"clip must be left out, not 3.0"),
        ({"hidden_size": 7}, "hidden_size must be 3, that of R, not 7"),
        ({"activations": ["Affine", "Tanh", "Tanh"]}, "activations must be 3 of relu, tanh"),
        ({"activations": ["Sigmoid", "Tanh", "Relu"]}, "the last two alike in an LSTM"),
        (
            {"more": [("", None), ("h", np.ones((1, BATCH, UNITS), "f4"))]},
            "initial_h must be zeros",
        ),
        ({"more": [("n", np.full(BATCH, 2, "i4"))]}, "sequence_lens must be left out"),
        (
            {"more": [("", None)] * 3 + [("p", np.ones((1, 3 * UNITS), "f4"))]},
            "P must be zeros, not 'something else'; train without them",
        ),
    ],
)
def test_what_a_cell_here_does_not_compute_is_refused(tmp_path, rng, options, message):
    refused(onnx_files.written(tmp_path, recurrent(rng, "LSTM", **options)), message)
