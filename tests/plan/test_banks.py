# SPDX-License-Identifier: Apache-2.0
"""Banks of a ROM: how many blocks of memory, and which ROMs need none."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.plan.banks import LARGEST_BANK, bank_depths, blocks, fits_luts, memory_cost


@pytest.mark.parametrize(
    ("depth", "width", "count"),
    [
        (1, 36, 1),
        (512, 36, 1),
        (512, 37, 2),
        (513, 36, 2),
        (1024, 18, 1),
        (2048, 9, 1),
        (2049, 9, 3),
        (4096, 4, 1),
        (8192, 2, 1),
        (16384, 1, 1),
        (16384, 48, 48),
    ],
)
def test_a_block_holds_fewer_words_the_wider_they_are(depth, width, count):
    assert blocks(depth, width) == count


@pytest.mark.parametrize(
    ("words", "width", "depths"),
    [
        (1889, 32, [1889]),
        (2720, 10, [2048, 672]),  # three blocks, as in one bank
        (5120, 10, [4096, 1024]),  # four blocks instead of five
        (24858, 48, [2048] * 12 + [282]),
        (20_000, 5, [16384, 2048, 1568]),
        (300, 80, [300]),
    ],
)
def test_banks_take_the_fewest_blocks_and_then_the_fewest_banks(words, width, depths):
    assert bank_depths(words, width) == depths


def test_banks_of_some_words_are_as_many_as_there_are_words_for():
    assert bank_depths(938, 128, 256) == [256, 256, 256, 170]
    assert bank_depths(256, 128, 256) == [256]
    assert bank_depths(512, 8, 256) == [256, 256]


def test_the_address_in_a_bank_is_the_low_bits():
    random = np.random.default_rng(1)
    for words, width in random.integers(1, [70_000, 100], (200, 2)).tolist():
        depths = bank_depths(words, width)
        assert sum(depths) == words
        start = 0
        for depth in depths:
            size = 1 << (depth - 1).bit_length()
            assert size <= LARGEST_BANK and start % size == 0
            start += depth


@pytest.mark.parametrize(
    ("depth", "width", "small"),
    [
        (10, 15, True),
        (64, 19, True),
        (49, 24, True),
        (49, 32, False),
        (640, 8, False),
        (16, 2000, True),
        (1, 8, True),
    ],
)
def test_small_and_shallow_roms_need_no_block(depth, width, small):
    assert fits_luts(depth, width) == small
    assert memory_cost(depth, width) <= blocks(depth, width)
