# SPDX-License-Identifier: Apache-2.0
"""Intervals of shares."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from lmu_hw.measure.interval import share_interval


@pytest.mark.parametrize(("right", "count"), [(0, 5), (3, 7), (488, 500), (500, 500), (1, 1)])
def test_it_is_wilson_s(right, count):
    expected = binomtest(right, count).proportion_ci(method="wilson")
    assert share_interval(right / count, count) == pytest.approx(tuple(expected), abs=1e-12)
