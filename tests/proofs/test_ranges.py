# SPDX-License-Identifier: Apache-2.0
"""Range proofs: the worst case comes close to them, and nothing exceeds them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import lmu_hw
from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.proofs import (
    impulse_response,
    prove_range,
    quantized_memories,
    require_forbidden,
    settling_steps,
    sign_matched,
)
from lmu_hw.quantize import MemoryRange
from tests import memories

CASES = [
    (4, 8.0, {}),
    (8, 40.0, {"state_bits": 10}),
    (16, 64.0, {"memory_bits": 9}),
    (8, 40.0, {"error_feedback": True, "state_bits": 10}),
]

SMALL = FixedFormat(signed=True, int_bits=-3, frac_bits=8)


def designed(order, theta, **options):
    net = memories.memory_network(order, theta)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
    return lmu_hw.quantize(net, x, **options)


def full_scale(design, signs):
    fmt = design.network.input.format
    return np.where(signs > 0, fmt.max_code, fmt.min_code)[None, :, None]


@pytest.mark.parametrize(("order", "theta", "options"), CASES)
def test_the_adversary_reaches_the_peak_gain_and_never_the_bound(order, theta, options):
    design = designed(order, theta, margin=1.0, **options)
    (memory,) = quantized_memories(design.network)
    proof = prove_range(memory)
    assert proof.proved and memory.requant.overflow is Overflow.FORBID
    golden = GoldenModel(design.network)
    responses = impulse_response(memory.A, memory.B, settling_steps(memory.A))
    for state in range(order):
        codes = golden.trace(full_scale(design, sign_matched(responses, state))).codes
        reached = int(np.abs(codes["lmu0.m"][0, :, state]).max())
        assert reached <= proof.bound[state]
        u = np.abs(codes["lmu0.u"]).max() * design.network.nodes[0].requant.format.ulp
        before_rounding = u * float(proof.input_gain[state]) / memory.format.ulp
        slack = float(memory.rounding_error) * float(proof.rounding_gain[state])
        assert reached >= 0.99 * before_rounding - slack


def test_a_memory_settles_where_its_slowest_response_has_died_out():
    A, B = memories.zoh(6, 30.0)
    responses = impulse_response(A, B, 4 * settling_steps(A))
    rest = np.abs(responses[settling_steps(A) :]).sum(axis=0)
    assert np.all(rest < 2e-3 * np.abs(responses).sum(axis=0))
    assert settling_steps(A, rest=1e-6) > 1.5 * settling_steps(A)
    assert settling_steps(np.zeros((3, 3))) == settling_steps(2.0 * np.eye(3)) == 3


def test_formats_from_proofs_spend_no_saturation():
    design = designed(8, 40.0)
    (memory,) = quantized_memories(design.network)
    assert memory.requant.overflow is Overflow.FORBID
    assert memory.format.int_bits == 0
    assert any("proved" in line for line in design.config.nodes["lmu0.m"].why)


def test_too_few_state_bits_scale_the_memory():
    (wide, short) = (designed(16, 200.0, state_bits=bits) for bits in (16, 9))
    heard = [
        one.config.memory_scale["lmu0"].u / one.config.memory_scale["lmu0"].m
        for one in (wide, short)
    ]
    assert heard[0] == pytest.approx(0.96, rel=1e-3)
    assert 0.5 <= heard[1] < 0.95
    why = "\n".join(short.config.nodes["lmu0.m"].why)
    assert "9 bits are not provable at |u| <= 0.96" in why
    assert "state bits instead of 9 or a memory that hears" in why
    assert "saturate and count" in why


def test_too_few_state_bits_are_widened_when_asked():
    design = designed(16, 200.0, state_bits=9, memory_range=MemoryRange.WIDEN)
    (memory,) = quantized_memories(design.network)
    assert memory.format.width == prove_range(memory).bits > 9
    narrow = FixedFormat.of_width(memory.format.width - 1, signed=True, int_bits=0)
    shorter = replace(memory, requant=replace(memory.requant, format=narrow))
    assert not prove_range(shorter).proved


def test_hopeless_state_bits_saturate_or_are_refused():
    design = designed(16, 2000.0, state_bits=8)
    (memory,) = quantized_memories(design.network)
    assert memory.requant.overflow is Overflow.SATURATE
    with pytest.raises(lmu_hw.errors.ConfigError, match="no range is provable with `memory_range`"):
        designed(16, 2000.0, state_bits=8, memory_range=MemoryRange.SCALE)


def test_saturation_when_asked():
    design = designed(8, 40.0, memory_range=MemoryRange.SATURATE)
    (memory,) = quantized_memories(design.network)
    assert memory.requant.overflow is Overflow.SATURATE


def test_a_scale_that_is_offered_is_provable():
    design = designed(16, 200.0, state_bits=9, memory_range=MemoryRange.SATURATE)
    (memory,) = quantized_memories(design.network)
    proof = prove_range(memory)
    assert not proof.proved and proof.scale is not None and proof.scale < 1.0
    quieter = replace(memory, u_limit=memory.u_limit * Fraction(proof.scale * (1 - 1e-6)))
    assert prove_range(quieter).proved


def test_an_unproved_forbidden_overflow_is_refused():
    design = designed(8, 40.0)
    config = design.config
    node = config.nodes["lmu0.m"]
    requant = Requant(
        format=FixedFormat(signed=True, int_bits=-1, frac_bits=16),
        rounding=Rounding.HALF_UP,
        overflow=Overflow.FORBID,
    )
    edited = replace(config, nodes={**config.nodes, "lmu0.m": replace(node, requant=requant)})
    net = memories.memory_network(8, 40.0)
    with pytest.raises(
        NetworkError, match=r"lmu0.m: overflow is forbidden, but not proved impossib"
    ):
        lmu_hw.quantize(net, design.calibration, config=edited)


def test_a_forbidden_overflow_of_a_head_is_proved_from_formats():
    network = designed(4, 8.0).network
    head = network.layers[1].nodes[0]
    roomy = replace(
        head,
        requant=Requant(
            format=FixedFormat(signed=True, int_bits=8, frac_bits=8),
            rounding=Rounding.HALF_UP,
            overflow=Overflow.FORBID,
        ),
    )
    layers = (network.layers[0], replace(network.layers[1], nodes=(roomy,)))
    proofs = {"lmu0.m": prove_range(quantized_memories(network)[0])}
    require_forbidden(replace(network, layers=layers), proofs)
    narrow = Requant(format=SMALL, rounding=Rounding.HALF_UP, overflow=Overflow.FORBID)
    layers = (network.layers[0], replace(network.layers[1], nodes=(replace(head, requant=narrow),)))
    with pytest.raises(NetworkError, match=r"^head.y: .* provable: more bits or saturation$"):
        require_forbidden(replace(network, layers=layers), proofs)


@pytest.mark.parametrize("signed", [True, False])
def test_the_limit_of_u_is_what_its_sum_can_reach(signed):
    net = memories.memory_network(4, 8.0)
    x = np.random.default_rng(1).uniform(-1.0 if signed else 0.0, 1.0, (4, 200, 1))
    design = lmu_hw.quantize(net, x)
    (memory,) = quantized_memories(design.network)
    codes = GoldenModel(design.network).trace(full_scale(design, np.array([1, -1]))).codes
    reached = np.abs(codes["lmu0.u"]).max() * design.network.nodes[0].requant.format.ulp
    assert not memory.u_saturates
    assert reached <= float(memory.u_limit) <= reached * 1.001
