# SPDX-License-Identifier: Apache-2.0
"""``lmu-hw implement``: what it prints, and its exit statuses."""

from __future__ import annotations

import pytest

from lmu_hw import api
from tests.implementations import CELLS, RESULT


@pytest.fixture
def implement(run, monkeypatch):
    monkeypatch.setattr(api, "implement", lambda directory, **options: RESULT)
    return lambda *arguments: run("implement", "out", "--target", "ecp5-25k", *arguments)


@pytest.fixture
def implement_cells(run, monkeypatch):
    def implement(directory, *, liberty, dont_use, **options):
        assert (liberty, list(dont_use)) == ("c.lib", ["A*", "B"])
        return CELLS

    monkeypatch.setattr(api, "implement", implement)
    typed = (
        "implement",
        "out",
        "--target",
        "liberty",
        "--liberty",
        "c.lib",
        "--dont-use",
        "A*",
        "B",
    )
    return lambda *arguments: run(*typed, *arguments)


def test_area_clock_path_and_speed_are_printed(implement):
    answer = implement()
    assert answer.status == 0
    for text in (
        "a: output stage",
        "2,108",
        "clock: 90.0 MHz, the median of 3 runs (80.0 to 100.0); asked for 200",
        "critical path: add (a: output stage)",
        "10,000 time steps a second (9,000 cycles each)",
        "200.00 µs from the last step to its answer",
        "warning: a latch",
        "DP16KD 10 of 56",
    ):
        assert text in answer.out
    assert "rtl/a.v was changed since it was generated" in answer.err


def test_a_clock_that_is_not_reached_ends_with_1(implement):
    assert implement("--clock", "90").status == 0
    answer = implement("--clock", "95")
    assert answer.status == 1
    assert "--clock 95 is not reached: the median is 90.0 MHz" in answer.err


def test_area_of_standard_cells_macros_and_the_analysed_clock_are_printed(implement_cells):
    answer = implement_cells()
    assert answer.status == 0
    for text in ("12,345.5", "5,432.5", "1,211", "vector x", "2,048", "1 read, 1 write"):
        assert text in answer.out
    assert "clock: 456.5 MHz, by analysis" in answer.out
    assert "LUT" not in answer.out


def test_an_analysed_clock_that_is_not_reached_ends_with_1(implement_cells):
    answer = implement_cells("--clock", "500")
    assert answer.status == 1
    assert "--clock 500 is not reached: it is 456.5 MHz" in answer.err


def test_a_missing_library_is_asked_for(refused):
    message = refused("implement", "out", "--target", "liberty")
    assert "--liberty must be a library of standard cells (FILE.lib) with --target" in message


def test_a_wrong_target_lists_the_choices(refused):
    assert "--target must be one of ecp5-25k" in refused("implement", "out", "--target", "x")
