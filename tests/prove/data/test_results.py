# SPDX-License-Identifier: Apache-2.0
"""Words that were shown to be results are the symbols of these from then on."""

from __future__ import annotations

import pytest

from lmu_hw.prove.algebra.forms import symbol
from lmu_hw.prove.algebra.words import Pieces, join
from lmu_hw.prove.attempts import forget_all
from lmu_hw.prove.data.results import ShownWord, with_results
from lmu_hw.prove.hardware.machine import State


@pytest.fixture(autouse=True)
def empty():
    forget_all()


def test_a_word_is_replaced_in_its_width_alone():
    word, result = symbol("input", 0, 0, 63), symbol("name", 1, -32, 31)
    state = State(registers=[word, word, 5], memories={"m": [word]})
    made = with_results(state, [ShownWord(word, result, 6)], [6, 7, 6], {"m": 6})
    assert made.registers[0] is result
    assert made.registers[1:] == [word, 5]
    assert made.memories["m"][0] is result


def test_a_result_in_several_pieces_is_replaced_within_a_longer_word():
    low, top, other = (symbol("input", n, 0, most) for n, most in enumerate((31, 1, 63)))
    result = symbol("name", 3, -32, 31)
    row = join([(low, 5), (top, 1), (other, 6)])
    state = State(registers=[], memories={"m": [row]})
    shown = ShownWord(low + top * 32, result, 6)
    (made,) = with_results(state, [shown], [], {"m": 12}).memories["m"]
    assert isinstance(made, Pieces)
    assert made.pieces == [(result, 6), (other, 6)]
