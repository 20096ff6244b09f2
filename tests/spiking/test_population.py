# SPDX-License-Identifier: Apache-2.0
"""Populations of spiking neurons in hardware."""

from __future__ import annotations

import gc

import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.spiking.population import Population
from tests.spiking_memories import small


# A component whose constructor refuses its arguments is never elaborated.
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize("lanes", [0, 3, 16])
def test_lanes_that_do_not_divide_a_population_are_refused(lanes):
    with pytest.raises(NetworkError, match="the lanes must be a power of two up to 8 neurons"):
        Population(small(), lanes)
    gc.collect()
