# SPDX-License-Identifier: Apache-2.0
"""What is counted together, and what it is called."""

from __future__ import annotations

import pytest

from lmu_hw.implement.parts import part_of, words_of


@pytest.mark.parametrize(
    ("path", "part", "words"),
    [
        ("", "", "top"),
        ("from_axi", "from_axi", "input port"),
        ("layer_a", "layer_a", "a: control"),
        ("layer_a.drain.a_h_rows.rom", "layer_a.drain", "a: output stage"),
        ("layer_a.source.memory", "layer_a.source", "a: input queue"),
        ("layer_a.m_unit.cells", "layer_a.m_unit", "a: memory unit m"),
        ("layer_a.h_memory", "layer_a.h_memory", "a: vector h"),
        ("layer_my_lmu.my_lmu_h_weights", "layer_my_lmu.my_lmu_h_weights", None),
        ("layer_a.new_thing!", "layer_a.new_thing!", "a: new_thing!"),
    ],
)
def test_parts_and_their_words(path, part, words):
    assert part_of(path) == part
    assert words_of(part) == (words or "my_lmu: weight ROM of h")
