# SPDX-License-Identifier: Apache-2.0
"""A small design with two layers, and its plan."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lmu_hw.design import Design
from lmu_hw.plan import Plan
from lmu_hw.quantize import Options, configure
from tests import networks
from tests.plans import fastest_plan


@pytest.fixture(scope="session")
def design() -> Design:
    net = networks.network(order=3, theta=8.0, units=2, dense=2, inputs=2, hidden_to_memory=True)
    x = networks.noise(net, sequences=3, steps=12)
    options = Options(
        weight_bits=6, state_bits=8, activation_bits=6, input_bits=7, input_scale=Fraction(1, 3)
    )
    return Design.build(net, configure(net, x, options), x)


@pytest.fixture(scope="session")
def plan(design) -> Plan:
    return fastest_plan(design.network, 4)
