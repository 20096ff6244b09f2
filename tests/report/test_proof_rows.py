# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.measure import measure
from lmu_hw.report.proof_rows import ROUNDING, proof_rows, readout_rows
from tests.reports import certified, memory_design


def named(report, name, part=""):
    return next(row for row in proof_rows(report) if (row.name, row.part) == (name, part))


def test_a_memory_has_a_row_for_its_rounding(feedback):
    rows = proof_rows(certified(*feedback))
    assert [(row.name, row.part) for row in rows] == [
        ("x", ""),
        ("lmu0.u", ""),
        ("lmu0.m", ""),
        ("lmu0.m", ROUNDING),
        ("lmu0.z", ""),
        ("lmu0.h", ""),
        ("dense.y", ""),
    ]


def test_rounding_stands_beside_what_is_proved_of_it(feedback):
    report = certified(*feedback)
    (memory,), ulp = report.memories, 2.0**-15
    noise, row = memory.noise, named(report, "lmu0.m", ROUNDING)
    assert row.certified == pytest.approx(max(memory.proof.rounding) / ulp)
    assert row.measured_max == max(noise.max_ulp)
    assert row.measured_rms == pytest.approx(np.sqrt(np.mean(np.square(noise.rms_ulp))))


def test_a_bound_stands_beside_the_error():
    report = certified(*memory_design({}, hidden="none", dense=1))
    row, signal = named(report, "dense.y"), report.signals[-1]
    assert (row.certified, row.measured_max) == (
        max(signal.certified.within),
        signal.max_error_ulp,
    )


def test_what_is_read_stands_beside_what_is_proved_of_it(feedback):
    report = certified(*feedback)
    (memory,) = report.memories
    for row, readout in zip(readout_rows(report), memory.readouts, strict=True):
        assert (row.name, row.memory) == (readout.label, "lmu0.m")
        assert (row.sqnr_db, row.largest) == (readout.sqnr_db, max(readout.max_error))
        assert row.largest <= row.within + row.worst_rounding
        assert row.within <= row.always and row.likely_rounding <= row.worst_rounding


def test_states_that_are_read_through_a_fit_are_not_compared(feedback):
    report = certified(*feedback)
    row = named(report, "lmu0.m")
    assert report.memories[0].fitted
    assert (row.certified, row.measured_max, row.predicted_rms, row.measured_rms) == (None,) * 4
    signal = next(signal for signal in report.signals if signal.name == "lmu0.m")
    assert (signal.sqnr_db, signal.exact, signal.bias_ulp, signal.time_rms_ulp) == (
        None,
        False,
        None,
        (),
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
    measured = [row for row in rows if row.name != "lmu.m" or row.part]
    assert all(row.measured_max is not None for row in measured)


def test_an_error_bound_is_not_shown_beside_data_that_left_a_format(design, x):
    report = certified(design, x)
    first, *others = report.signals
    inside = {row.name: row for row in proof_rows(report)}
    loud = replace(report, signals=(replace(first, saturations=5), *others))
    void = {row.name: row for row in proof_rows(loud)}
    assert inside["x"].certified is not None and void["x"].certified is None
    assert void["x"].note == "x left the format in this data"
