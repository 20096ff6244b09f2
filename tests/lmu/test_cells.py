# SPDX-License-Identifier: Apache-2.0
"""Gated cells and recurrent layers in float, against their equations written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import Network, RecurrentLayer
from tests import networks

UNITS, INPUTS = 4, 3


@pytest.fixture
def layer():
    def make(kind, **options):
        return networks.recurrent_layer(kind=kind, units=UNITS, inputs=INPUTS, **options)

    return make


def lstm(cell, x):
    """Return h after every step of one sequence: i, f, o = s(...), g = tanh(...)."""
    h, c, found = np.zeros(UNITS), np.zeros(UNITS), []
    for step in x:
        rows = cell.W_x @ step + cell.W_h @ h + cell.b
        i, f, g, o = rows.reshape(4, UNITS)
        c = expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        found.append(h)
    return np.array(found)


def gru(cell, x):
    """Return h after every step of one sequence, for both places of the reset gate."""
    h, found = np.zeros(UNITS), []
    for step in x:
        (z, r, n), (U_z, U_r, U_n) = (
            (cell.W_x @ step + cell.b).reshape(3, UNITS),
            np.split(cell.W_h, 3),
        )
        b_z, b_r, b_n = np.zeros((3, UNITS)) if cell.b_h is None else cell.b_h.reshape(3, UNITS)
        z, r = expit(z + U_z @ h + b_z), expit(r + U_r @ h + b_r)
        n = np.tanh(n + (r * (U_n @ h + b_n) if cell.reset_after else U_n @ (r * h)))
        h = z * h + (1 - z) * n
        found.append(h)
    return np.array(found)


@pytest.mark.parametrize(
    ("kind", "equations"), [("lstm", lstm), ("gru", gru), ("gru, reset before", gru)]
)
def test_a_cell_follows_its_equations(layer, kind, equations):
    made = layer(kind)
    x = np.random.default_rng(0).normal(size=(2, 9, INPUTS))
    expected = np.array([equations(made.cell, sequence) for sequence in x])
    assert np.allclose(made.run(x), expected, rtol=1e-12, atol=1e-14)  # float sums in other orders


def test_a_layer_may_answer_once(layer):
    x = np.random.default_rng(0).normal(size=(2, 9, INPUTS))
    once = Network(name="once", layers=(layer("gru", return_sequences=False),))
    always = Network(name="always", layers=(layer("gru"),))
    assert once.answers_once and not always.answers_once
    assert np.array_equal(once.run(x), always.run(x)[:, -1])


def test_the_trace_names_every_node(layer):
    x = np.zeros((1, 2, INPUTS))
    kinds = {
        "lstm": "i_pre i f_pre f g_pre g o_pre o c s_pre s h",
        "gru": "z_pre z r_pre r v w n_pre n h",
        "gru, reset before": "z_pre z r_pre r q n_pre n h",
        "rnn": "z h",
    }
    for kind, names in kinds.items():
        trace = Network(name="net", layers=(layer(kind),)).trace(x)
        assert set(trace) == {"x", *(f"cell.{name}" for name in names.split())}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W_x": None}, r"cell: W_x must have 2 dimensions, not None"),
        (
            {"W_m": np.zeros((4 * UNITS, 1))},
            r"cell: hidden cell: W_m must have the shape \(16, 0\)",
        ),
        ({"W_m": np.zeros((7, 0))}, "cell: a cell must have 4 x units rows of weights, not 7"),
        ({"W_h": np.zeros((16, 3))}, r"W_h must have the shape \(16, 4\), not \(16, 3\)"),
        ({"b": np.full(16, np.nan)}, r"b must be finite, but b\[0\] is nan"),
        ({"activation": "softmax"}, "cell: softmax is supported on the last layer only"),
        ({"recurrent_activation": "none"}, "cell: the activation must be one of"),
    ],
)
def test_a_cell_that_does_not_fit_is_refused(layer, change, message):
    cell = layer("lstm").cell
    with pytest.raises(NetworkError, match=message):
        RecurrentLayer(name="cell", cell=replace(cell, **change), return_sequences=True)


def test_a_recurrent_bias_is_for_a_reset_after_the_product(layer):
    cell = replace(layer("gru, reset before").cell, b_h=np.zeros(3 * UNITS))
    with pytest.raises(NetworkError, match="cell: b_h must be given with reset_after only"):
        RecurrentLayer(name="cell", cell=cell, return_sequences=True)


def test_an_encoder_has_an_activation():
    relu = networks.lmu_layer(encoder="relu")
    x = np.random.default_rng(0).normal(size=(2, 9, 1))
    trace = Network(name="net", layers=(relu,)).trace(x)
    assert np.array_equal(trace["lmu.u"], np.maximum(trace["lmu.u_pre"], 0.0))
    assert (trace["lmu.u_pre"] < 0.0).any()
    with pytest.raises(NetworkError, match="lmu: softmax is supported on the last layer only"):
        networks.lmu_layer(encoder="softmax")
