# SPDX-License-Identifier: Apache-2.0
"""A layer to take components from; words that differ are shown, as in a test."""

import gc

import pytest

from lmu_hw.plan import LayerPlan
from tests import networks
from tests.plans import fastest_plan

pytest.register_assert_rewrite("tests.hdl.bench")


@pytest.fixture
def collected():
    """Collect components that a test only constructs here, where their warning is expected."""
    yield
    gc.collect()


@pytest.fixture
def plan() -> LayerPlan:
    """Return a layer with several rows, columns, groups and beats."""
    net = networks.network(order=6, units=5, inputs=3, hidden_to_memory=True)
    network = networks.quantized(net, weight_bits=6, state_bits=8, activation_bits=6)
    plan = fastest_plan(network, 8).layers[0]
    assert plan.rows > 1 and plan.columns > 1
    return plan
