# SPDX-License-Identifier: Apache-2.0
"""What left its format is said as it is: clipped inputs, losses, and clamps that lose nothing."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.fixed import Overflow
from lmu_hw.golden import GoldenModel, Overflows
from lmu_hw.measure.outside import longer, outside
from lmu_hw.network import QuantizedNetwork
from lmu_hw.quantize import Refit
from lmu_hw.sequences import Sequences
from tests import networks


def said(network: QuantizedNetwork, x: np.ndarray) -> list[str]:
    golden = GoldenModel(network)
    x_codes, clips = golden.count_input(x)
    _, overflows = golden.run(x_codes)
    return outside(network, overflows, clips, Sequences.of(x))


def test_nothing_outside_is_said(design, x):
    assert said(design.network, x) == ["no input and no node left its format with loss"]


def test_every_input_that_is_clipped_is_counted(design, x):
    first, *_ = said(design.network, 0 * x + 1e6)
    fmt = design.network.input.format.notation()
    assert first == (f"216 of 216 inputs (100 %) lay outside the input format {fmt} and saturated")


def test_a_wrapped_input_is_said_to_wrap(design, x):
    network = design.network
    network = replace(network, input=replace(network.input, overflow=Overflow.WRAP))
    assert said(network, 0 * x + 1e6)[0].endswith("and wrapped")


def test_clamping_where_the_activation_is_constant_loses_nothing(design):
    counted = Overflows()
    fmt = next(node for node in design.network.nodes if node.name == "lmu.h").requant.format
    counted.add("lmu.h", 1, np.array([fmt.min_code, fmt.max_code]), fmt)
    assert outside(design.network, counted, 0, Sequences.of(np.zeros((9, 12, 1)))) == [
        "no input and no node left its format with loss",
        "clamped where the activation is constant, without loss: lmu.h",
    ]


@pytest.mark.parametrize("overflows", ["low", "high", "both"])
def test_a_rectifier_loses_what_is_above_its_format_only(overflows):
    net = networks.quantized(networks.network(activation="relu", hidden="dense"))
    counted = Overflows()
    fmt = next(node for node in net.nodes if node.name == "lmu0.h").requant.format
    ends = {"low": [fmt.min_code, 0], "high": [0, fmt.max_code]}
    counted.add("lmu0.h", 3, np.array(ends.get(overflows, [fmt.min_code, fmt.max_code])), fmt)
    found = outside(net, counted, 0, Sequences.of(np.zeros((1, 4, 1))))
    assert found[0].startswith("no input") == (overflows == "low")
    assert ("lmu0.h saturated 3 times" in found[0]) == (overflows != "low")


def test_short_calibration_data_are_named(stream):
    short = replace(stream, calibration=stream.calibration.cut(5))
    (text,) = longer(short, 12)
    assert text.startswith(
        "sequences of 12 steps are longer than those of 5 that ranges were taken"
    )
    assert longer(short, 5) == []
    assert longer(replace(stream, calibration=np.zeros((1, 32, 2))), 1000) == []  # four windows


@pytest.mark.parametrize(("steps", "beyond", "notes"), [(9, 0.2, 1), (8, 0.2, 0), (9, 0.001, 0)])
def test_sequences_longer_than_the_fit_are_named_if_it_is_worse_there(stream, steps, beyond, notes):
    refit = Refit(
        memory="lmu.m", horizon=8, tail=0.0, residual=0.01, beyond=beyond, before=1.0, growth=1.0
    )
    found = longer(replace(stream, refits=(refit,)), steps)
    assert len(found) == notes
    if found:
        assert "what reads lmu.m is fitted: its responses are off by 1 % up to" in found[0]
