# SPDX-License-Identifier: Apache-2.0
"""Labels of every usual form, and what is no label."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.measure.task import TaskStatistics, _leads, check_labels
from lmu_hw.sequences import Sequences
from tests import networks

CLASSES = np.array([0, 2, 1, 2])
ONCE = networks.network(dense=3, return_sequences=False)
STREAM = networks.network(dense=1)


def check(labels, network=ONCE):
    return check_labels(np.asarray(labels), network, Sequences.of(np.zeros((4, 5, 1))))


@pytest.mark.parametrize(
    "labels",
    [
        CLASSES,
        CLASSES.astype(np.uint8),
        CLASSES.astype(float),
        CLASSES[:, None],
        np.eye(3)[CLASSES],
    ],
    ids=["integers", "bytes", "floats", "column", "one-hot"],
)
def test_classes_come_in_every_form(labels):
    checked = check(labels)
    assert checked.dtype == np.int64
    assert checked.tolist() == CLASSES.tolist()


@pytest.mark.parametrize("scale", [2.0, -1.0, 0.5])
def test_what_is_nearly_one_hot_is_a_target(scale):
    labels = scale * np.eye(3)[CLASSES]
    assert np.array_equal(check(labels), labels)
    assert check(labels).dtype == np.float64


def test_two_ones_are_no_class():
    labels = np.eye(3)[CLASSES]
    labels[0] = 1.0
    assert check(labels).dtype == np.float64


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, -1, 2, 1]])
def test_a_class_that_is_no_output_is_refused(labels):
    with pytest.raises(NetworkError, match="class labels must be 0 to 2, not "):
        check(labels)


def test_targets_of_one_output_may_come_without_its_axis():
    labels = np.linspace(-1.0, 1.0, 20).reshape(4, 5)
    assert check(labels, STREAM).shape == (4, 5, 1)


def test_integers_are_no_targets_of_one_output():
    with pytest.raises(NetworkError, match="must be real targets for a network with one output"):
        check(np.zeros((4, 5), int), STREAM)


@pytest.mark.parametrize(
    "labels",
    [np.zeros((4, 2)), np.zeros(3, int), np.zeros((4, 5, 3)), np.array(["a"] * 4)],
    ids=["outputs", "answers", "steps", "texts"],
)
def test_another_shape_or_kind_is_refused_with_both_choices(labels):
    with pytest.raises(NetworkError, match=r"labels must be integers of shape \(4,\) .* or real"):
        check(labels)


def test_labels_are_finite():
    with pytest.raises(NetworkError, match="labels must be finite"):
        check([0.0, 1.0, np.nan, 2.0])


def test_an_answer_is_certain_if_it_leads_by_both_bounds():
    bounds = np.array([0.5, 0.1, 0.1])
    fixed = np.array([[2.0, 1.0, 0.0], [1.5, 1.0, 0.0], [0.0, 1.0, 0.7], [0.0, 1.0, 0.9]])
    assert _leads(fixed, bounds).tolist() == [True, False, True, False]
    statistics = TaskStatistics(networks.quantized(networks.network(dense=3)), None, bounds)
    statistics.add(np.arange(4), fixed, fixed, np.array([True, True, False, True]))
    assert (statistics.report().certain, statistics.report().answers) == (1, 4)


def test_without_bounds_nothing_is_certain():
    statistics = TaskStatistics(networks.quantized(networks.network(dense=3)), None)
    statistics.add(np.arange(2), np.zeros((2, 3)), np.ones((2, 3)), np.ones(2, bool))
    assert statistics.report().certain is None
