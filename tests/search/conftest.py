# SPDX-License-Identifier: Apache-2.0
"""Small networks to search, with data of more than one block."""

from __future__ import annotations

import pytest

from lmu_hw.search.lengths import Limits
from tests import networks
from tests.search.cases import Case
from tests.search.searched import SEQUENCES, STEPS, classifier, swept

__all__ = ["classifier", "swept"]


@pytest.fixture(scope="session")
def stream() -> Case:
    """Answers at every step; no labels."""
    net = networks.network(order=3, units=2, dense=1)
    return Case(net, networks.noise(net, sequences=SEQUENCES, steps=STEPS), None)


@pytest.fixture(scope="session")
def limits() -> Limits:
    """Limits within which every combination can be tried."""
    return Limits(
        weight_bits=(3, 9), memory_bits=(5, 9), state_bits=(5, 10), activation_bits=(3, 7)
    )
