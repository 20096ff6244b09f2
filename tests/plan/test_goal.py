# SPDX-License-Identifier: Apache-2.0
"""What a plan is chosen for."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.plan import Goal


@pytest.mark.parametrize(
    ("given", "most"),
    [({}, 16), ({"lanes": 5}, 5), ({"lanes": "full"}, None), ({"lanes": None}, None)],
)
def test_lanes_are_a_limit(given, most):
    assert Goal(**given).most == most


def test_a_sample_rate_needs_no_limit_but_may_have_one():
    rate = {"clock": 48, "sample_rate": 16000}
    assert Goal(**rate).most is None
    assert Goal(**rate, lanes=5).most == 5
    assert Goal(**rate).cycles == 3000


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"lanes": 0}, "`lanes` must be at least 1, not 0"),
        ({"lanes": "ful"}, "`lanes` must be a number or 'full', not 'ful'"),
        ({"lanes": 2.5}, "`lanes` must be a whole number, at least 1, not 2.5"),
        ({"clock": 0}, "`clock` must be a number of MHz above 0, not 0"),
        ({"clock": "fast"}, "`clock` must be a number of MHz above 0, not 'fast'"),
        ({"sample_rate": -1, "clock": 1}, "`sample_rate` must be a number of Hz above 0, not -1"),
        ({"bank_words": 8}, "`bank_words` must be at least 16, not 8"),
        ({"bank_words": 100}, "`bank_words` must be a power of two, not 100"),
        ({"sample_rate": 1.0}, "`sample_rate` must come with `clock`"),
        ({"sample_rate": 1.0, "clock": 1.0, "lanes": "full"}, "cannot be combined"),
    ],
)
def test_what_is_no_goal_is_refused(given, match):
    with pytest.raises(ConfigError, match=match):
        Goal(**given)
