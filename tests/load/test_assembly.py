# SPDX-License-Identifier: Apache-2.0
"""Sums, joins and columns of what layers compute, as one chain that computes the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer, Network
from lmu_hw.load.assembly import Assembly
from lmu_hw.load.budget import Budget
from lmu_hw.load.check import unique_identifier
from tests import networks


@dataclass
class Node:
    name: str
    where: str = "m"


class Graph:
    """An assembly beside what its values are, computed as they were trained."""

    def __init__(self, inputs=3):
        self.taken = set()
        self.assembly = Assembly("m", self.unique, Budget())
        self.x = np.random.default_rng(0).normal(size=(2, 7, inputs))
        self.input = self.assembly.start(inputs)

    def unique(self, name):
        self.taken.add(name := unique_identifier(name, self.taken))
        return name

    def cell(self, name, value, y, units=3, kind="rnn"):
        self.taken.add(name)
        layer = networks.recurrent_layer(name=name, kind=kind, inputs=y.shape[-1], units=units)
        return self.assembly.add(layer, value), layer.run(y)

    def dense(self, name, value, y, units=2, activation="linear"):
        self.taken.add(name)
        W = np.random.default_rng(len(name)).normal(size=(units, y.shape[-1]))
        layer = DenseLayer(name=name, W=W, b=W[:, 0], activation=activation)
        return self.assembly.add(layer, value), layer.run(y)

    def require(self, value, y):
        layers = self.assembly.finish(value)
        # float64 against float64, sums in another order
        np.testing.assert_allclose(
            Network(name="n", layers=layers).run(self.x), y, rtol=1e-12, atol=1e-12
        )
        return [(layer.name, layer.inputs, layer.passed) for layer in layers]


def test_a_residual_behind_a_dense_layer_is_part_of_its_weights():
    graph = Graph()
    h, y = graph.cell("a", graph.input, graph.x)
    z, y = graph.dense("head", h, y, units=3)
    total = graph.assembly.total(Node("add"), [graph.input, z], [1.0, 1.0], shared=False)
    assert graph.require(total, y + graph.x) == [("a", 3, (0, 1, 2)), ("head", 6, ())]


def test_the_last_value_of_an_input_is_added_to_every_output():
    graph = Graph()
    h, y = graph.cell("a", graph.input, graph.x)
    z, y = graph.dense("head", h, y)
    column = graph.assembly.columns(Node("item"), graph.input, [1])
    total = graph.assembly.total(Node("add"), [z, column], [1.0, 1.0], shared=False)
    last = graph.assembly.last(total)
    answers = (y + graph.x[:, :, 1:2])[:, -1]
    assert graph.require(last, answers) == [("a", 3, (1,)), ("head", 4, ())]


def test_a_sum_that_one_layer_reads_is_part_of_its_weights():
    graph = Graph()
    h, y = graph.cell("a", graph.input, graph.x)
    total = graph.assembly.total(Node("add"), [h, graph.input], [1.0, -0.5], shared=False)
    g, y = graph.cell("b", total, y - 0.5 * graph.x)
    assert graph.require(g, y) == [("a", 3, (0, 1, 2)), ("b", 6, ())]


def test_a_sum_that_several_layers_read_is_a_layer():
    graph = Graph()
    h, y = graph.cell("a", graph.input, graph.x)
    first = graph.assembly.total(Node("add"), [h, graph.input], [1.0, 1.0], shared=True)
    sums = y + graph.x
    g, y = graph.cell("b", first, sums)
    second = graph.assembly.total(Node("more"), [g, first], [1.0, 1.0], shared=False)
    z, y = graph.dense("head", second, y + sums)
    chain = [("a", 3, (0, 1, 2)), ("add", 6, ()), ("b", 3, (0, 1, 2)), ("head", 6, ())]
    assert graph.require(z, y) == chain


def test_two_branches_that_answer_once_run_side_by_side():
    graph = Graph()
    a, first = graph.cell("a", graph.input, graph.x, kind="lstm")
    b, second = graph.cell("b", graph.input, graph.x, units=2, kind="gru")
    joined = graph.assembly.join(Node("join"), [graph.assembly.last(b), graph.assembly.last(a)])
    ends = np.concatenate([second, first], axis=2)
    z, y = graph.dense("head", joined, ends, activation="tanh")
    assert graph.require(z, y[:, -1]) == [("a", 3, (0, 1, 2)), ("b", 6, (0, 1, 2)), ("head", 5, ())]


def test_what_answers_once_stands_behind_what_needs_every_step():
    graph = Graph()
    a, first = graph.cell("a", graph.input, graph.x)
    early, y = graph.dense("early", graph.assembly.last(a), first)
    b, second = graph.cell("b", graph.input, graph.x)
    joined = graph.assembly.join(Node("join"), [early, graph.assembly.last(b)])
    z, y = graph.dense("head", joined, np.concatenate([y, second], axis=2))
    names = [name for name, _, _ in graph.require(z, y[:, -1])]
    assert names == ["a", "b", "early", "head"]


def test_a_scaled_value_is_scaled_for_each_of_its_readers():
    graph = Graph()
    scale, shift = np.array([2.0, 3.0, 4.0]), np.array([0.5, 0.0, -1.0])
    value = graph.assembly.scale(Node("norm"), scale, shift, graph.input).read_by(2)
    x = graph.x * scale + shift
    h, y = graph.cell("a", value, x)
    z, y = graph.dense("head", graph.assembly.join(Node("j"), [h, value]), np.dstack([y, x]))
    assert graph.require(z, y) == [("a", 3, (0, 1, 2)), ("head", 6, ())]


def test_a_sum_at_the_output_is_a_layer():
    graph = Graph()
    h, y = graph.cell("a", graph.input, graph.x)
    total = graph.assembly.total(Node("add"), [h, graph.input], [1.0, 1.0], shared=False)
    assert graph.require(total, y + graph.x) == [("a", 3, (0, 1, 2)), ("add", 6, ())]


def test_an_activation_of_a_sum_is_a_layer():
    graph = Graph()
    h, y = graph.cell("a", graph.input, graph.x)
    total = graph.assembly.total(Node("add"), [h, graph.input], [1.0, 1.0], shared=False)
    squashed = graph.assembly.activate(Node("act"), "tanh", total)
    graph.require(squashed, np.tanh(y + graph.x))


def test_a_layer_that_leads_nowhere_is_refused():
    graph = Graph()
    h, y = graph.cell("a", graph.input, graph.x)
    graph.cell("b", graph.input, graph.x)
    with pytest.raises(LoadError, match="every layer must lead to the output, but b does not"):
        graph.require(h, y)


def test_sequences_and_what_is_there_once_are_not_joined():
    graph = Graph()
    h, _ = graph.cell("a", graph.input, graph.x)
    values = [graph.assembly.last(h), graph.input]
    with pytest.raises(LoadError, match="join: sequences must be joined with sequences"):
        graph.assembly.join(Node("j", "m: join"), values)


def test_widths_that_do_not_fit_are_refused():
    graph = Graph()
    h, _ = graph.cell("a", graph.input, graph.x, units=2)
    with pytest.raises(LoadError, match=r"what is added must be 1 or 3, not \[2, 3\]"):
        graph.assembly.total(Node("add"), [h, graph.input], [1.0, 1.0], shared=False)


@pytest.mark.parametrize("activation", ["tanh", "softmax"])
def test_without_a_recurrent_layer_the_first_one_takes_the_last_step(activation):
    graph = Graph()
    z, y = graph.dense("head", graph.input, graph.x, activation=activation)
    names = ["head"] if activation == "tanh" else ["head_last", "head"]
    assert [name for name, *_ in graph.require(graph.assembly.last(z), y[:, -1])] == names
    assert graph.assembly.notes == [
        "warning: no layer has a memory, and the answer follows from the last step alone"
    ]


def test_what_is_handed_on_beside_the_last_step_is_of_that_step():
    graph = Graph()
    first, y = graph.dense("a", graph.input, graph.x, units=3, activation="relu")
    z, y = graph.dense("head", first, y, units=3)
    total = graph.assembly.total(Node("add"), [graph.input, z], [1.0, 1.0], shared=False)
    answers = (y + graph.x)[:, -1]
    layers = graph.require(graph.assembly.last(total), answers)
    assert layers == [("a", 3, (0, 1, 2)), ("head", 6, ())]
