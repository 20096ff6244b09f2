# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.quantize import Basis, Options
from lmu_hw.search import Knob, Limits, WordLengths
from tests.search.cases import at


def test_memory_bits_follow_the_weights_unless_given():
    assert WordLengths.of(Options(weight_bits=9)).bits == (9, 9, 16, 12)
    assert WordLengths.of(Options(weight_bits=9, memory_bits=11)).bits == (9, 11, 16, 12)


def test_word_lengths_change_nothing_else_in_the_options():
    options = Options(basis=Basis.TRAINED, input_bits=7, margin=2.0)
    applied = at(5, 6, 7, 8).applied(options)
    assert WordLengths.of(applied) == at(5, 6, 7, 8)
    assert (applied.basis, applied.input_bits, applied.margin) == (Basis.TRAINED, 7, 2.0)


def test_a_grid_has_every_combination_once():
    limits = Limits(weight_bits=(2, 4), memory_bits=(5, 5), state_bits=(6, 7))
    grid = limits.grid()
    assert len(grid) == 3 * 1 * 2 * 11
    assert len(np.unique(grid, axis=0)) == len(grid)
    assert tuple(grid.min(axis=0)) == limits.narrowest.bits
    assert tuple(grid.max(axis=0)) == limits.widest.bits


def test_narrower_neighbours_stay_within_the_limits():
    limits = Limits(weight_bits=(4, 8)).fixed(Knob.STATE, 9)
    assert limits.narrower(at(4, 6, 9, 5)) == [at(4, 5, 9, 5), at(4, 6, 9, 4)]


@pytest.mark.parametrize("pair", [(1, 8), (9, 8), (8, 33)])
def test_impossible_limits_are_refused(pair):
    with pytest.raises(ConfigError, match="the limits of state_bits must be two numbers in order"):
        Limits(state_bits=pair)
