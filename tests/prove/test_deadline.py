# SPDX-License-Identifier: Apache-2.0
"""What is not shown when the time is over is named, and never counts as shown."""

from __future__ import annotations

import time

import pytest

import lmu_hw
from lmu_hw.errors import ConfigError
from lmu_hw.prove.claims import Part
from lmu_hw.prove.deadline import OutOfTime, ended, left, limited
from tests.proved import emitted


def test_the_time_is_over_within_a_limit_alone():
    with limited(0.0):
        assert left() == 0.0
        with pytest.raises(OutOfTime, match="the limit of 0 s is over"):
            ended()
    ended()
    assert left() > 1e9


def test_a_limit_of_the_processor_does_not_count_what_else_runs():
    with limited(0.05, time.process_time):
        time.sleep(0.1)
        ended()
        assert left() > 0.0


def test_what_the_time_does_not_suffice_for_is_named(tmp_path):
    result = lmu_hw.prove(emitted(tmp_path / "design", units=1, order=2), time_limit=1e-6)
    assert not result.proved
    late = [lemma for lemma in result.lemmas if "the limit of 1e-06 s is over" in lemma.detail]
    assert not any(lemma.shown for lemma in late)
    assert {lemma.part for lemma in late} == {Part.DATA, Part.TIME, Part.CONTROL, Part.RANGES}
    assert {
        lemma.part for lemma in result.lemmas if lemma.part is not Part.CONTROL and lemma.shown
    } == {Part.READING}


@pytest.mark.parametrize("limit", [0, -1.0, "soon"])
def test_a_limit_is_a_positive_number(limit, tmp_path):
    with pytest.raises(ConfigError, match="`time_limit` must be a positive number of seconds, not"):
        lmu_hw.prove(tmp_path, time_limit=limit)
