# SPDX-License-Identifier: Apache-2.0
"""Lines of one picture can be told apart."""

from __future__ import annotations

import pytest

from lmu_hw.design import Design
from lmu_hw.measure import measure
from lmu_hw.quantize import Options, configure
from lmu_hw.report.pictures import errors_over_time
from tests import networks


@pytest.mark.parametrize("hidden", ["lstm", "gru", "rnn"])
def test_no_two_lines_of_a_layer_look_alike(hidden):
    net = networks.network(order=3, units=3, hidden=hidden, dense=2, hidden_to_memory=True)
    x = networks.noise(net, sequences=3, steps=12)
    report = measure(Design.build(net, configure(net, x, Options()), x), x)
    charts = errors_over_time(report)
    assert charts
    for chart in charts:
        looks = [(mark.shape, mark.colour) for mark in chart.marks]
        assert len(set(looks)) == len(looks) >= 1
    if hidden != "rnn":
        assert max(len(chart.marks) for chart in charts) > 9
