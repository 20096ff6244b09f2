# SPDX-License-Identifier: Apache-2.0
"""Chips: what memories and multipliers take of each, as synthesis reports it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.plan.chip import CHIPS, DEFAULT, Area, chip_named
from lmu_hw.plan.inventory import Memory, Multipliers

ECP5, UP5K, HX8K, GOWIN, AMD = (
    CHIPS[name] for name in ("ecp5-25k", "ice40-up5k", "ice40-hx8k", "gowin-nano-20k", "xilinx7")
)


@pytest.mark.parametrize(
    ("widths", "counts"),
    [
        ((17, 20), (2, 2, 2, 1)),
        ((19, 10), (1, 2, 1, 1)),
        ((20, 10), (2, 2, 2, 1)),
        ((18, 18), (1, 3, 1, 1)),
        ((9, 18), (1, 2, 1, 1)),
        ((24, 24), (4, 4, 4, 2)),
        ((2, 2), (1, 0, 0, 0)),
        ((3, 1), (0, 0, 0, 0)),
        ((8, 8), (1, 1, 1, 1)),
        ((10, 10), (1, 1, 1, 1)),
        ((2, 12), (1, 1, 1, 1)),
    ],
)
def test_products_take_the_multipliers_that_synthesis_takes(widths, counts):
    product = [Multipliers(count=1, widths=widths)]
    taken = [chip.multipliers(product) for chip in (ECP5, UP5K, GOWIN, AMD)]
    assert taken == list(counts)


def test_without_multipliers_tables_multiply():
    product = [Multipliers(count=2, widths=(8, 16))]
    assert HX8K.multipliers(product) == 0
    assert HX8K.product_tables(product) == 2.5 * 2 * 8 * 16
    assert UP5K.product_tables(product) == 0


@pytest.mark.parametrize(
    ("words", "widest"), [(32, 72), (48, 31), (64, 20), (80, 16), (96, 12), (128, 8), (256, 4)]
)
def test_a_memory_takes_tables_as_long_as_they_and_what_chooses_among_them_cost_less(words, widest):
    """As Yosys maps memories of these words, each a bit wider until it takes a block."""
    widths = range(2, widest + 1)
    assert not any(ECP5.in_blocks(Memory(part="", words=words, width=width)) for width in widths)
    assert words == 32 or ECP5.in_blocks(Memory(part="", words=words, width=widest + 2))


@pytest.mark.parametrize(("words", "in_blocks"), [(5, False), (6, True)])
def test_without_memories_of_tables_all_but_a_few_bits_take_a_block(words, in_blocks):
    assert UP5K.in_blocks(Memory(part="vectors", words=words, width=12)) == in_blocks


@pytest.mark.parametrize(
    ("words", "width", "blocks", "logic"),
    [(128, 40, 0, 128), (163, 12, 1, 0), (1889, 32, 14, 97), (640, 8, 1, 128), (300, 16, 1, 44)],
)
def test_a_rom_is_cut_where_that_saves_small_blocks(words, width, blocks, logic):
    rom = Memory(part="array", words=words, width=width, constant=True)
    assert UP5K.memory_blocks([rom]) == blocks
    assert UP5K.logic_words(rom) == logic


def test_a_block_of_18_kbit_can_be_half_of_one():
    rom = Memory(part="array", words=1024, width=18, constant=True)
    assert [chip.memory_blocks([rom]) for chip in (ECP5, AMD)] == [1, 0.5]


def test_a_resource_counts_as_it_leaves_less_of_the_chip():
    assert ECP5.tables(Area(block_ram=56)) == ECP5.tables(Area(dsp=28)) == 24_288
    assert ECP5.tables(Area(lut=100, ff=100)) == 100


def test_a_chip_lacks_what_it_has_less_of():
    area = Area(lut=100, block_ram=31, dsp=8)
    assert UP5K.lacks(area) == {"block_ram": (31, 30)}
    assert HX8K.lacks(area) == {"dsp": (8, 0)}
    assert replace(UP5K, sized=False).lacks(area) == AMD.lacks(area) == DEFAULT.lacks(area) == {}


def test_the_clock_of_a_chip_follows_that_of_an_ecp5():
    assert replace(UP5K, ns=2.0).mhz(10.0) == 50
    assert AMD.mhz(10.0) is None


def test_a_name_that_no_chip_has_is_refused_with_all_that_there_are():
    with pytest.raises(ConfigError, match=r"`target` must be one of ecp5-25k, .*, not 'ecp5'"):
        chip_named("ecp5")


def test_areas_are_added():
    assert Area(lut=1, ff=2, block_ram=3, dsp=4) + Area(dsp=1) == Area(
        lut=1, ff=2, block_ram=3, dsp=5
    )
