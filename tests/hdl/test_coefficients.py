# SPDX-License-Identifier: Apache-2.0
"""Words of ROMs: a coefficient for each multiplier."""

from __future__ import annotations

import numpy as np

from lmu_hw.hdl.coefficients import contents, rom_words
from lmu_hw.plan.coefficient_rom import stored_width


def test_rom_words_hold_a_coefficient_for_each_multiplier(plan):
    node = plan.layer.nodes[-1]
    width = stored_width(node)
    words = rom_words(plan, node, width)
    assert len(words) == plan.node(node).rom_words
    first = [(words[0] >> (width * lane)) % (1 << width) for lane in range(plan.lanes)]
    codes = node.terms[0].weights.codes[: plan.rows, : plan.columns] % (1 << width)
    padded = np.zeros((plan.rows, plan.columns), int)
    padded[: codes.shape[0], : codes.shape[1]] = codes
    assert first == padded.ravel().tolist()


def test_a_rom_holds_its_nodes_one_after_the_other(plan):
    (rom,) = plan.coefficient_roms
    words = [rom_words(plan, node, rom.width) for node in rom.nodes]
    assert contents(plan, rom) == [word for of_node in words for word in of_node]
