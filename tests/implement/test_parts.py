# SPDX-License-Identifier: Apache-2.0
"""What is counted together, and what it is called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lmu_hw.implement.parts import memory_words, part_of, words_of


@pytest.mark.parametrize(
    ("path", "part", "words"),
    [
        ("", "", "top"),
        ("from_axi", "from_axi", "input port"),
        ("layer_a", "layer_a", "a: control"),
        ("layer_a.drain.row_rom.rom", "layer_a.drain", "a: output stage"),
        ("layer_a.weight_roms.rom_0.bank_1.rom", "layer_a.weight_roms", "a: weight ROM"),
        ("layer_a.source.memory", "layer_a.source", "a: input vector"),
        ("layer_a.m_unit.cells", "layer_a.m_unit", "a: memory unit m"),
        ("layer_a.h_memory", "layer_a.h_memory", "a: vector h"),
        ("layer_a.new_thing!", "layer_a.new_thing!", "a: new_thing!"),
    ],
)
def test_parts_and_their_words(path, part, words):
    assert part_of(path) == part
    assert words_of(part) == words


RTL = sorted((Path(__file__).parents[2] / "rtl").glob("*/*.v"))


@pytest.mark.parametrize("verilog", RTL, ids=lambda path: path.parent.name)
def test_every_part_of_the_reference_designs_has_a_name(verilog):
    """The instances of the top, and of each layer, which is an instance of the top."""
    name, text = verilog.stem, verilog.read_text()
    top = re.findall(rf"^  {name}__(?!check_)(\w+) \1 \(", text, re.M)
    layers = [part for part in top if part.startswith("layer_")]
    parts = [part for part in top if part not in layers]
    for layer in layers:
        inside = re.findall(rf"^  {name}__{layer}_(?!check_)(\w+) \1 \(", text, re.M)
        parts += [f"{layer}.{part}" for part in inside]
    assert {"answers", f"{layers[0]}.drain"} <= set(parts)
    same = {last for part in parts if words_of(part).endswith(last := part.rpartition(".")[2])}
    assert same == {"sequencer"}  # which is the word for it


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("layer_a.weight_roms.rom_0.bank_1.rom.words.0.3", "weight ROM"),
        ("layer_a.drain.row_rom.rom.words.0.0", "row constants"),
        ("layer_a.h_memory.cells.0.0", "vector h"),
        ("layer_a.c_memory.cells_1.0.0", "vector c"),
    ],
)
def test_a_memory_is_called_by_what_it_stores(cell, words):
    assert memory_words(cell) == words
