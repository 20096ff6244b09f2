# SPDX-License-Identifier: Apache-2.0
"""The float network against a loop over steps and elements, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import DenseLayer, Network
from tests import networks


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
    x = networks.network().check_input(np.ones((1, 2, 1), kind)).padded
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
