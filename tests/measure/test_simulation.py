# SPDX-License-Identifier: Apache-2.0
"""What a simulator found: passed only where words were compared, all equal, without a failure."""

from __future__ import annotations

import pytest

from lmu_hw.measure.simulation import Coverage, Mismatch, Result


def result(**changes) -> Result:
    parts = {
        "simulator": "any",
        "version": "1",
        "words_compared": 5,
        "mismatches": 0,
        "first_mismatch": None,
        "failure": "",
        "cycles": 9,
        "cycles_per_step": None,
        "steps": 1,
        "input_steps": 0,
        "input_steps_given": 0,
        "coverage": Coverage(saturation={}, tables={}, resets={}, stalls={}),
    }
    return Result(**{**parts, **changes})


def test_equal_words_without_failure_pass():
    assert result().passed


@pytest.mark.parametrize(
    "changes", [{"words_compared": 0}, {"mismatches": 1}, {"failure": "no answer came"}], ids=list
)
def test_nothing_compared_a_wrong_word_or_a_failure_does_not(changes):
    assert not result(**changes).passed


def test_a_mismatch_in_words_says_what_is_missing():
    mismatch = Mismatch(node="lmu.h", sequence=2, step=3, index=1, expected=None, got=7)
    assert str(mismatch) == "node lmu.h, sequence 2, step 3, index 1, expected nothing, got 7"
