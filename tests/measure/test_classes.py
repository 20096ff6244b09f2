# SPDX-License-Identifier: Apache-2.0
"""Answers by class, and how far the right one leads."""

from __future__ import annotations

import numpy as np

from lmu_hw.measure.classes import MOST_CLASSES, ClassStatistics

LABELS = np.array([0, 1, 1, 2])
FLOATS = np.array([[3.0, 1, 0], [0, 2, 1], [0, 2, 3], [1, 0, 4]])
FIXED = np.array([[3.0, 1, 0], [4, 2, 1], [0, 2, 1], [1, 0, 4]])


def test_answers_are_counted_by_label_and_margins_lead_or_trail():
    statistics = ClassStatistics(3, 0.5)
    statistics.add(LABELS[:1], FLOATS[:1], FIXED[:1])
    statistics.add(LABELS[1:], FLOATS[1:], FIXED[1:])
    report = statistics.report()
    assert report.float_answers == ((1, 0, 0), (0, 1, 1), (0, 0, 1))
    assert report.fixed_answers == ((1, 0, 0), (1, 1, 0), (0, 0, 1))
    assert report.float_margins == (2.0, 1.0, -1.0, 3.0)
    assert report.fixed_margins == (2.0, -2.0, 1.0, 3.0)


def test_answers_at_every_step_are_counted_each():
    statistics = ClassStatistics(3, 0.5)
    statistics.add(LABELS.reshape(2, 2), FLOATS.reshape(2, 2, 3), FIXED.reshape(2, 2, 3))
    assert np.sum(statistics.report().fixed_answers) == 4


def test_many_classes_have_margins_and_what_is_confused_most():
    statistics = ClassStatistics(MOST_CLASSES + 1, 0.5)
    outputs = np.eye(MOST_CLASSES + 1)
    statistics.add(np.array([0, 1, 1, 5]), outputs[[0, 2, 2, 6]], outputs[[3, 2, 1, 5]])
    report = statistics.report()
    assert report.float_answers == ()
    assert report.fixed_margins == (-1.0, -1.0, 1.0, 1.0)
    pairs = [(c.label, c.answer, c.float_answers, c.fixed_answers) for c in report.confusions]
    assert pairs == [(1, 2, 2, 1), (0, 3, 0, 1), (5, 6, 1, 0)]


def test_few_classes_have_a_matrix_and_no_list():
    statistics = ClassStatistics(3, 0.5)
    statistics.add(LABELS, FLOATS, FIXED)
    assert (statistics.report().classes, statistics.report().confusions) == (3, ())
