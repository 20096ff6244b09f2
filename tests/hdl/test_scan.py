# SPDX-License-Identifier: Apache-2.0
"""The forward Euler memory by running sums in hardware: words, beats, and its window."""

from __future__ import annotations

import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.reload import reload_words
from lmu_hw.plan import Reloadable
from tests.hdl.bench import simulate
from tests.hdl.running_sums import plan_of, run
from tests.running_sums import full_scale, memory_network, scan, two_pass


@pytest.mark.every(3)
@pytest.mark.parametrize(("beat", "lanes"), [(2, 1), (4, 1), (4, 2), (4, 4), (8, 8)])
@pytest.mark.parametrize("order", [3, 8, 11])
def test_words_and_beats_of_a_scan(order, beat, lanes):
    network = memory_network(scan(order, 64.0))
    run(network, plan_of(network, beat=beat, lanes=lanes))


@pytest.mark.parametrize(("theta", "rate_bits"), [(32.0, 1), (29.5, 6), (1000.0, 8)])
def test_window_of_a_scan_is_written_at_run_time(theta, rate_bits):
    other = memory_network(scan(5, theta, rate_bits=rate_bits))
    plan = plan_of(memory_network(scan(5, 16.0)), reloadable=Reloadable.MEMORY)
    x_codes = full_scale(3, 30, 1)
    simulate(other, plan, x_codes=x_codes, writes=reload_words(plan, other))
    with pytest.raises(AssertionError):
        simulate(other, plan, x_codes=x_codes)


@pytest.mark.parametrize(
    ("update", "match"),
    [
        (scan(5, 29.5, rate_bits=12), "rate must have at most 8 bits, not"),
        (scan(5, 2.0**40), "drop must have at most 5 bits, not 40"),
        (scan(6, 32.0), "rows must be that of the hardware, 5, not 6"),
        (
            two_pass(5, 32.0),
            "kind must be that of the hardware, a scan memory, not a two-pass memory",
        ),
    ],
)
def test_window_that_hardware_cannot_hold_is_refused(update, match):
    plan = plan_of(memory_network(scan(5, 16.0)), reloadable=Reloadable.MEMORY)
    with pytest.raises(NetworkError, match=match):
        reload_words(plan, memory_network(update))
