# SPDX-License-Identifier: Apache-2.0
"""What print and notebooks show: a few lines, whatever is held in hand."""

from __future__ import annotations

import re

import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.prove.claims import Part, Status, read_proof
from lmu_hw.report.compare import compare
from lmu_hw.report.json_file import read_report
from lmu_hw.summary import Facts, Summarised
from tests import networks
from tests.implementations import CELLS, RESULT
from tests.measured import brief, design, emitted, folders, make_folder, x
from tests.reports import proved_folder
from tests.search.searched import classifier, swept

__all__ = ["brief", "classifier", "design", "emitted", "folders", "make_folder", "swept", "x"]

MOST_LINES, LONGEST = 14, 200


class Thing(Summarised):
    def described(self) -> tuple[str, Facts]:
        return "a <b>", [("one", "1 < 2"), ("longer", "&")]


def test_lines_are_aligned():
    assert str(Thing()) == "a <b>\n  one     1 < 2\n  longer  &"
    assert repr(Thing()) == "<Thing a <b>>"


def test_a_card_is_escaped_and_has_every_fact():
    card = Thing()._repr_html_()
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", card)
    assert cells == ["one", "1 &lt; 2", "longer", "&amp;"]
    assert ">a &lt;b&gt;</div>" in card


def test_a_design_says_its_formats_and_its_size(design):
    assert str(design).splitlines() == [
        "lmu_small: dense memory, 12-bit weights, 16-bit states, 12-bit activations",
        "  input   2 x sQ0.15",
        "  lmu     u 1 x sQ0.15, m 4 x sQ0.15, h 5 x sQ0.11",
        "  head    y 3 x sQ2.13",
        "  output  3 x sQ2.13, at the end of a sequence",
        "  stored  1,239 bits of coefficients, 3,058 of tables",
        "  state   124 bits",
        "  ranges  from 9 sequences of 12 steps",
        f"  digest  {design.digest[:16]}",
    ]


def test_a_network_says_its_layers():
    text = str(networks.network(layers=1, recurrent="gru", dense=2))
    assert "LMU, order" in text and "recurrent, " in text and "dense, 2 outputs, linear" in text


@pytest.mark.parametrize("found", [RESULT, CELLS], ids=["device", "cells"])
def test_an_implementation_says_size_and_clock(found):
    text = str(found)
    assert f"{found.mhz:.1f} MHz" in text
    assert ("2,108 LUT" in text) == (found.library is None)


def test_results_are_a_few_lines(folders, swept):
    proved_folder(folders[0], Status.NOT_SHOWN)
    report, proof = read_report(DesignFolder(folders[0])), read_proof(DesignFolder(folders[0]))
    assert proof is not None and str(proof).count("\n") == len(Part)
    for thing in (report, proof, compare(folders), swept[0]):
        lines = str(thing).splitlines()
        assert 1 < len(lines) <= MOST_LINES
        assert len(repr(thing)) < LONGEST and "\n" not in repr(thing)
        assert thing._repr_html_().count("<tr") == len(lines) - 1
