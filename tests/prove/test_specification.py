# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.golden import GoldenModel
from lmu_hw.network import QuantizedNetwork, Table
from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.narrowing import Ends
from lmu_hw.prove.specification import Past, network_step, table_codes
from tests import networks
from tests.random_networks import random_input, random_network
from tests.structured import with_sweeps


def naming(layer: int):
    def same(
        what: str,
        value: Value,
        fmt: FixedFormat | None,
        *,
        proved: bool,
        tabulated: bool = False,
        carried: bool = True,
        ends: Ends | None = None,
    ) -> Value:
        assert isinstance(value, int)
        assert fmt is not None, what  # only sums of forms
        assert ends is None or ends[0] <= value <= ends[1], what
        assert fmt.min_code <= value <= fmt.max_code, what
        return value

    return same


def answers(network: QuantizedNetwork, x: np.ndarray) -> np.ndarray:
    results = []
    for sequence in x.tolist():
        past: list[Past | None] = [None] * len(network.layers)
        of_sequence = []
        for number, vector in enumerate(sequence):
            last = number == len(sequence) - 1
            steps, answer = network_step(network, past, vector, last=last, naming=naming)
            past = [before if now is None else now for before, now in zip(past, steps, strict=True)]
            of_sequence += [] if answer is None else [answer]
        results.append(of_sequence[-1] if network.answers_once else of_sequence)
    return np.array(results)


def agrees(network: QuantizedNetwork, seed: int = 0) -> bool:
    x = random_input(np.random.default_rng(seed), network, 2, 6)
    return np.array_equal(answers(network, x), GoldenModel(network).run(x)[0])


@pytest.mark.parametrize("seed", range(25))
def test_random_networks_agree_with_the_golden_model(seed):
    assert agrees(random_network(np.random.default_rng(seed)), seed)


@pytest.mark.parametrize("hidden", ["none", "dense", "rnn", "lstm", "gru", "gru, reset before"])
def test_every_cell_agrees_with_the_golden_model(hidden):
    assert agrees(networks.quantized(networks.network(hidden=hidden)))


@pytest.mark.parametrize("rank", [1, 2])
def test_recursions_agree_with_the_golden_model(rank):
    network = networks.quantized(networks.network(memory_d=2, order=4))
    assert agrees(with_sweeps(network, rank=rank))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_tables_answer_as_they_do_in_the_network(activation):
    network = networks.quantized(networks.network(activation=activation))
    tables = [node.activation for layer in network.layers for node in layer.sums]
    (table,) = (t for t in tables if isinstance(t, Table))
    assert np.array_equal(table_codes(table), np.roll(table.codes.codes, -table.source.min_code))
