# SPDX-License-Identifier: Apache-2.0
"""Windows, formats and refusals of the memories by running sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import RangeError
from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.golden import GoldenModel
from tests.running_sums import SOURCE, full_scale, memory_network, saturating, scan, two_pass


@pytest.mark.parametrize("kind", [scan, two_pass])
@pytest.mark.parametrize(("order", "theta"), [(2, 4.0), (6, 24.0), (12, 96.0)])
def test_running_format_holds_and_is_tight(kind, order, theta):
    update = kind(order, theta, rate_bits=12, overflow=Overflow.FORBID)
    signs = np.random.default_rng(1).integers(0, 2, (200, 30, 1)) * 2 - 1
    x = np.repeat(signs, 10, axis=1) * SOURCE.max_code  # held full scale reaches far
    GoldenModel(memory_network(update)).run(x)  # raises if a sum leaves its format
    running = update.running if kind is scan else update.running.format
    narrow = replace(running, int_bits=running.int_bits - 2)
    narrow = narrow if kind is scan else replace(update.running, format=narrow)
    with pytest.raises(RangeError, match="must stay within"):
        GoldenModel(memory_network(replace(update, running=narrow))).run(x)


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_running_format_holds_saturated_states(kind):
    small = FixedFormat(signed=True, int_bits=0, frac_bits=10)
    update = kind(8, 32.0, state=small)
    sure = kind(8, 32.0, state=small, overflow=Overflow.FORBID)
    formats = [getattr(one.running, "format", one.running) for one in (update, sure)]
    assert formats[0].int_bits >= formats[1].int_bits
    x = full_scale(20, 200, 1)
    _, overflows = GoldenModel(memory_network(update, requant=saturating(small))).run(x)
    assert overflows["only.m"] > 0
