# SPDX-License-Identifier: Apache-2.0
"""Which sequences are measured, and the answers of float, before any word lengths are tried."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.quantize import Options
from lmu_hw.search.prepare import SEQUENCES, prepared_problem, selected

X = np.arange(20.0).reshape(10, 2, 1)
LABELS = np.arange(10)


def test_sequences_are_spread_evenly_with_their_labels():
    x, labels = selected(X, LABELS, 4)
    assert labels.tolist() == [0, 3, 6, 9]
    assert np.array_equal(x, X[labels])


@pytest.mark.parametrize("limit", [None, 10, SEQUENCES])
def test_few_sequences_are_all_taken(limit):
    x, labels = selected(X, LABELS, limit)
    assert x is X and labels is LABELS


def test_labels_may_be_missing():
    assert selected(X, None, 2)[1] is None


@pytest.mark.parametrize("limit", [0, -1, 2.5, "few"])
def test_a_limit_is_a_positive_number(limit):
    with pytest.raises(ConfigError, match="`sequences` must be "):
        selected(X, LABELS, limit)


@pytest.mark.parametrize("labels", [np.arange(9), np.int64(3)], ids=["too few", "one number"])
def test_every_sequence_has_a_label(labels):
    with pytest.raises(NetworkError, match="labels must have an entry for each of the 10 seq"):
        selected(X, labels, None)


def test_the_answers_of_float_are_those_of_the_network(stream):
    problem = stream.problem()
    assert np.array_equal(problem.floats, stream.network.run(stream.x))


def prepared(case, labels, sequences=None):
    return prepared_problem(
        case.network, case.calibration, case.x, labels, options=Options(), sequences=sequences
    )


def test_a_problem_may_have_no_labels(classifier):
    problem, labels = prepared(classifier, None)
    assert labels is None and problem.labels is None
    assert np.array_equal(problem.x, classifier.x)


def test_labels_are_checked_against_the_network(classifier):
    assert prepared(classifier, classifier.labels)[0].labels.dtype == np.int64
    with pytest.raises(NetworkError, match="class labels must be 0 to 2"):
        prepared(classifier, classifier.labels + 1)


def test_a_problem_has_the_labels_of_its_sequences(classifier):
    problem, labels = prepared(classifier, classifier.labels, sequences=3)
    assert len(problem.x) == 3
    assert np.array_equal(problem.labels, labels)
