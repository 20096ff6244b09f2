# SPDX-License-Identifier: Apache-2.0
"""Formats that fit what was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.measure import measure
from lmu_hw.report.proposals import proposals


@pytest.fixture
def report(design, x):
    return measure(design, x)


def proposed(report, name, **changes):
    """Return the proposal for a signal that was measured otherwise."""
    signals = [replace(s, **changes) if s.name == name else s for s in report.signals]
    entries = proposals(replace(report, signals=tuple(signals)))
    return next(entry for entry in entries if entry.signal == name)


def test_every_sum_has_one_and_functions_and_the_input_none(report):
    assert [entry.signal for entry in proposals(report)] == ["lmu.u", "lmu.m", "lmu.z", "head.y"]


def test_what_enters_a_function_is_the_format_of_its_node(report):
    entry = proposed(report, "lmu.z")
    assert entry.lines == f'[node."lmu.h"]\nformat = "{entry.proposed}"\n'


@pytest.mark.parametrize(
    ("headroom", "text"), [(0.9, "sQ3.12"), (1.4, "sQ2.13"), (3.0, "sQ1.14"), (None, "sQ3.12")]
)
def test_spare_integer_bits_become_fraction_bits(report, headroom, text):
    entry = proposed(report, "head.y", format="sQ3.12", headroom_bits=headroom)
    assert (entry.proposed, entry.changes) == (text, text != "sQ3.12")


def test_a_format_that_float_leaves_gets_the_bits_for_it(report):
    (signal,) = (s for s in report.signals if s.name == "head.y")
    counts = [0] * len(signal.histogram.float_counts)
    counts[signal.histogram.end_bin + 1] = 3
    beyond = replace(signal.histogram, float_counts=tuple(counts))
    changes = {"format": "sQ3.12", "histogram": beyond, "saturations": 3}
    entry = proposed(report, "head.y", **changes, lossless_clamp=False)
    assert (entry.proposed, entry.reason) == ("sQ5.10", "float is beyond the format, up to 2 bit")
