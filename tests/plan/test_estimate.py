# SPDX-License-Identifier: Apache-2.0
"""Estimates of area and clock: the sums that they are, and that they are as good as is said."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lmu_hw.plan import Area, interleaved, make_plan
from lmu_hw.plan.clock import shape_ns
from lmu_hw.plan.counts import counts_of, pace_counts, port_counts
from lmu_hw.plan.estimate import Comparison, Figures, calibration, estimate_of, pace_of
from tests import networks
from tools.estimate_designs import CASES, design_of

NETWORK = networks.quantized(networks.network(dense=2))


@pytest.fixture(scope="module")
def plan():
    return make_plan(NETWORK, 2)


def test_an_estimate_is_a_sum_of_what_is_counted(plan):
    by = replace(
        calibration(),
        lut={"array: sums": 2.0, "ports: outputs": 3.0},
        ff={"array: registers": 1.0},
        ns={"design": 8.0},
    )
    expected = estimate_of(plan, by=by)
    for layer in plan.layers:
        array, area = counts_of(layer).parts["array"], expected.layers[layer.layer.name]
        assert area.lut == 2 * array["array: sums"]
        assert area.ff == array["array: registers"]
    ports = port_counts(plan).parts["ports"]
    assert expected.ports == Area(lut=3 * ports["ports: outputs"])
    assert expected.mhz == 125.0


def test_the_shape_of_a_layer_limits_the_clock(plan):
    slow = replace(plan, layers=(replace(plan.layers[0], columns=64), *plan.layers[1:]))
    by = replace(calibration(), ns={"design": 8.0})
    assert estimate_of(slow, by=by).mhz == 1000 / shape_ns(slow.layers[0]) < 125


def test_larger_designs_are_slower(plan):
    counts = [pace_counts(layer) for layer in plan.layers]
    paces = [pace_of(counts, size)["size"] for size in (100, 500, 1000, 4000)]
    assert paces == [0, 0, 1, 3]


def test_the_total_is_that_of_all_parts(plan):
    expected = estimate_of(plan)
    assert expected.total.lut == expected.ports.lut + sum(a.lut for a in expected.layers.values())


def test_errors_are_relative_to_what_was_measured():
    figures = Figures(lut=100, ff=200, mhz=50)
    estimated = Figures(lut=110, ff=150, mhz=50)
    compared = Comparison(design="d", held_out=True, measured=figures, estimated=estimated)
    assert compared.errors == Figures(lut=pytest.approx(0.1), ff=-0.25, mhz=0)


def test_the_worst_error_is_of_designs_that_nothing_was_fitted_to():
    figures, double = Figures(lut=1, ff=1, mhz=1), Figures(lut=2, ff=2, mhz=2)
    fitted = Comparison(design="a", held_out=False, measured=figures, estimated=double)
    other = Comparison(design="b", held_out=True, measured=figures, estimated=figures)
    assert replace(calibration(), comparisons=(fitted, other)).worst == Figures(lut=0, ff=0, mhz=0)


def test_the_aim_is_reached():
    worst = calibration().worst
    assert worst.lut <= 0.15
    assert worst.ff <= 0.15
    assert worst.mhz <= 0.20


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.name in ("digits", "GRU 8", "scan d=16")],
    ids=lambda case: re.sub(r"\W+", "_", case.name),
)
def test_estimates_are_those_that_were_compared(case):
    _, plan = design_of(case)
    (compared,) = (c for c in calibration().comparisons if c.design == case.name)
    expected = estimate_of(plan)
    assert compared.estimated == Figures(
        lut=expected.total.lut, ff=expected.total.ff, mhz=round(1000 / expected.period, 2)
    )


def test_every_coefficient_is_of_something_that_is_counted():
    counted = set()
    for case in CASES:
        if case.name in ("LSTM 6", "two passes d=12", "scan d=12", "2 sweeps d=12"):
            _, plan = design_of(case)
            optional = (
                replace(plan, registers=True, state_access=case.name == "LSTM 6"),
                interleaved(plan, 2),
            )
            for counts in (*map(counts_of, plan.layers), *map(port_counts, optional)):
                counted.update(*counts.parts.values())
    assert {*calibration().lut, *calibration().ff} <= counted


def test_registers_are_estimated(plan):
    plain, more = estimate_of(plan), estimate_of(replace(plan, registers=True))
    assert more.total.lut > plain.total.lut + 500
    assert more.total.ff > plain.total.ff + 300
    assert more.layers == plain.layers


def test_the_aim_is_reached_with_options():
    checked = calibration().options
    assert checked is not None
    assert checked.lut <= 0.15
    assert checked.ff <= 0.15
