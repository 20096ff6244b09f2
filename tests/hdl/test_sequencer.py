# SPDX-License-Identifier: Apache-2.0
"""The sequencer alone: the cycles of the plan, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.sequencer import Sequencer
from tests import networks, random_networks
from tests.hdl.bench import drive
from tests.plans import fastest_plan

# What a test constructs without simulating it is never elaborated.
pytestmark = [
    pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable"),
    pytest.mark.usefixtures("collected"),
]
WORDS = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}


@pytest.mark.every(3)
@pytest.mark.parametrize("lanes", [1, 2, 3, 8, 16, None])
@pytest.mark.parametrize("last_step", [False, True])
@pytest.mark.parametrize("seed", [3, 14, 20])
def test_the_sequencer_takes_the_cycles_of_the_plan(seed, lanes, last_step):
    network = random_networks.random_network(np.random.default_rng(seed))
    plan = fastest_plan(network, lanes).layers[-1]
    sequencer = Sequencer(plan)
    finished = []

    async def check(ctx):
        ctx.set(sequencer.last_step, last_step)
        ctx.set(sequencer.start, 1)
        for cycle in range(30_000):
            if ctx.get(sequencer.finish):
                finished.append(cycle)
            if len(finished) == 3:
                return
            await ctx.tick()

    drive(sequencer, check)
    assert np.diff(finished).tolist() == [plan.cycles(last_step=last_step)] * 2


def test_nodes_of_the_last_step_must_come_last():
    net = networks.network(hidden="dense", return_sequences=False)
    plan = fastest_plan(networks.quantized(net, **WORDS), 1).layers[0]
    early = (replace(plan.layer.nodes[0], last_only=True), *plan.layer.nodes[1:])
    layer = replace(plan.layer, nodes=plan.layer.nodes)
    object.__setattr__(layer, "nodes", early)  # the layer itself refuses it, too
    with pytest.raises(NetworkError, match="lmu0: nodes of the last step must come last"):
        Sequencer(replace(plan, layer=layer))
