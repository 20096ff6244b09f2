# SPDX-License-Identifier: Apache-2.0
"""A network is accepted if it reproduces outputs; what is usually wrong is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, LoadError
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
from lmu_hw.load.agreement import agreeing


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def network(rng):
    """An LMU of the 2019 paper whose matrices are stored, and a head."""

    def draw(*shape):
        return rng.normal(size=shape) / 2

    memory = replace(
        Memory.legendre(4, 7.0, Discretizer.ZOH), theta=None, discretizer=Discretizer.STORED
    )
    cell = SimpleCell(W_m=draw(3, 4), W_x=draw(3, 2), W_h=draw(3, 3), b=draw(3), activation="tanh")
    lmu = LmuLayer(
        name="lmu", memory=memory, E_x=draw(1, 2), E_h=draw(1, 3), E_m=draw(1, 4), b_u=None,
        hidden=cell, input_to_hidden=True, return_sequences=True,
    )  # fmt: skip
    head = DenseLayer(name="head", W=draw(2, 3), b=draw(2), activation="linear")
    return Network(name="n", layers=(lmu, head))


@pytest.fixture
def x(rng):
    return rng.normal(size=(5, 8, 2))


def with_lmu(network, **changes):
    lmu, *rest = network.layers
    return replace(network, layers=(replace(lmu, **changes), *rest))


def with_cell(network, **changes):
    return with_lmu(network, hidden=replace(network.layers[0].hidden, **changes))


def refused(network, x, y) -> str:
    with pytest.raises(LoadError) as caught:
        agreeing(network, x, y, where="m.pt")
    return str(caught.value)


def test_what_agrees_is_accepted_with_a_note(network, x):
    checked = agreeing(network, x, network.run(x).astype(np.float32), where="m")
    (note,) = checked.notes
    assert note.startswith("checked: 80 given outputs are reproduced, up to ")


def transposed(network):
    memory = network.layers[0].memory
    return with_lmu(network, memory=replace(memory, A=memory.A.T))


def less_identity(network):
    memory = network.layers[0].memory
    return with_lmu(network, memory=replace(memory, A=memory.A - np.eye(4)))


SUSPECTS = {
    "a transposed A of layer lmu": transposed,
    "an A that is stored less the identity of layer lmu": less_identity,
    "the activation tanh of the cell of layer lmu": lambda n: with_cell(n, activation="relu"),
    "the activation linear of the encoder of layer lmu": lambda n: with_lmu(n, encoder="relu"),
    "it answers at every step": lambda n: with_lmu(n, return_sequences=False),
    "a transposed W_h of layer lmu": lambda n: with_cell(n, W_h=n.layers[0].hidden.W_h.T),
    "the activation linear of layer head": lambda n: replace(
        n, layers=(n.layers[0], replace(n.layers[1], activation="sigmoid"))
    ),
}


@pytest.mark.parametrize("text", SUSPECTS)
def test_a_usual_suspect_is_named(network, x, text):
    message = refused(SUSPECTS[text](network), x, network.run(x))
    assert message.startswith("m.pt: the output must be what it was trained to be: it ")
    assert f"; it agrees with {text}" in message


def test_the_position_of_the_answer_is_named(network, x):
    once = with_lmu(network, return_sequences=False)
    assert "it answers once, at the last step" in refused(network, x, once.run(x))
    assert "with the mean over all steps" in refused(once, x, network.run(x).mean(axis=1))


def test_time_first_data_are_named(network, x):
    y = network.run(x)
    message = refused(network, x.swapaxes(0, 1), y.swapaxes(0, 1))
    assert "it agrees with data are time-first" in message


def test_two_suspects_at_once_are_named(network, x):
    wrong = with_cell(transposed(network), activation="relu")
    message = refused(wrong, x, network.run(x))
    assert "a transposed A of layer lmu and the activation tanh of the cell" in message


def test_columns_and_states_the_other_way_round_are_named(network, x):
    cell = network.layers[0].hidden
    both = np.hstack([cell.W_x, cell.W_m])
    wrong = with_cell(network, W_m=both[:, :4], W_x=both[:, 4:])
    assert "the input before the memory among the columns" in refused(wrong, x, network.run(x))


def test_the_first_step_that_differs_is_named(network, x):
    y = network.run(x)
    y[3, 4, 1] += 1.0
    message = refused(network, x, y)
    assert "it first differs at step 4, sequence 3, element 1" in message
    assert "none of the usual suspects" in message


def test_the_first_layer_that_differs_is_named(network, x):
    lmu, head = network.layers
    h = lmu.run(x)
    wrong = with_cell(network, activation="relu")
    message = refused(wrong, x, {"lmu": h, "head": head.run(h)})
    assert (
        "m.pt: layer lmu must be what it was trained to be: it first differs at step 0" in message
    )
    assert "the activation tanh of the cell of layer lmu" in message
    assert agreeing(network, x, {"lmu": h}, where="m").notes


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_gates_in_another_order_are_named(rng, x, kind):
    gates, own = (4, "i f g o") if kind == "lstm" else (3, "z r n")
    parts: dict[str, Any] = {
        "W_m": np.zeros((gates * 3, 0)), "W_x": rng.normal(size=(gates * 3, 2)),
        "W_h": rng.normal(size=(gates * 3, 3)), "b": rng.normal(size=gates * 3),
        "activation": "tanh", "recurrent_activation": "sigmoid",
    }  # fmt: skip
    gru = {"b_h": None, "reset_after": True}
    cell = LstmCell(**parts) if kind == "lstm" else GruCell(**parts, **gru)
    layer = RecurrentLayer(name="r", cell=cell, return_sequences=True)
    network = Network(name="n", layers=(layer,))
    order = [1, 0, *range(2, gates)]
    moved = {
        part: np.concatenate([np.split(parts[part], gates)[i] for i in order])
        for part in ("W_m", "W_x", "W_h", "b")
    }
    wrong = replace(network, layers=(replace(layer, cell=replace(cell, **moved)),))
    letters = own.split()
    text = f"the gates in the order {' '.join(letters[i] for i in order)} of layer r"
    assert text in refused(wrong, x, network.run(x))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            np.zeros((5, 8, 2), int),
            "must be finite floats, what the network answers and no classes",
        ),
        (np.full((5, 8, 2), np.nan), "must be finite floats"),
        (np.zeros((0, 8, 2)), "must be finite floats, .* not none"),
        ({"cell": np.zeros(3)}, "y must be outputs of the layers lmu, head, not of cell"),
        ({}, "not of none"),
        (np.zeros((5, 8, 3)), r"it has the shape \(5, 8, 2\) where \(5, 8, 3\) is given"),
    ],
)
def test_outputs_that_are_none_are_refused(network, x, y, message):
    with pytest.raises(LoadError, match=f"m: .*{message}"):
        agreeing(network, x, y, where="m")


def test_inputs_and_tolerances_are_checked(network, x):
    with pytest.raises(
        LoadError, match=r"m: `check`: x must have the shape \(sequences, steps, 2\)"
    ):
        agreeing(network, x[..., :1], network.run(x), where="m")
    with pytest.raises(ConfigError, match="`tolerance` must be positive"):
        agreeing(network, x, network.run(x), where="m", tolerance=0.0)
