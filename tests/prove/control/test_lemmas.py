# SPDX-License-Identifier: Apache-2.0
"""The lemmas of control show all that checkers assert, and rest on one another without a circle."""

from __future__ import annotations

import re

import pytest

from lmu_hw.hdl.checkers import CHECKERS
from lmu_hw.prove.control.lemmas import ControlLemma, lemmas_of
from tests.broken_control import small_design, small_packets

LAYERS = ["layer_lmu0", "layer_dense"]
DESIGNS = {
    "whole vectors": (small_design, lemmas_of(LAYERS, [["m"], []])),
    "packets": (small_packets, lemmas_of(LAYERS, [[], []], packets=True)),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_what_is_assumed_in_a_cycle_was_shown_before(name):
    lemmas = DESIGNS[name][1]
    for number, lemma in enumerate(lemmas):
        assert set(lemma.assumed) <= _targets(lemmas[:number])


@pytest.mark.parametrize("name", DESIGNS)
def test_what_is_assumed_of_earlier_cycles_is_shown_somewhere(name):
    lemmas = DESIGNS[name][1]
    assert all(set(lemma.before) <= _targets(lemmas) for lemma in lemmas)


@pytest.mark.parametrize("name", DESIGNS)
def test_every_property_of_every_checker_is_shown_by_a_lemma_or_by_pdr(name):
    design, lemmas = DESIGNS[name]
    text = design()[2]["tiny.v"]
    by_pdr = {*CHECKERS["offer"].properties, *CHECKERS["intake"].properties}
    for kind in re.findall(r"^  tiny__check_(\w+) ", text, re.MULTILINE):
        for name in set(CHECKERS[kind].properties) - by_pdr:
            wires = _targets(lemmas)
            shown = [w for w in wires if re.search(rf"check_{kind}\w*\.{name}$", w)]
            instances = len(re.findall(rf"^  tiny__check_{kind} ", text, re.MULTILINE))
            assert len(shown) == instances


def _targets(lemmas: list[ControlLemma]) -> set[str]:
    return {wire for lemma in lemmas for wire in lemma.targets}
