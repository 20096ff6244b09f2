# SPDX-License-Identifier: Apache-2.0
"""Memories by running sums in Amaranth's simulator: every word equal to the golden model's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Overflow, Rounding
from lmu_hw.hdl.reload import reload_words
from lmu_hw.plan import LayerPlan, Plan
from tests.golden.test_scan import full_scale
from tests.hdl.bench import simulate
from tests.running_sums import SOURCE, STATE, memory_network, saturating, scan, two_pass


def plan_of(network, *, beat: int = 1, lanes: int = 1) -> Plan:
    """Return the smallest array, and memories of `lanes` multipliers."""
    layer = network.layers[0]
    return Plan(
        layers=(LayerPlan(layer=layer, rows=beat, columns=beat, beat=beat, memory_lanes=lanes),)
    )


def run(network, plan, **options) -> None:
    """Compare every word, and the cycles of a step with the plan."""
    size = network.inputs
    x_codes = [full_scale(2, 12, size)[1], full_scale(3, 5, size)[2], full_scale(3, 1, size)[2]]
    seen = simulate(network, plan, x_codes=x_codes, **options)
    if not options:
        assert seen.intervals(0) == {plan.layers[0].cycles(last_step=False)}


@pytest.mark.parametrize("rounding", [Rounding.HALF_UP, Rounding.FLOOR])
@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
@pytest.mark.parametrize("kind", [scan, two_pass])
def test_every_mode(kind, rounding, overflow):
    requant = replace(saturating(STATE, rounding), overflow=overflow)
    network = memory_network(kind(4, 16.0), requant=requant)
    run(network, plan_of(network))


@pytest.mark.parametrize("segments", [1, 2, 3])
@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (2, 8.0), (3, 6.0), (5, 29.5), (9, 64.0)])
@pytest.mark.parametrize("kind", [scan, two_pass])
def test_orders_windows_and_memories(kind, order, theta, segments):
    network = memory_network(kind(order, theta), segments=segments)
    run(network, plan_of(network))


@pytest.mark.parametrize(("beat", "lanes"), [(2, 1), (4, 1), (4, 2), (4, 4), (8, 8)])
@pytest.mark.parametrize("order", [3, 8, 11])
def test_words_and_beats_of_a_scan(order, beat, lanes):
    network = memory_network(scan(order, 64.0))
    run(network, plan_of(network, beat=beat, lanes=lanes))


@pytest.mark.parametrize("beat", [2, 4])
@pytest.mark.parametrize("order", [3, 8])
def test_beats_of_two_passes(order, beat):
    network = memory_network(two_pass(order, 32.0))
    run(network, plan_of(network, beat=beat))


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_pauses_and_back_pressure(kind):
    network = memory_network(kind(5, 40.0), segments=2)
    run(network, plan_of(network), pause=0.4)


@pytest.mark.parametrize(("source_bits", "state_bits"), [(7, 12), (12, 7), (9, 9)])
@pytest.mark.parametrize("kind", [scan, two_pass])
def test_any_binary_point(kind, source_bits, state_bits):
    source = FixedFormat(signed=True, int_bits=11 - source_bits, frac_bits=source_bits)
    state = FixedFormat(signed=True, int_bits=13 - state_bits, frac_bits=state_bits)
    update = kind(4, 16.0, state=state, source=source)
    network = memory_network(update, source=source, requant=saturating(state))
    assert source.width == SOURCE.width
    run(network, plan_of(network))


def reloadable(network) -> Plan:
    """Return the smallest plan, reloadable."""
    return Plan(layers=(replace(plan_of(network).layers[0], reloadable=True),))


@pytest.mark.parametrize(("theta", "rate_bits"), [(32.0, 1), (29.5, 6), (1000.0, 8)])
def test_window_of_a_scan_is_written_at_run_time(theta, rate_bits):
    other = memory_network(scan(5, theta, rate_bits=rate_bits))
    plan = reloadable(memory_network(scan(5, 16.0)))
    x_codes = full_scale(3, 30, 1)
    simulate(other, plan, x_codes=x_codes, writes=reload_words(plan, other))
    with pytest.raises(AssertionError):
        simulate(other, plan, x_codes=x_codes)


@pytest.mark.parametrize(
    ("update", "match"),
    [
        (scan(5, 29.5, rate_bits=12), "rate must have at most 8 bits, not"),
        (scan(5, 2.0**40), "drop must have at most 5 bits, not 40"),
        (scan(6, 32.0), "rows must be that of the hardware, 5, not 6"),
        (two_pass(5, 32.0), "there must be 1 structured memories, not 0"),
    ],
)
def test_window_that_hardware_cannot_hold_is_refused(update, match):
    plan = reloadable(memory_network(scan(5, 16.0)))
    with pytest.raises(NetworkError, match=match):
        reload_words(plan, memory_network(update))


def test_two_passes_have_nothing_to_reload():
    network = memory_network(two_pass(5, 16.0))
    with pytest.raises(NetworkError, match="no coefficients that can be written"):
        reload_words(reloadable(network), network)


@pytest.mark.parametrize("order", [16, 32])
def test_cycles_grow_linearly(order):
    for kind, slope in ((scan, 1), (two_pass, 2)):
        cycles = [
            plan_of(memory_network(kind(d, 16.0 * d))).layers[0].cycles(last_step=False)
            for d in (order, 2 * order)
        ]
        assert abs(cycles[1] - cycles[0] - slope * order) <= 4


def test_saturated_inputs_reach_every_limit():
    network = memory_network(two_pass(6, 24.0))
    x = np.full((1, 40, 1), SOURCE.min_code)
    seen = simulate(network, plan_of(network), x_codes=x)
    assert len(seen.answers) == 40
