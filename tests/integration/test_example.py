# SPDX-License-Identifier: Apache-2.0
"""The example of a long vector shows its beginning."""

from __future__ import annotations

from lmu_hw.integration.example import example_of
from tests.integration.designs import subject


def test_only_the_first_elements_and_beats_are_shown():
    example = example_of(subject(width=8, inputs=5))
    assert len(example.sample) == 3
    assert len(example.sample_beats) == 4


def test_a_wide_beat_is_cut_to_its_low_digits():
    data = example_of(subject(inputs=20)).sample_beats[0].data
    assert data.startswith("...")
    assert len(data) == 35
