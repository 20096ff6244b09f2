# SPDX-License-Identifier: Apache-2.0
"""ROMs and memories of vectors, each alone: what they answer, and when."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.storage import Rom, VectorRam, pack
from lmu_hw.plan import Storage
from tests.hdl.bench import drive

# What a test constructs without simulating it is never elaborated.
pytestmark = [
    pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable"),
    pytest.mark.usefixtures("collected"),
]


def test_pack_puts_element_0_in_the_low_bits():
    assert pack(np.array([[1, -1], [-8, 7]]), 4) == [0xF1, 0x78]


def test_a_rom_answers_one_cycle_after_its_address():
    rom = Rom(name="r", words=[5, 6, 7], width=3)

    async def read(ctx):
        for address, word in enumerate([5, 6, 7]):
            ctx.set(rom.address, address)
            await ctx.tick()
            assert ctx.get(rom.data) == word

    drive(rom, read)


def test_a_rom_that_is_not_enabled_keeps_its_word():
    rom = Rom(name="r", words=[5, 6, 7], width=3)

    async def read(ctx):
        for address, enable, word in ((1, 1, 6), (2, 0, 6), (0, 0, 6), (2, 1, 7)):
            ctx.set(rom.address, address)
            ctx.set(rom.enable, enable)
            await ctx.tick()
            assert ctx.get(rom.data) == word

    drive(rom, read)


def test_a_rom_without_words_is_refused():
    with pytest.raises(NetworkError, match="r: a ROM must have at least one word"):
        Rom(name="r", words=[], width=3)


@pytest.mark.every(3)
@pytest.mark.parametrize(("columns", "beat"), [(1, 1), (4, 1), (4, 2), (4, 4), (8, 1)])
@pytest.mark.parametrize(
    ("pages", "options"), [(1, {}), (2, {}), (2, {"ahead": True}), (2, {"apart": True})], ids=str
)
def test_a_vector_memory_reads_words_of_what_was_written_by_beats(columns, beat, pages, options):
    segments, length, width = 2, 6, 5
    words = segments * -(-length // columns)
    storage = Storage(segments=segments, length=length, words=words)
    memory = VectorRam(
        storage=storage, pages=pages, columns=columns, beat=beat, width=width, **options
    )
    elements = np.random.default_rng(1).integers(1, 32, (pages, segments, -(-length // beat), beat))
    # The last beat fills its word up: nothing that is read was never written.
    expected = np.zeros((pages, segments, words // segments * columns), int)
    for index in range(elements.shape[2]):
        expected[:, :, index * beat : (index + 1) * beat] = elements[:, :, index]
    beats = elements.shape[2] * beat
    repeated = np.tile(elements[:, :, -1], expected.shape[2] // beat)
    expected[:, :, beats:] = repeated[:, :, beats:]

    async def check(ctx):
        ctx.set(memory.write_enable, 1)
        for page, segment, index in np.ndindex(*elements.shape[:3]):
            ctx.set(memory.write_page, page)
            ctx.set(memory.write_segment, segment)
            ctx.set(memory.write_beat, index)
            ctx.set(memory.write_data, pack(elements[page, segment, index][None], width)[0])
            await ctx.tick()
        ctx.set(memory.write_enable, 0)
        for page in range(pages):
            for word, content in enumerate(pack(expected[page].reshape(words, columns), width)):
                ctx.set(memory.read_page, page)
                ctx.set(memory.read_word, word)
                await ctx.tick().repeat(1 + memory.ahead)
                assert ctx.get(memory.read_data) == content

    drive(memory, check)


@pytest.mark.parametrize("ahead", [False, True])
def test_a_word_of_a_vector_stays_until_another_one_is_wanted(ahead):
    storage = Storage(segments=1, length=4, words=4)
    memory = VectorRam(storage=storage, pages=1, columns=1, beat=1, width=3, ahead=ahead)

    async def check(ctx):
        ctx.set(memory.write_enable, 1)
        for index in range(4):
            ctx.set(memory.write_beat, index)
            ctx.set(memory.write_data, index + 4)
            await ctx.tick()
        ctx.set(memory.write_enable, 0)
        for address, wanted, word in ((1, 1, 5), (2, 0, 5), (3, 0, 5), (2, 1, 6)):
            ctx.set(memory.read_word, address)
            if ahead:
                await ctx.tick()
            ctx.set(memory.read_enable, wanted)
            await ctx.tick()
            assert ctx.get(memory.read_data) == word
            ctx.set(memory.read_enable, 0)

    drive(memory, check)
