# SPDX-License-Identifier: Apache-2.0
"""A loop that rounding makes unstable is refused by name, or repaired."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.proofs import StabilityError, quantized_memories, spectral_radius
from tests import networks


@pytest.fixture(scope="module")
def network():
    """A memory whose loop in float has a spectral radius just below 1, scaled up to there."""
    net = networks.network(order=4, theta=12.0, memory_to_memory=True, dense=2)
    (layer, head) = net.layers
    low, high = 0.0, 64.0
    for _ in range(60):
        middle = (low + high) / 2
        loop = layer.memory.A + np.outer(layer.memory.B, middle * layer.E_m)
        low, high = (middle, high) if spectral_radius(loop) < 0.999 else (low, middle)
    return replace(net, layers=(replace(layer, E_m=low * layer.E_m), head))


def designed(network, **options):
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 100, network.inputs))
    return lmu_hw.quantize(network, x, **options)


def unstable_bits(network):
    """Return a width at which rounding makes the loop unstable."""
    for bits in range(2, 10):
        try:
            designed(network, weight_bits=bits, memory_bits=16)
        except StabilityError as error:
            return bits, str(error)
    raise AssertionError("no width is unstable")


def test_an_unstable_loop_is_refused_with_a_width_that_works(network):
    _, message = unstable_bits(network)
    found = re.fullmatch(
        r"lmu0.u: rounding makes the loop A \+ B E_m unstable: its spectral radius must be below "
        r"1, not 1\.\d+ \(in float: 0\.99\d+\); with weights of (\d+) bits it is stable "
        r"\(or `repair`\)",
        message,
    )
    assert found, message
    width = int(found.group(1))
    design = designed(network, weight_bits=width, memory_bits=width)
    assert spectral_radius(quantized_memories(design.network)[0].closed_loop) < 1.0


def test_repair_shrinks_the_feedback(network):
    bits, _ = unstable_bits(network)
    design = designed(network, weight_bits=bits, memory_bits=16, repair=True)
    assert spectral_radius(quantized_memories(design.network)[0].closed_loop) < 1.0


def test_a_loop_that_is_unstable_in_float_is_not_a_matter_of_rounding(network):
    (layer, head) = network.layers
    wild = replace(network, layers=(replace(layer, E_m=1.1 * layer.E_m), head))
    design = designed(wild)
    loop = design.certify().memories[0].proof.loop
    assert loop is not None and loop.ideal_spectral_radius >= 1.0 and not loop.stable
