# SPDX-License-Identifier: Apache-2.0
"""The float network against a loop over steps and elements, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import DenseLayer, Discretizer, Memory, Network, SimpleCell
from lmu_hw.lmu.activations import ACTIVATIONS, activation
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


def test_layers_feed_each_other():
    net = networks.network(layers=2, dense=2)
    x = networks.noise(net, sequences=2, steps=5)
    y = x
    for layer in net.layers:
        y = layer.run(y)
    assert np.array_equal(net.run(x), y)


def test_a_network_that_answers_once_has_no_steps():
    net = networks.network(return_sequences=False, dense=2)
    x = networks.noise(net, sequences=3, steps=5)
    assert net.answers_once
    assert net.run(x).shape == (3, 2)
    every = networks.network(return_sequences=True, dense=2)
    assert not every.answers_once
    assert np.array_equal(net.run(x), every.run(x)[:, -1])


def test_sequences_do_not_see_each_other():
    net = networks.network()
    x = networks.noise(net, sequences=252, steps=3)
    done = []
    together = net.run(x, progress=done.append)
    assert done == [250, 2]
    assert np.allclose(together[251:], net.run(x[251:]), rtol=1e-12)  # BLAS of another shape


def test_trace_and_run_agree():
    net = networks.network(dense=2)
    x = networks.noise(net, sequences=2, steps=4)
    trace = net.trace(x)
    assert set(trace) == {"x", "lmu0.u", "lmu0.m", "lmu0.z", "lmu0.h", "dense.z", "dense.y"}
    assert np.array_equal(trace["dense.y"], net.run(x))
    assert np.array_equal(trace["lmu0.h"], np.tanh(trace["lmu0.z"]))


def test_observe_shows_what_trace_keeps():
    net = networks.network(return_sequences=False, dense=2)
    x = networks.noise(net, sequences=2, steps=4)
    seen = {}
    net.observe(x, lambda name, step, values: seen.setdefault(name, []).append(values))
    for name, values in net.trace(x).items():
        if name != "x":
            assert np.array_equal(np.stack(seen[name], axis=1), values)


def test_softmax_sums_to_one():
    net = networks.network(dense=4, dense_activation="softmax")
    assert net.softmax
    assert np.allclose(net.run(networks.noise(net, sequences=1, steps=3)).sum(-1), 1.0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 3)), r"input must have the shape \(sequences, steps, 1\), not \(2, 3\)"),
        (np.zeros((1, 2, 2)), r"input must have the shape .* not \(1, 2, 2\)"),
        (np.zeros((1, 0, 1)), "input must hold at least one sequence and step"),
        (np.zeros((1, 1, 1), complex), "input must hold real numbers, not complex128"),
        (np.array([[["a"]]]), "input must hold real numbers, not <U1"),
        (np.full((1, 1, 1), np.inf), "input must be finite, but holds NaN or infinity"),
    ],
)
def test_input_that_does_not_fit_is_refused(x, message):
    with pytest.raises(NetworkError, match=message):
        networks.network().check_input(x)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32, np.bool_])
def test_input_of_any_real_kind_is_taken(kind):
    x = networks.network().check_input(np.ones((1, 2, 1), kind))
    assert x.dtype == np.float64


def test_a_network_has_a_layer():
    with pytest.raises(NetworkError, match="network n: there must be at least one layer"):
        Network(name="n", layers=())


def test_layer_names_differ():
    layer = networks.lmu_layer(inputs=3)
    with pytest.raises(NetworkError, match="network n: layer names must differ, not"):
        Network(name="n", layers=(layer, layer))


def test_layers_take_what_the_layer_before_answers():
    first, second = networks.lmu_layer(name="a"), networks.lmu_layer(name="b", inputs=2)
    message = "network n: layer b must take the 3 outputs of a, not 2"
    with pytest.raises(NetworkError, match=message):
        Network(name="n", layers=(first, second))


def test_softmax_comes_last():
    layers = [
        DenseLayer(name=name, W=np.eye(2), b=None, activation="softmax") for name in ("a", "b")
    ]
    with pytest.raises(NetworkError, match="a: softmax is supported on the last layer only"):
        Network(name="n", layers=tuple(layers))


def test_a_hidden_cell_has_no_softmax():
    with pytest.raises(NetworkError, match="lmu: softmax is supported on the last layer only"):
        networks.lmu_layer(activation="softmax")


def test_an_unknown_activation_is_refused():
    with pytest.raises(NetworkError, match=r"d: the activation must be one of .*, not 'swash'"):
        DenseLayer(name="d", W=np.eye(2), b=None, activation="swash")


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


def test_a_memory_is_square():
    with pytest.raises(NetworkError, match=r"memory: A must have the shape \(2, 2\), not \(3, 3\)"):
        Memory(A=np.eye(3), B=np.ones(2), theta=None, discretizer=Discretizer.STORED)


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


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("linear", [-2.0, 0.0, 2.0]),
        ("relu", [0.0, 0.0, 2.0]),
        ("hard_sigmoid", [1 / 6, 0.5, 5 / 6]),
        ("hard_sigmoid_keras2", [0.1, 0.5, 0.9]),
        ("hard_tanh", [-1.0, 0.0, 1.0]),
        ("relu6", [0.0, 0.0, 2.0]),
        ("softsign", [-2 / 3, 0.0, 2 / 3]),
        ("softplus", [np.log1p(np.exp(-2)), np.log(2), np.log1p(np.exp(2))]),
        ("elu", [np.expm1(-2), 0.0, 2.0]),
        ("silu", [-2 / (1 + np.exp(2)), 0.0, 2 / (1 + np.exp(-2))]),
        ("exponential", [np.exp(-2), 1.0, np.exp(2)]),
        ("tanh", [np.tanh(-2), 0.0, np.tanh(2)]),
        ("sigmoid", [1 / (1 + np.exp(2)), 0.5, 1 / (1 + np.exp(-2))]),
        ("selu", [1.0507009873554805 * 1.6732632423543772 * np.expm1(-2), 0, 2.101401974710961]),
        ("gelu", [-0.04550026389635842, 0.0, 1.9544997361036416]),
    ],
)
def test_activations_are_what_their_names_say(name, values):
    actual = activation(name, where="d")(np.array([-2.0, 0.0, 2.0]))
    assert np.allclose(actual, values, rtol=1e-14)  # float: two ways to compute a function


def test_activations_do_not_overflow_where_they_are_bounded():
    far = np.array([-1e5, 1e5])
    for name in set(ACTIVATIONS) - {"exponential"}:
        assert np.all(np.isfinite(ACTIVATIONS[name](far))), name
