# SPDX-License-Identifier: Apache-2.0
"""Which sequences are measured, and the answers of float, before any word lengths are tried."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.search.prepare import SEQUENCES, selected, with_labels

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


def test_labels_are_checked_against_the_network(classifier):
    problem = classifier.problem()
    assert with_labels(problem, None) is problem
    assert with_labels(problem, classifier.labels).labels.dtype == np.int64
    with pytest.raises(NetworkError, match="class labels must be 0 to 2"):
        with_labels(problem, classifier.labels + 1)
