# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.measure import measure
from lmu_hw.report.proof_rows import GIVEN_U, ROUNDING, proof_rows
from tests.reports import certified, memory_design


def named(report, name, part=""):
    return next(row for row in proof_rows(report) if (row.name, row.part) == (name, part))


def test_a_memory_has_rows_for_float_for_its_u_and_for_rounding(feedback):
    rows = proof_rows(certified(*feedback))
    assert [(row.name, row.part) for row in rows] == [
        ("x", ""),
        ("lmu0.u", ""),
        ("lmu0.m", ""),
        ("lmu0.m", GIVEN_U),
        ("lmu0.m", ROUNDING),
        ("lmu0.z", ""),
        ("lmu0.h", ""),
        ("dense.y", ""),
    ]


def test_a_conditional_bound_stands_beside_the_error_given_u(feedback):
    report = certified(*feedback)
    error = next(signal for signal in report.signals if signal.name == "lmu0.m").certified
    noise = report.memories[0].noise
    assert named(report, "lmu0.m").certified is None
    given, rounding = (named(report, "lmu0.m", part) for part in (GIVEN_U, ROUNDING))
    assert (given.certified, given.measured_max) == (max(error.given_u), max(noise.float_max_ulp))
    assert rounding.certified == max(error.by_cause.rounding)
    assert rounding.measured_max == max(noise.max_ulp)
    assert rounding.measured_rms == pytest.approx(np.sqrt(np.mean(np.square(noise.rms_ulp))))


def test_an_unconditional_bound_stands_beside_the_error():
    report = certified(*memory_design({}, hidden="none", dense=1))
    row, signal = named(report, "dense.y"), report.signals[-1]
    assert (row.certified, row.measured_max) == (
        max(signal.certified.total),
        signal.max_error_ulp,
    )


def test_ranges_are_proved_or_may_saturate(feedback):
    report = certified(*feedback)
    assert [named(report, name).range for name in ("x", "lmu0.u", "lmu0.m")] == [
        "–",
        "may saturate",
        "proved",
    ]


def test_without_certificates_only_measurements_and_predictions_are_shown(design, x):
    rows = proof_rows(measure(design, x))
    assert all(row.certified is None and row.bound is None for row in rows)
    assert all(row.measured_max is not None for row in rows)


def test_an_error_bound_is_not_shown_beside_data_that_left_a_format(design, x):
    report = certified(design, x)
    first, *others = report.signals
    inside = {row.name: row for row in proof_rows(report)}
    loud = replace(report, signals=(replace(first, saturations=5), *others))
    void = {row.name: row for row in proof_rows(loud)}
    assert inside["x"].certified is not None and void["x"].certified is None
    assert void["x"].note == "x left the format in this data"
