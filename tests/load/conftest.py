# SPDX-License-Identifier: Apache-2.0
"""Random networks, and a good file of each kind."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    GruCell,
    LmuLayer,
    LstmCell,
    Memory,
    Network,
    RecurrentLayer,
    SimpleCell,
)
from lmu_hw.load import save
from tests.load import keras_files, torch_files


@pytest.fixture
def files(network, tmp_path, rng):
    """A good file of each kind by suffix."""
    paths = {suffix: tmp_path / f"good{suffix}" for suffix in (".keras", ".npz", ".safetensors")}
    keras_files.write(paths[".keras"], [keras_files.lmu(rng, 1), keras_files.dense(rng, 3, 2)])
    save(network, paths[".npz"])
    save(network, paths[".safetensors"])
    shapes = {
        "A": (3, 3), "B": (3, 1), "W_u.weight": (1, 2), "W_u.bias": (1,), "W_h.weight": (5, 5),
        "W_h.bias": (5,),
    }  # fmt: skip
    state = {key: rng.normal(size=shape).astype(np.float32) for key, shape in shapes.items()}
    return paths | {".pt": torch_files.write_state(tmp_path / "good.pt", state)}


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def network(rng):
    """Two LMU layers and a head: every connection on, then every connection off."""

    def full(*shape):
        return rng.normal(size=shape) / 3.0  # not exact in float32

    first = LmuLayer(
        name="lmu0",
        memory=Memory.legendre(4, 6.5, Discretizer.ZOH),
        E_x=full(2, 3),
        E_h=full(2, 5),
        E_m=full(2, 8),
        b_u=full(2),
        hidden=SimpleCell(
            W_m=full(5, 8), W_x=full(5, 3), W_h=full(5, 5), b=full(5), activation="tanh"
        ),
        input_to_hidden=True,
        return_sequences=True,
    )
    second = LmuLayer(
        name="lmu1",
        memory=Memory(A=full(3, 3), B=full(3), theta=None, discretizer=Discretizer.STORED),
        E_x=full(1, 5),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=None,
        input_to_hidden=True,
        return_sequences=False,
    )
    head = DenseLayer(name="head", W=full(2, 8), b=None, activation="softmax")
    return Network(name="net", layers=(first, second, head), notes=("a: b", "no colon"))


@pytest.fixture
def gated(rng):
    """Every other kind of layer: gates in and outside LMU layers, a rectified encoder."""

    def full(*shape):
        return rng.normal(size=shape) / 3.0

    functions = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    lstm = LstmCell(W_m=full(20, 4), W_x=None, W_h=full(20, 5), b=full(20), **functions)
    reset_before = GruCell(
        W_m=full(12, 4), W_x=full(12, 5), W_h=full(12, 4), b=None, b_h=None, reset_after=False,
        activation="softsign", recurrent_activation="hard_sigmoid",
    )  # fmt: skip
    reset_after = GruCell(
        W_m=full(9, 0), W_x=full(9, 4), W_h=full(9, 3), b=full(9), b_h=full(9), reset_after=True,
        **functions,
    )  # fmt: skip
    alone = LstmCell(W_m=full(8, 0), W_x=full(8, 3), W_h=full(8, 2), b=None, **functions)
    simple = {"W_m": full(2, 0), "W_x": full(2, 2), "b": None, "activation": "relu"}

    def lmu(name, cell, inputs, encoder):
        return LmuLayer(
            name=name, memory=Memory.legendre(4, 6.5, Discretizer.ZOH), E_x=full(1, inputs),
            E_h=full(1, cell.units), E_m=None, b_u=full(1), hidden=cell, encoder=encoder,
            input_to_hidden=cell.W_x is not None, return_sequences=True,
        )  # fmt: skip

    layers = (
        lmu("lmu_lstm", lstm, 3, "relu"),
        lmu("lmu_gru", reset_before, 5, "linear"),
        RecurrentLayer(name="gru", cell=reset_after, return_sequences=True),
        RecurrentLayer(name="lstm", cell=alone, return_sequences=True),
        RecurrentLayer(
            name="rnn", cell=SimpleCell(W_h=full(2, 2), **simple), return_sequences=True
        ),
        RecurrentLayer(name="dense", cell=SimpleCell(W_h=None, **simple), return_sequences=False),
    )
    return Network(name="gated", layers=layers)
