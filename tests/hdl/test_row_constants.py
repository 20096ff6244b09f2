# SPDX-License-Identifier: Apache-2.0
"""The constants of the rows of a layer: one ROM for all of its nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lmu_hw.fixed import Rounding
from lmu_hw.hdl.row_constants import RowRom, narrowing
from tests import networks
from tests.plans import fastest_plan

WORDS: dict[str, Any] = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}


@pytest.fixture(scope="module")
def layer():
    net = networks.network(order=3, units=5, hidden="dense", seed=1)
    return fastest_plan(networks.quantized(net, **WORDS), 4).layers[0]


def fields(layer, word: int, lane: int) -> tuple[int, int]:
    """Return how far a lane's sum is shifted, and what is added to it."""
    layout = RowRom(layer).layout
    constant = (word >> (lane * layout.size)) % (1 << layout.size)
    up, addend = layout["up"].width, layout["addend"].width
    sign = 1 << (addend - 1)
    return constant % (1 << up), ((constant >> up) ^ sign) - sign


def test_a_word_holds_the_shift_and_the_rounded_bias_of_each_row(layer):
    rom, hidden = RowRom(layer), layer.layer.node("lmu0.h")
    first = rom.first_words[layer.layer.nodes.index(hidden)]
    words, half = rom.words(), 1 << (hidden.dropped_bits - 1)
    for row, bias in enumerate(hidden.bias.codes.tolist()):
        shift = (hidden.row_shifts or [0] * hidden.rows)[row]
        word, lane = words[first + row // layer.beat], row % layer.beat
        assert fields(layer, word, lane) == (hidden.max_row_shift - shift, bias + half)


def test_the_words_are_those_that_are_counted(layer):
    words = RowRom(layer).words()
    assert len(words) == layer.row_constants.words(layer.beat)
    assert max(words).bit_length() <= layer.beat * layer.row_constants.bits


@pytest.mark.parametrize("rounding", [r for r in Rounding if r is not Rounding.HALF_UP])
def test_only_what_rounds_half_up_is_narrowed_by_floor(layer, rounding):
    node = layer.layer.node("lmu0.h")
    other = replace(node, requant=replace(node.requant, rounding=rounding))
    assert narrowing(other) == other.requant
    assert narrowing(node) == replace(node.requant, rounding=Rounding.FLOOR)
