# SPDX-License-Identifier: Apache-2.0
"""Memories by running sums in Amaranth's simulator: every word equal to the golden model's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.fixed import FixedFormat, Overflow, Rounding
from tests.hdl.running_sums import plan_of, run
from tests.running_sums import SOURCE, STATE, memory_network, saturating, scan, two_pass


@pytest.mark.every(3)
@pytest.mark.parametrize("rounding", [Rounding.HALF_UP, Rounding.FLOOR])
@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
@pytest.mark.parametrize("kind", [scan, two_pass])
def test_every_mode(kind, rounding, overflow):
    requant = replace(saturating(STATE, rounding), overflow=overflow)
    network = memory_network(kind(4, 16.0), requant=requant)
    run(network, plan_of(network))


@pytest.mark.every(3)
@pytest.mark.parametrize("segments", [1, 2, 3])
@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (2, 8.0), (3, 6.0), (5, 29.5), (9, 64.0)])
@pytest.mark.parametrize("kind", [scan, two_pass])
def test_orders_windows_and_memories(kind, order, theta, segments):
    network = memory_network(kind(order, theta), segments=segments)
    run(network, plan_of(network))


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_pauses_and_back_pressure(kind):
    network = memory_network(kind(5, 40.0), segments=2)
    run(network, plan_of(network), pause=0.4)


@pytest.mark.every(3)
@pytest.mark.parametrize(("source_bits", "state_bits"), [(7, 12), (12, 7), (9, 9)])
@pytest.mark.parametrize("kind", [scan, two_pass])
def test_any_binary_point(kind, source_bits, state_bits):
    source = FixedFormat(signed=True, int_bits=11 - source_bits, frac_bits=source_bits)
    state = FixedFormat(signed=True, int_bits=13 - state_bits, frac_bits=state_bits)
    update = kind(4, 16.0, state=state, source=source)
    network = memory_network(update, source=source, requant=saturating(state))
    assert source.width == SOURCE.width
    run(network, plan_of(network))
