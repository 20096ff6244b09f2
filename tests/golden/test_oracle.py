# SPDX-License-Identifier: Apache-2.0
"""The golden model against the oracle: every node of random networks, word for word."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmu_hw.golden import GoldenModel
from tests import oracle, random_networks

_SETTINGS = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_SEEDS = st.integers(0, 2**32 - 1)


def _compare(network, x_codes):
    """Compare every node, answer and overflow count; return how many words were compared."""
    trace = GoldenModel(network).trace(x_codes)
    answers, _ = GoldenModel(network).run(x_codes)
    overflows = dict.fromkeys(trace.overflows, 0)
    compared = 0
    for n, codes in enumerate(x_codes.tolist()):
        slow = oracle.Oracle(network)
        expected = slow.run(codes)
        actual = answers[n : n + 1] if network.answers_once else answers[n]
        assert np.array_equal(actual, expected)
        assert set(slow.trace) == set(trace.codes) - {"x"}
        for name, vectors in slow.trace.items():
            assert np.array_equal(trace.codes[name][n], vectors), name
            compared += np.size(vectors)
        for name, count in slow.overflows.items():
            overflows[name] += count
    assert trace.overflows == overflows
    return compared


@_SETTINGS
@given(seed=_SEEDS)
def test_narrow_networks(seed):
    random = np.random.default_rng(seed)
    network = random_networks.random_network(random)
    assert _compare(network, random_networks.random_input(random, network, 2, 4)) > 0


@_SETTINGS
@given(seed=_SEEDS)
def test_wide_networks(seed):
    random = np.random.default_rng(seed)
    network = random_networks.random_network(random, widest=15)
    assert _compare(network, random_networks.random_input(random, network, 2, 3)) > 0
