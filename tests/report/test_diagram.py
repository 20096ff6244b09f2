# SPDX-License-Identifier: Apache-2.0
"""The network as a diagram."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.report.diagram import BEFORE, Arrow, _tracks, layer_diagrams
from lmu_hw.report.json_file import read_report


@pytest.fixture
def report(written):
    return read_report(DesignFolder(written))


def readings(diagram):
    """Return (source, reader) of every arrow, the source as the reader names it."""
    names = [box.signal.name for box in diagram.boxes]
    return {
        (names[arrow.source] + step, names[reader])
        for step, arrows in (("", diagram.now), (BEFORE, diagram.before))
        for arrow in arrows
        for reader in arrow.readers
    }


def test_layers_in_order_with_what_enters_at_the_top(report):
    diagrams = layer_diagrams(report)
    assert [
        (diagram.name, [box.signal.name for box in diagram.boxes if box.enters],
         [box.signal.name for box in diagram.boxes if not box.enters])
        for diagram in diagrams
    ] == [
        ("input", [], ["x"]),
        ("lmu", ["x"], ["lmu.u", "lmu.m", "lmu.z", "lmu.h"]),
        ("head", ["lmu.h"], ["head.y"]),
    ]  # fmt: skip
    rows = [box.row for diagram in diagrams for box in diagram.boxes if not box.enters]
    assert rows == list(range(6))


def test_what_is_handed_on_over_a_layer_enters_where_it_is_read(report):
    signals = [
        replace(signal, reads=(*signal.reads, "x")) if signal.name == "head.y" else signal
        for signal in report.signals
    ]
    head = layer_diagrams(replace(report, signals=tuple(signals)))[-1]
    assert [box.signal.name for box in head.boxes] == ["lmu.h", "x", "head.y"]


def test_every_reading_has_an_arrow_and_no_other(report):
    for diagram in layer_diagrams(report):
        own = [box.signal for box in diagram.boxes if not box.enters]
        assert readings(diagram) == {(read, signal.name) for signal in own for read in signal.reads}


def test_arrows_end_at_boxes_within_their_drawing(report):
    for diagram in layer_diagrams(report):
        for svg, width in zip(diagram.svgs, (diagram.left, diagram.right), strict=False):
            height = int(re.search(r'height="(\d+)"', svg)[1])
            for x, y in re.findall(r"[ML](\d+),(\d+)", svg):
                assert (int(x), 0 <= int(y) <= height) == (width, True)
            assert min(int(x) for x in re.findall(r"H(\d+)V", svg)) > 0


def test_lines_that_meet_lie_beside_each_other():
    ends = ((0, (1, 4)), (1, (2,)), (2, (4,)))
    arrows = [Arrow(source=source, readers=readers) for source, readers in ends]
    assert _tracks(arrows) == [2, 0, 1]
    assert _tracks([Arrow(source=0, readers=(1,)), Arrow(source=2, readers=(3,))]) == [0, 0]
