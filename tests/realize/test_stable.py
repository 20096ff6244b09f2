# SPDX-License-Identifier: Apache-2.0
"""Rounding that makes a memory unstable is refused by name, or repaired."""

from __future__ import annotations

import numpy as np
import pytest

import lmu_hw
from lmu_hw.proofs import StabilityError, quantized_memories, spectral_radius
from lmu_hw.quantize import Basis
from tests import networks

ORDER, THETA = 64, 512.0
MESSAGE = (
    r"lmu0.m: rounding 64 x 64 coefficients to 8 bits makes the memory unstable: its spectral "
    r"radius must be below 1, not 1\.00\d+ \(in float: 0\.97\d+\); the smallest stable width is "
    r"(\d+) bits \(or `repair`\)"
)


@pytest.fixture(scope="module")
def network():
    return networks.network(order=ORDER, theta=THETA, hidden="none", dense=2, units=2)


def designed(network, **options):
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 300, network.inputs))
    return lmu_hw.quantize(network, x, **options)


def test_the_known_instability_of_eight_bits_is_refused(network):
    with pytest.raises(StabilityError, match=MESSAGE):
        designed(network, memory_bits=8)


def test_the_width_that_is_named_works_and_the_one_below_does_not(network):
    with pytest.raises(StabilityError) as caught:
        designed(network, memory_bits=8)
    width = int(str(caught.value).partition("smallest stable width is ")[2].split()[0])
    designed(network, memory_bits=width)
    with pytest.raises(StabilityError):
        designed(network, memory_bits=width - 1)


def test_repair_keeps_the_width_and_gains_stability(network):
    design = designed(network, memory_bits=8, repair=True)
    (memory,) = quantized_memories(design.network)
    assert spectral_radius(memory.A) < 1.0
    (term,) = [t for t in design.network.nodes[1].terms if t.delayed]
    assert term.weights.format.width == 8
    assert design.certify().memories[0].pair.gains.lyapunov.rate < 1
    again = lmu_hw.quantize(network, design.calibration, config=design.config)
    assert again.digest == design.digest


def test_repair_leaves_a_stable_memory_alone(network):
    wide, repaired = (designed(network, memory_bits=12, repair=flag) for flag in (False, True))
    assert wide.digest == repaired.digest


def test_what_cannot_be_repaired_is_refused(network):
    with pytest.raises(StabilityError, match="and repair fails"):
        designed(network, memory_bits=3, repair=True, basis=Basis.TRAINED)
