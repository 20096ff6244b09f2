# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from lmu_hw.report import measure
from lmu_hw.report.document import SimulationReport
from lmu_hw.report.verdict import verdict
from lmu_hw.report.words import Level


@pytest.fixture
def report(design, x):
    return measure(design, x)


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
    x, u, *others = report.signals
    u = replace(u, saturations=3, saturation_rate=0.03)
    found = verdict(replace(report, signals=(x, u, *others)))
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
