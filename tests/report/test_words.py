# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from lmu_hw.report import measure, words
from lmu_hw.report.document import SimulationReport
from lmu_hw.report.words import Level, verdict


@pytest.fixture
def report(design, x):
    return measure(design, x)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.00203, "0.00203"),
        (-1.5, "−1.50"),
        (42.04, "42.0"),
        (350.4, "350"),
        (12345.6, "12346"),
        (1e-5, "1.00e−05"),
    ],
)
def test_number(value, text):
    assert words.number(value) == text


def test_decimal_has_no_negative_zero():
    assert words.decimal(-0.001) == "0.00"


def test_count_groups_thousands():
    assert words.count(10468) == "10\u202f468"


def test_score_of_accuracy_and_of_nrmse():
    assert words.score("accuracy", 0.976) == "97.60 %"
    assert words.score("nrmse", 0.0022) == "0.00220"


def test_a_faithful_design_reads_good(report):
    found = verdict(report)
    assert (found.level, found.reasons) == (Level.GOOD, ())


def test_lost_accuracy_needs_attention(report):
    task = replace(report.task, metric="accuracy", float_score=0.98, fixed_score=0.97)
    found = verdict(replace(report, task=task))
    assert found.level is Level.ATTENTION
    assert found.reasons[0].startswith("Accuracy is 97.00 % in fixed point and 98.00 % in float")


def test_grown_nrmse_needs_attention(report):
    task = replace(report.task, metric="nrmse", float_score=0.1, fixed_score=0.2)
    found = verdict(replace(report, task=task))
    assert "0.200 in fixed point and 0.100 in float, +100 %" in found.reasons[0]


def test_saturation_needs_attention_and_names_the_signal(report):
    signal = replace(report.signals[1], saturations=3, saturation_rate=0.03)
    found = verdict(replace(report, signals=(signal,)))
    assert found.reasons == ("Signals left their format: lmu.u saturated 3 times (3 %).",)


def test_nothing_compared_is_a_failure(report):
    run = SimulationReport(
        simulator="Verilator",
        version="5",
        words_compared=0,
        mismatches=0,
        first_mismatch=None,
        cycles=0,
        cycles_per_step=None,
    )
    found = verdict(replace(report, simulations=(run,)))
    assert found.level is Level.BAD
    assert found.reasons[0].startswith("Verilator compared no word")
