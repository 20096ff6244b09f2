# SPDX-License-Identifier: Apache-2.0
"""What layers take of a chip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.measure.energy import Energy, Entry
from lmu_hw.measure.implementation import Part, Resources
from lmu_hw.report.json_file import read_report
from lmu_hw.report.layers import layer_rows
from tests.implementations import RESULT


@pytest.fixture
def report(written):
    return read_report(DesignFolder(written))


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
