# SPDX-License-Identifier: Apache-2.0
"""Layers in float against a loop over steps and elements, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import DenseLayer, SimpleCell
from tests import networks

FLAGS = ("input_to_hidden", "hidden_to_memory", "memory_to_memory", "bias")


def zero(matrix):
    return 0.0 if matrix is None else matrix


def slow(layer, x, function):
    """Return the layer's answers to one (steps, inputs) sequence, as the paper writes it."""
    order, memories = layer.memory.order, layer.memory_d
    cell = layer.hidden
    m = np.zeros(memories * order)
    h = np.zeros(cell.units if cell else 0)
    answers = []
    for row in x:
        u = layer.E_x @ row + zero(layer.b_u)
        u = u + (layer.E_h @ h if layer.E_h is not None else 0.0)
        u = u + (layer.E_m @ m if layer.E_m is not None else 0.0)
        for k in range(memories):
            part = slice(k * order, (k + 1) * order)
            m[part] = layer.memory.A @ m[part] + layer.memory.B * u[k]
        if cell is None:
            answers.append(np.append(m, row) if layer.input_to_hidden else m.copy())
            continue
        z = cell.W_m @ m + zero(cell.b)
        z = z + (cell.W_x @ row if cell.W_x is not None else 0.0)
        z = z + (cell.W_h @ h if cell.W_h is not None else 0.0)
        h = function(z)
        answers.append(h)
    return np.array(answers if layer.return_sequences else answers[-1:])


@pytest.mark.parametrize("hidden", ["none", "dense", "rnn"])
@pytest.mark.parametrize("memory_d", [1, 2])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_every_connection_is_what_the_paper_writes(hidden, memory_d, return_sequences):
    x = np.random.default_rng(1).normal(size=(2, 6, 3))
    for flags in product([False, True], repeat=len(FLAGS)):
        options = dict(zip(FLAGS, flags, strict=True))
        if hidden == "none" and options["hidden_to_memory"]:
            continue
        layer = networks.lmu_layer(
            inputs=3,
            memory_d=memory_d,
            hidden=hidden,
            return_sequences=return_sequences,
            **options,
        )
        expected = [slow(layer, sequence, np.tanh) for sequence in x]
        assert np.allclose(layer.run(x), expected, rtol=1e-12)  # float: another order of sums


def test_a_dense_layer_is_applied_to_every_step():
    layer = DenseLayer(name="d", W=np.eye(2) * 3, b=np.ones(2), activation="relu")
    x = np.array([[[1.0, -1.0], [0.5, 0.0]]])
    assert layer.run(x).tolist() == [[[4.0, 0.0], [2.5, 1.0]]]


def test_a_hidden_cell_has_no_softmax():
    with pytest.raises(NetworkError, match="lmu: softmax is supported on the last layer only"):
        networks.lmu_layer(activation="softmax")


def test_hidden_to_memory_needs_a_hidden_cell():
    with pytest.raises(NetworkError, match="lmu: hidden-to-memory needs a hidden cell"):
        networks.lmu_layer(hidden="none", hidden_to_memory=True)


def test_input_to_hidden_says_whether_its_weights_are_there():
    layer = networks.lmu_layer(input_to_hidden=True)
    with pytest.raises(
        NetworkError, match="lmu: W_x must be given exactly if input_to_hidden is on"
    ):
        replace(layer, input_to_hidden=False)


@pytest.mark.parametrize("what", ["E_h", "E_m", "b_u"])
def test_encoders_have_a_row_for_each_memory(what):
    layer = networks.lmu_layer(hidden_to_memory=True, memory_to_memory=True)
    with pytest.raises(NetworkError, match=f"lmu: {what} must have the shape"):
        replace(layer, **{what: np.zeros((2, 7))})


@pytest.mark.parametrize("what", ["W_m", "W_x", "W_h", "b"])
def test_a_hidden_cell_has_a_row_for_each_unit(what):
    layer = networks.lmu_layer()
    cell = replace(layer.hidden, **{what: np.zeros((3, 9))})
    with pytest.raises(NetworkError, match=f"lmu: hidden cell: {what} must have the shape"):
        replace(layer, hidden=cell)


def test_input_encoders_are_a_matrix():
    with pytest.raises(NetworkError, match=r"lmu: E_x must have 2 dimensions, not \(3,\)"):
        replace(networks.lmu_layer(), E_x=np.zeros(3))


def test_dense_weights_are_a_matrix():
    with pytest.raises(NetworkError, match=r"d: W must have 2 dimensions, not \(3,\)"):
        DenseLayer(name="d", W=np.zeros(3), b=None, activation="linear")


def test_weights_are_finite():
    with pytest.raises(NetworkError, match=r"d: W must be finite, but W\[0, 1\] is nan"):
        DenseLayer(name="d", W=np.array([[0.0, np.nan]]), b=None, activation="linear")


def test_weights_are_read_only_copies():
    weights = np.eye(2)
    layer = DenseLayer(name="d", W=weights, b=None, activation="linear")
    weights[0, 0] = 5.0
    assert layer.W[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        layer.W[0, 0] = 2.0


def test_a_cell_knows_its_units():
    cell = SimpleCell(W_m=np.zeros((4, 2)), W_x=None, W_h=None, b=None, activation="tanh")
    assert cell.units == 4


@pytest.mark.parametrize("passed", [(2,), (-1,), (0, 0), (True,), (0.0,)])
def test_what_is_handed_on_must_be_columns_of_the_input(passed):
    with pytest.raises(NetworkError, match="lmu: passed must be columns of its 2 inputs, ea"):
        replace(networks.lmu_layer(inputs=2), passed=passed)


def test_columns_of_the_input_follow_the_output():
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    dense = networks.dense_layer(inputs=3, outputs=2, activation="tanh", seed=0)
    for layer in (networks.lmu_layer(inputs=3), networks.recurrent_layer(inputs=3), dense):
        y = replace(layer, passed=(2, 0)).run(x)
        assert np.array_equal(y, np.dstack([layer.run(x), x[:, :, [2, 0]]]))
