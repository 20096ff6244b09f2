# SPDX-License-Identifier: Apache-2.0
"""The lemmas of control show all that checkers assert, and rest on one another without a circle."""

from __future__ import annotations

import re

from lmu_hw.hdl.checkers import CHECKERS
from lmu_hw.prove.control.lemmas import lemmas_of
from tests.broken_control import small_design

LEMMAS = lemmas_of(["layer_lmu0", "layer_dense"], [["m"], []])
TARGETS = [set(lemma.targets) for lemma in LEMMAS]


def test_what_is_assumed_in_a_cycle_was_shown_before():
    for number, lemma in enumerate(LEMMAS):
        assert set(lemma.assumed) <= set().union(*TARGETS[:number])


def test_what_is_assumed_of_earlier_cycles_is_shown_somewhere():
    assert all(set(lemma.before) <= set().union(*TARGETS) for lemma in LEMMAS)


def test_every_property_of_every_checker_is_shown_by_a_lemma_or_by_pdr():
    text = small_design()[2]["tiny.v"]
    by_pdr = {*CHECKERS["offer"].properties, *CHECKERS["intake"].properties}
    for kind in re.findall(r"^  tiny__check_(\w+) ", text, re.MULTILINE):
        for name in set(CHECKERS[kind].properties) - by_pdr:
            shown = [
                w for wires in TARGETS for w in wires if re.search(rf"check_{kind}\w*\.{name}$", w)
            ]
            instances = len(re.findall(rf"^  tiny__check_{kind} ", text, re.MULTILINE))
            assert len(set(shown)) == instances
