# SPDX-License-Identifier: Apache-2.0
"""What `lmu-hw inspect` says of the layers of a trained network."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from lmu_hw.cli.tables import network_table
from lmu_hw.lmu import (
    Discretizer,
    GruCell,
    LmuLayer,
    LstmCell,
    Memory,
    Network,
    RecurrentLayer,
    SimpleCell,
)

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
