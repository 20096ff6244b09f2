# SPDX-License-Identifier: Apache-2.0
"""What `lmu-hw inspect` says of the layers of a trained network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from lmu_hw.cli.tables.network import network_table
from lmu_hw.lmu import (
    Discretizer,
    GruCell,
    LmuLayer,
    LstmCell,
    Memory,
    Network,
    RecurrentLayer,
    SimpleCell,
    discretize,
)
from lmu_hw.load import save

GATES = {"activation": "tanh", "recurrent_activation": "sigmoid"}


def lmu(cell, inputs=2, encoder="linear"):
    return LmuLayer(
        name="layer", memory=Memory.legendre(4, 6.0, Discretizer.ZOH), E_x=np.ones((1, inputs)),
        E_h=None, E_m=None, b_u=None, hidden=cell, input_to_hidden=cell.W_x is not None,
        return_sequences=True, encoder=encoder,
    )  # fmt: skip


def gru(states, inputs, *, after):
    return GruCell(
        W_m=np.ones((9, states)), W_x=np.ones((9, inputs)), W_h=np.ones((9, 3)), b=np.ones(9),
        b_h=np.ones(9) if after else None, reset_after=after, **GATES,
    )  # fmt: skip


LAYERS = [
    (
        lmu(LstmCell(W_m=np.ones((12, 4)), W_x=None, W_h=np.ones((12, 3)), b=None, **GATES)),
        "layer LMU 2 3 order 4, theta 6, zoh h-h LSTM: tanh, gates sigmoid every step 86",
    ),
    (
        lmu(gru(4, 2, after=True)),
        "h-h GRU: tanh, gates sigmoid, reset after the product every step 101",
    ),
    (
        lmu(
            SimpleCell(W_m=np.ones((3, 4)), W_x=None, W_h=None, b=None, activation="relu"),
            encoder="relu",
        ),
        "relu; u: relu every step 14",
    ),
    (
        RecurrentLayer(name="layer", cell=gru(0, 2, after=False), return_sequences=False),
        "recurrent 2 3 x-h h-h GRU: tanh, gates sigmoid, reset before the product last step 54",
    ),
]


@pytest.mark.parametrize(("layer", "row"), LAYERS)
def test_a_layer_is_described_with_its_cell_and_its_encoder(layer, row):
    console = Console(width=250)
    with console.capture() as capture:
        console.print(network_table(Network(name="n", layers=(layer,))))
    words = capture.get().replace("│", " ").split()
    assert " ".join(row.split()) in " ".join(words)


def shown(run, tmp_path, memory, *arguments):
    layer = replace(lmu(SimpleCell(W_m=np.ones((2, 4)), W_x=None, W_h=None, b=None,
                                   activation="tanh")), memory=memory)  # fmt: skip
    save(Network(name="n", layers=(layer,)), tmp_path / "m.npz")
    answer = run("inspect", tmp_path / "m.npz", *arguments)
    assert answer.status == 0
    return " ".join(answer.out.split())


def stored(A, B):
    return Memory(A=A, B=B, theta=None, discretizer=Discretizer.STORED)


def test_a_window_that_was_found_is_printed_with_its_fit(run, tmp_path):
    A, B = discretize(4, 6.0, Discretizer.BILINEAR)
    text = shown(run, tmp_path, stored(A.astype(np.float32), B.astype(np.float32)))
    assert (
        "layer: A and B are those of bilinear for a window of 6 steps (found from them) up" in text
    )


def test_a_window_that_is_stated_is_printed_with_its_fit(run, tmp_path):
    A, B = discretize(4, 6.0, Discretizer.ZOH)
    noise = np.random.default_rng(0).normal(size=A.shape)
    text = shown(run, tmp_path, stored(A + 0.01 * noise, B), "--theta", "6")
    assert "layer: A and B are those of zoh for a window of 6 steps (stated) up to " in text
    assert "warning: layer: its window is the 6 steps that were stated" in text
    text = shown(run, tmp_path, stored(A + 0.01 * noise, B))
    assert "layer: its window is unknown" in text and "--theta states it" in text


def test_generate_warns_of_a_transposed_matrix(run, tmp_path):
    A, B = discretize(4, 6.0, Discretizer.ZOH)
    assert "warning: layer: A looks transposed" in shown(run, tmp_path, stored(A.T, B))
    assert "A looks transposed" in run("config", tmp_path / "m.npz").err


def test_a_design_has_its_window(refused, tmp_path):
    assert "--theta must be left out with a folder" in refused("inspect", tmp_path, "--theta", "6")
