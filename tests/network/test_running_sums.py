# SPDX-License-Identifier: Apache-2.0
"""What updates by running sums share: what cannot be, and products that grow linearly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Rounding
from lmu_hw.network import Codes
from tests.running_sums import STATE, memory_network, saturating, scan, two_pass


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_updates_that_cannot_be_are_refused(kind):
    update = kind(4, 16.0)
    with pytest.raises(NetworkError, match="order of a memory must be at least 1, not 0"):
        replace(update, order=0)
    for codes in (np.array([0]), np.array([1, 1])):
        with pytest.raises(NetworkError, match="one positive code below 1"):
            replace(update, rate=Codes(codes=codes, format=update.rate.format))
    with pytest.raises(NetworkError, match="must round by half_up or floor, not half_even"):
        memory_network(update, requant=saturating(STATE, Rounding.HALF_EVEN))
    fine = FixedFormat(signed=True, int_bits=0, frac_bits=30)
    with pytest.raises(NetworkError, match="must have at least 30 fraction bits"):
        memory_network(update, source=fine)


@pytest.mark.parametrize(("kind", "products"), [(scan, 5), (two_pass, 12)])
def test_products_grow_linearly(kind, products):
    network = memory_network(kind(5, 16.0), segments=3)
    assert network.layers[0].multiplications(last_step=False) == 3 * products + 9
