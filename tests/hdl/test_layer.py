# SPDX-License-Identifier: Apache-2.0
"""A layer at its ports."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from tests import networks
from tests.hdl.bench import simulate
from tests.plans import fastest_plan

WORDS = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}


@pytest.mark.parametrize("lanes", [1, 4])
def test_an_answer_stays_while_it_is_not_taken(lanes):
    network = networks.quantized(networks.network(dense=3), **WORDS)
    x_codes = np.random.default_rng(1).integers(-128, 128, (1, 4, 1))
    seen = simulate(network, fastest_plan(network, lanes), x_codes=x_codes, pause=0.9)
    assert len(seen.answers) == len(GoldenModel(network).run(x_codes)[0][0])
