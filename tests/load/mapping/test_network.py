# SPDX-License-Identifier: Apache-2.0
"""State dicts that nobody knows by name: drafted, decided, and computed as they were trained."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import draft_mapping, load
from lmu_hw.load.mapping import Answers, Cell, LmuEntry, StateMapping
from tests.load.layouts import LAYOUTS, edited, linears
from tests.load.port_layouts import PORT_LAYOUTS
from tests.load.torch_files import write_nested


@pytest.mark.parametrize("make", (*LAYOUTS, *PORT_LAYOUTS))
def test_a_decided_draft_computes_what_was_trained(tmp_path, rng, make):
    layout = make(rng)
    path = write_nested(tmp_path / "m.pt", layout.state)
    (tmp_path / "m.toml").write_text(edited(draft_mapping(path), layout))
    network = load(path, mapping=tmp_path / "m.toml")
    x = rng.normal(size=(9, 2))
    # float64 against float64 and widened float32, sums in another order; a ZOH of its own
    np.testing.assert_allclose(network.run(x[None])[0], layout.answer(x), rtol=1e-6, atol=1e-7)
    assert network.answers_once is layout.once


def test_a_mapping_is_refused_where_the_file_says_its_layers(files, tmp_path, rng):
    path = write_nested(tmp_path / "m.pt", linears(rng).state)
    entry = LmuEntry(encoder="linear", cell=Cell.NONE, theta=3.0)
    mapping = StateMapping(answers=Answers.ONCE, layers={"a": entry})
    for suffix in (".keras", ".npz", ".safetensors"):
        with pytest.raises(LoadError, match="`mapping` must be left out"):
            load(files[suffix], mapping=mapping)
        with pytest.raises(LoadError, match="a mapping must be of a state dict"):
            draft_mapping(files[suffix])
    with pytest.raises(LoadError, match=r"every tensor must be part of a layer in mapping"):
        load(path, mapping=mapping)


def test_foreign_arrays_load_by_a_mapping_too(tmp_path, rng):
    layout = linears(rng)
    np.savez(tmp_path / "m.npz", **layout.state)
    (tmp_path / "m.toml").write_text(edited(draft_mapping(tmp_path / "m.npz"), layout))
    x = rng.normal(size=(4, 2))
    network = load(tmp_path / "m.npz", mapping=str(tmp_path / "m.toml"))
    # float64 against widened float32, sums in another order
    np.testing.assert_allclose(network.run(x[None])[0], layout.answer(x), rtol=1e-6, atol=1e-7)


GRAPH = """version = 1
answers = "once"
[layers.first]
kind = "dense"
W = "a"
activation = "tanh"
[layers.cell]
kind = "recurrent"
cell = "simple_rnn"
W_x = "i"
W_h = "h"
activation = "tanh"
[layers.residual]
kind = "sum"
of = ["cell", "first"]
[layers.head]
kind = "dense"
reads = ["residual", "x[0:2]"]
W = "w"
activation = "linear"
[layers.forecast]
kind = "sum"
of = ["head", "x[1]"]
"""


def test_a_mapping_says_what_is_added_and_joined(tmp_path, rng):
    state = {name: rng.normal(size=(3, 2 if name == "a" else 3)) for name in "aih"}
    state["w"] = rng.normal(size=(2, 5))
    (tmp_path / "m.toml").write_text(GRAPH)
    network = load(write_nested(tmp_path / "m.pt", state), mapping=tmp_path / "m.toml")
    x, h = rng.normal(size=(6, 2)), np.zeros(3)
    for step in x:
        first = np.tanh(state["a"] @ step)
        h = np.tanh(state["i"] @ first + state["h"] @ h)
    answer = state["w"] @ np.concatenate([h + first, x[-1]]) + x[-1, 1]
    # float64 against float64, sums in another order
    np.testing.assert_allclose(network.run(x[None])[0], answer, rtol=1e-12)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"cell", "first"', '"cell"', "of must name two layers or more"),
        ('"cell", "first"', '"cell", "later"', r"what is read must be one of x, first, cell,"),
        ('"x[1]"', '"x[2]"', r"columns must be some of 2, not 'x\[2\]'"),
        ('"x[0:2]"', '"x[2:2]"', r"columns must be some of 2, not 'x\[2:2\]'"),
        ('"cell", "first"', '"cell", "x"', r"what is added must be 1 or 3, not \[3, 2\]"),
    ],
)
def test_a_mapping_that_joins_what_is_not_there_is_refused(tmp_path, rng, before, after, message):
    state = {name: rng.normal(size=(3, 2 if name == "a" else 3)) for name in "aih"}
    state["w"] = rng.normal(size=(2, 5))
    (tmp_path / "m.toml").write_text(GRAPH.replace(before, after))
    with pytest.raises(LoadError, match=rf"m\.toml: .*{message}"):
        load(write_nested(tmp_path / "m.pt", state), mapping=tmp_path / "m.toml")


ACTIVATIONS = """version = 1
answers = "every step"
[layers.first]
kind = "dense"
W = "w"
b = "b"
activation = "leaky_relu"
slope = 0.25
[layers.norm]
kind = "normalization"
mean = "b"
variance = "v"
epsilon = 0.0
activation = "leaky_relu"
slopes = "s"
[layers.both]
kind = "activation"
reads = ["norm", "x[0:1]"]
activation = "tanh"
[layers.last]
kind = "activation"
activation = "leaky_relu"
slope = -1
"""


def leaky(z, slopes):
    return np.where(z > 0, z, slopes * z)


def test_activations_follow_any_layer_and_slopes_are_two_of_relu(tmp_path, rng):
    state = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=3), "v": rng.uniform(1, 2, size=3)}
    state["s"] = rng.uniform(-1, 1, size=3)
    (tmp_path / "m.toml").write_text(ACTIVATIONS)
    network = load(write_nested(tmp_path / "m.pt", state), mapping=tmp_path / "m.toml")
    x = rng.normal(size=(6, 2))
    first = leaky(x @ state["w"].T + state["b"], 0.25)
    norm = leaky((first - state["b"]) / np.sqrt(state["v"]), state["s"])
    answer = np.abs(np.tanh(np.hstack([norm, x[:, :1]])))
    # float64 against float64, sums in another order
    np.testing.assert_allclose(network.run(x[None])[0], answer, rtol=1e-12)
    assert any("relu of z and of -z in first" in note for note in network.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ACTIVATIONS.replace('slopes = "s"', 'slopes = "t"'), r"slope must be one, .* not \(2,\)"),
        (ACTIVATIONS.replace('"tanh"', '"sinh"'), "layers.both: .*sinh"),
        (
            'version = 1\nanswers = "every step"\n[layers.a]\nkind = "activation"\n'
            'activation = "tanh"\n',
            "x must be read by a layer",
        ),
    ],
)
def test_an_activation_that_cannot_be_is_refused(tmp_path, rng, text, message):
    state = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=3), "v": rng.uniform(1, 2, size=3)}
    state |= {"s": rng.normal(size=3), "t": rng.normal(size=2)}
    text = text.replace("[layers", 'ignore = ["*"]\n[layers', 1)
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(LoadError, match=rf"m\.toml: .*{message}"):
        load(write_nested(tmp_path / "m.pt", state), mapping=tmp_path / "m.toml")
