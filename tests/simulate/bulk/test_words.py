# SPDX-License-Identifier: Apache-2.0
"""Words of many sequences at once: the same, in the same order, as the other bench expects."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.golden import GoldenModel
from lmu_hw.quantize import Options, Realization, configure
from lmu_hw.simulate.bulk.words import expected_codes, place_of
from lmu_hw.simulate.scoreboard import expect
from lmu_hw.simulate.stimuli import Sequence
from tests import networks
from tests.plans import fastest_plan

NETWORKS = {
    "every step": {"layers": 2, "dense": 2, "units": 2, "order": 3},
    "once": {"layers": 2, "dense": 2, "units": 2, "order": 3, "return_sequences": False},
    "interleaved": {"memory_d": 2, "order": 3, "units": 2, "return_sequences": False},
    "gates": {"recurrent": "gru", "order": 3, "units": 2},
}


@pytest.fixture(params=NETWORKS)
def planned(request):
    net = networks.network(theta=8.0, inputs=2, **NETWORKS[request.param])
    x = networks.noise(net, sequences=2, steps=9)
    structured = request.param == "interleaved"
    options = Options(realization=Realization.SEMISEPARABLE) if structured else Options()
    network = Design.build(net, configure(net, x, options), x).network
    return network, fastest_plan(network, 4)


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_words_are_those_of_the_other_bench_in_their_order(planned, steps):
    network, plan = planned
    fmt = network.input.format
    random = np.random.default_rng(0)
    codes = random.integers(fmt.min_code, fmt.max_code + 1, (3, steps, network.inputs))
    golden = GoldenModel(network)
    expected = expected_codes(plan, golden.trace(codes).codes, steps)
    others = expect(golden, plan, [Sequence(name="", codes=sequence) for sequence in codes])
    for place, (mine, other) in enumerate(zip(expected, others, strict=True)):
        words = other.words
        assert mine.flags.c_contiguous
        assert np.array_equal(mine.ravel(), words.code)
        places = [place_of(plan, [steps] * 3, place, at) for at in range(mine.size)]
        names = [other.names[node] for node in words.node]
        columns = (names, other.sequence, other.step, words.index)
        assert places == list(zip(*map(list, columns), strict=True))
