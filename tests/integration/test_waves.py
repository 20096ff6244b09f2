# SPDX-License-Identifier: Apache-2.0
"""What GTKWave is to show is in the dump, in the format of the node."""

from __future__ import annotations

import re
import shutil

import pytest

from lmu_hw.integration.waves import viewed_elements, viewed_nodes, waves
from tests.integration.designs import subject
from tests.integration.scripts import run

_TRACE = re.compile(r"@([0-9a-f]+)\n(?:\[fpshift_count\] (\d+)\n)?([\w.]+)(?:\[(\d+):0\])?\n")
_SIGNED, _POINT = 0x400, 0x40000000


def test_every_signal_is_in_the_dump_with_its_width(folder, tmp_path):
    out = shutil.copytree(folder, tmp_path / "out")
    assert run(out, "icarus", "+dump").returncode == 0
    declared = dict(
        re.findall(r"\$var \w+ +\d+ \S+ (\w+) ?(\[\d+:0\])? ?\$end", (out / "tiny.vcd").read_text())
    )
    traces = _TRACE.findall((out / "waves" / "tiny.gtkw").read_text())
    assert len(traces) > 10
    for _, _, signal, high in traces:
        assert declared[signal.partition(".")[2]] == (f"[{high}:0]" if high else "")


@pytest.mark.parametrize("width", ["vector", 8, 32])
def test_values_have_the_point_and_the_sign_of_their_format(width):
    made = subject(width=width)
    text = waves(made)["waves/tiny.gtkw"]
    shown = {name: (int(flags, 16), shift) for flags, shift, name, _ in _TRACE.findall(text)}
    for viewed in (
        *viewed_elements(made.plan.source, "input"),
        *viewed_elements(made.plan.answer, "answer"),
        *viewed_nodes(made),
    ):
        flags, shift = shown[f"tiny_tb.{viewed.name}"]
        assert bool(flags & _SIGNED) == viewed.format.signed
        assert bool(flags & _POINT)
        assert int(shift) == viewed.format.frac_bits


def test_no_element_is_shown_that_takes_several_beats():
    assert viewed_elements(subject(width=8).plan.source, "input") == []
    assert len(viewed_elements(subject(width=32).plan.source, "input")) == 2
