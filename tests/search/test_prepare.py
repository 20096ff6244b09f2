# SPDX-License-Identifier: Apache-2.0
"""Which sequences are measured, and the answers of float, before any word lengths are tried."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.quantize import Options
from lmu_hw.search.prepare import SEQUENCES, prepared_problem


@pytest.mark.parametrize("limit", [None, 600, SEQUENCES])
def test_few_sequences_are_all_taken(classifier, limit):
    problem = prepared(classifier, classifier.labels, limit)
    assert np.array_equal(problem.x.padded, classifier.x)


@pytest.mark.parametrize("limit", [0, -1, 2.5, "few"])
def test_a_limit_is_a_positive_number(classifier, limit):
    with pytest.raises(ConfigError, match="`sequences` must be "):
        prepared(classifier, None, limit)


@pytest.mark.parametrize("labels", [np.arange(9), np.int64(3)], ids=["too few", "one number"])
def test_every_sequence_has_a_label(classifier, labels):
    with pytest.raises(NetworkError, match="labels must be integers of shape"):
        prepared(classifier, labels)


def test_the_answers_of_float_are_those_of_the_network(stream):
    problem = stream.problem()
    assert np.array_equal(problem.floats, stream.network.run(stream.x))


def prepared(case, labels, sequences=None):
    return prepared_problem(
        case.network, case.calibration, case.x, labels, options=Options(), sequences=sequences
    )


def test_a_problem_may_have_no_labels(classifier):
    problem = prepared(classifier, None)
    assert problem.labels is None
    assert np.array_equal(problem.x.padded, classifier.x)


def test_labels_are_checked_against_the_network(classifier):
    assert prepared(classifier, classifier.labels).labels.dtype == np.int64
    with pytest.raises(NetworkError, match="class labels must be 0 to 2"):
        prepared(classifier, classifier.labels + 1)


def test_sequences_are_spread_evenly_with_their_labels(classifier):
    problem = prepared(classifier, classifier.labels, sequences=4)
    chosen = np.linspace(0, len(classifier.x) - 1, 4).astype(int)
    assert np.array_equal(problem.x.padded, classifier.x[chosen])
    assert np.array_equal(problem.labels, classifier.labels[chosen])
