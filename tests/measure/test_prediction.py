# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lmu_hw.measure import measure
from lmu_hw.measure.prediction import MOST_STEPS, evenly_spaced
from lmu_hw.proofs import predict_errors


def signal(report, name):
    return next(entry for entry in report.signals if entry.name == name)


def test_predictions_are_those_of_the_float_trace(design, x):
    report = measure(design, x)
    trace = design.reference.trace(design.reference_input(x))
    predicted = predict_errors(design.network, design.reference, trace)
    for name in ("lmu.u", "lmu.m", "lmu.z", "lmu.h", "head.y"):
        entry, ulps = signal(report, name), predicted[name] / signal(report, name).ulp
        assert entry.predicted_rms_ulp == pytest.approx(np.sqrt(np.mean(ulps**2)), rel=1e-8)
        assert entry.predicted_worst_ulp == pytest.approx(ulps.max(), rel=1e-8)
        assert len(entry.element_predicted_ulp) == (entry.elements if name == "lmu.m" else 0)


def test_the_input_has_no_prediction(design, x):
    assert signal(measure(design, x), "x").predicted_rms_ulp is None


def test_few_sequences_are_all_taken():
    chosen, steps = evenly_spaced(5, 100)
    assert (chosen.tolist(), steps) == ([0, 1, 2, 3, 4], 100)


def test_many_sequences_are_evenly_spaced():
    chosen, steps = evenly_spaced(1001, MOST_STEPS // 5)
    assert (chosen.tolist(), steps) == ([0, 250, 500, 750, 1000], MOST_STEPS // 5)


def test_a_long_sequence_is_cut():
    chosen, steps = evenly_spaced(3, 10 * MOST_STEPS)
    assert (chosen.tolist(), steps) == ([0], MOST_STEPS)
