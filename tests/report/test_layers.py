# SPDX-License-Identifier: Apache-2.0
"""A report by layer: the diagram, and what layers take of a chip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.measure.energy import Energy, Entry
from lmu_hw.measure.implementation import Part, Resources
from lmu_hw.report.json_file import read_report
from lmu_hw.report.layers import layer_rows, network_layers
from tests.implementations import RESULT


@pytest.fixture
def report(written):
    return read_report(DesignFolder(written))


def test_the_network_in_evaluation_order_with_what_each_signal_reads(report):
    layers = network_layers(report)
    assert [name for name, _ in layers] == ["input", "lmu", "head"]
    boxes = {box.signal.name: box for _, nodes in layers for box in nodes}
    reads = {name: box.signal.reads for name, box in boxes.items()}
    assert reads == {
        "x": (),
        "lmu.u": ("x",),
        "lmu.m": ("lmu.m[t-1]", "lmu.u"),
        "lmu.z": ("lmu.h[t-1]", "x", "lmu.m"),
        "lmu.h": ("lmu.z",),
        "head.y": ("lmu.h",),
    }
    assert [name for name, box in boxes.items() if box.feeds_back] == ["lmu.m", "lmu.z"]
    assert [box.row for box in boxes.values()] == list(range(6))


def test_resources_time_and_energy_of_each_layer(report):
    paths = ("layer_lmu.mac", "core.layer_lmu.drain", "layer_head.mac", "answers")
    parts = tuple(
        Part(path=path, words=path, resources=Resources(lut=10**k, ff=k))
        for k, path in enumerate(paths)
    )
    entry = Entry(layer="lmu", node="u", kind="products", count=1, bits="8 x 8", picojoules=500.0)
    energy = Energy(entries=(entry, replace(entry, kind="reads")), cycles=9)
    found = replace(RESULT, parts=parts, energy=energy)
    rows = {row.name: row for row in layer_rows(report, found)}
    assert [(name, row.resources.lut) for name, row in rows.items()] == [
        ("lmu", 11), ("head", 100), ("ports and answers", 1000),
    ]  # fmt: skip
    assert rows["lmu"].nanojoules == 1.0 and rows["head"].nanojoules is None
    assert found.mhz is not None and rows["lmu"].cycles is not None
    assert rows["lmu"].microseconds == rows["lmu"].cycles / found.mhz
    assert rows["ports and answers"].cycles is None
