# SPDX-License-Identifier: Apache-2.0
"""The bilinear memory by two passes in hardware: beats, cycles, and every limit."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.reload import reload_words
from lmu_hw.plan import Reloadable
from tests.hdl.bench import simulate
from tests.hdl.running_sums import plan_of, run
from tests.running_sums import SOURCE, memory_network, scan, two_pass


@pytest.mark.parametrize("beat", [2, 4])
@pytest.mark.parametrize("order", [3, 8])
def test_beats_of_two_passes(order, beat):
    network = memory_network(two_pass(order, 32.0))
    run(network, plan_of(network, beat=beat))


def test_two_passes_have_nothing_to_reload():
    network = memory_network(two_pass(5, 16.0))
    with pytest.raises(NetworkError, match="no coefficients that can be written"):
        reload_words(plan_of(network, reloadable=Reloadable.MEMORY), network)


@pytest.mark.parametrize("order", [16, 32])
def test_cycles_grow_linearly(order):
    for kind, slope in ((scan, 1), (two_pass, 2)):
        cycles = [
            plan_of(memory_network(kind(d, 16.0 * d))).layers[0].cycles(last_step=False)
            for d in (order, 2 * order)
        ]
        assert abs(cycles[1] - cycles[0] - slope * order) <= 4


def test_saturated_inputs_reach_every_limit():
    network = memory_network(two_pass(6, 24.0))
    x = np.full((1, 40, 1), SOURCE.min_code)
    seen = simulate(network, plan_of(network), x_codes=x)
    assert len(seen.answers) == 40
