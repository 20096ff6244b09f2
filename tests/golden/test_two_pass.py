# SPDX-License-Identifier: Apache-2.0
"""The bilinear memory by two passes, against exact fractions and against the float memory."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.errors import RangeError
from lmu_hw.fixed import FixedFormat, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Discretizer, discretize
from tests.oracle import rounded
from tests.running_sums import SOURCE, STATE, full_scale, memory_network, saturating, two_pass


def in_fractions(update, requant, source, x) -> np.ndarray:
    """Return the states of one sequence x (steps,) of input codes, from the module's formulas."""
    d, rate = update.order, Fraction(update.rate.codes.item(), 2**update.rate.format.frac_bits)
    G, H = (Fraction(int(c), 2**update.closing.format.frac_bits) for c in update.closing.codes)

    def narrow(value: Fraction, to) -> Fraction:
        scale = Fraction(2) ** to.format.frac_bits
        code = rounded(value * scale, to.rounding.value)
        if to.overflow.value == "saturate":
            code = min(max(code, to.format.min_code), to.format.max_code)
        assert to.format.min_code <= code <= to.format.max_code
        return code / scale

    def passing(m: list[Fraction], s0: Fraction, s1: Fraction) -> tuple[list, list]:
        s, z = [s0, s1], []
        for i in range(d):
            z.append(narrow(m[i] + (2 * i + 1) * rate * s[i], update.running))
            if i == 0:
                s[1] += 2 * z[0]
            else:
                s.append(s[i - 1] + 2 * z[i])
        return s, z

    m, states = [Fraction(0)] * d, []
    for code in x:
        u = Fraction(int(code), 2**source.frac_bits)
        s, _ = passing(m, Fraction(0), Fraction(0))
        T = narrow(G * (s[d] + s[d - 1]) / 2 + H * u, update.running)
        s, _ = passing(m, u - T, -u - T)
        m = [narrow(m[i] + 2 * (2 * i + 1) * rate * s[i], requant) for i in range(d)]
        states.append([int(state * 2**requant.format.frac_bits) for state in m])
    return np.array(states)


@pytest.mark.parametrize("rounding", [Rounding.HALF_UP, Rounding.FLOOR])
@pytest.mark.parametrize(
    ("order", "theta"), [(1, 2.0), (2, 4.0), (3, 6.0), (4, 8.0), (8, 32.0), (13, 50.0)]
)
def test_codes_are_those_of_exact_fractions(order, theta, rounding):
    update = two_pass(order, theta)
    update = replace(update, running=replace(update.running, rounding=rounding))
    requant = saturating(STATE, rounding)
    x = full_scale(3, 40, 1, seed=order)
    answer, _ = GoldenModel(memory_network(update, requant=requant)).run(x)
    for states, codes in zip(answer, x, strict=True):
        assert np.array_equal(states, in_fractions(update, requant, SOURCE, codes[:, 0]))


@pytest.mark.parametrize(("source_bits", "state_bits"), [(7, 12), (14, 8)])
def test_input_and_states_may_have_any_binary_point(source_bits, state_bits):
    source = FixedFormat(signed=True, int_bits=0, frac_bits=source_bits)
    state = FixedFormat(signed=True, int_bits=2, frac_bits=state_bits)
    update = two_pass(4, 16.0, state=state, source=source)
    requant = saturating(state)
    x = np.random.default_rng(0).integers(source.min_code, source.max_code, (1, 40, 1))
    answer, _ = GoldenModel(memory_network(update, source=source, requant=requant)).run(x)
    assert np.array_equal(answer[0], in_fractions(update, requant, source, x[0, :, 0]))


@pytest.mark.parametrize(("order", "theta"), [(4, 16.0), (16, 64.0), (32, 256.0)])
def test_follows_the_bilinear_memory(order, theta):
    state = FixedFormat(signed=True, int_bits=3, frac_bits=12)
    network = memory_network(two_pass(order, theta, state=state), requant=saturating(state))
    x = full_scale(4, 400, 1)
    answer, overflows = GoldenModel(network).run(x)
    A, B = discretize(order, theta, Discretizer.BILINEAR)
    m, worst = np.zeros((4, order)), 0.0
    for t in range(400):
        m = m @ A.T + x[:, t] * SOURCE.ulp * B
        worst = max(worst, float(np.abs(m - answer[:, t] * state.ulp).max()))
    assert overflows["only.m"] == 0
    assert 0 < worst < 32 * state.ulp


def test_rounding_has_no_bias_that_accumulates():
    """A quarter of an ulp a step would add up to hundreds."""
    update = two_pass(4, 4096.0, rate_bits=1)
    u = np.random.default_rng(0).integers(-1000, 1000, (1, 12_000, 1))
    answer, _ = GoldenModel(memory_network(update)).run(u)
    A, B = discretize(4, 4096.0, Discretizer.BILINEAR)
    m = np.zeros(4)
    for code in u[0, :, 0]:
        m = A @ m + code * SOURCE.ulp * B
    assert np.abs(m - answer[0, -1] * STATE.ulp).max() < 100 * STATE.ulp


def test_memories_do_not_mix():
    update = two_pass(4, 16.0)
    x = full_scale(3, 50, 2)
    both, _ = GoldenModel(memory_network(update, segments=2)).run(x)
    for segment in range(2):
        alone, _ = GoldenModel(memory_network(update)).run(x[:, :, segment : segment + 1])
        assert np.array_equal(both[:, :, segment * 4 : segment * 4 + 4], alone)


def test_pass_that_leaves_its_format_is_reported():
    update = two_pass(8, 16.0)
    narrow = replace(update.running, format=replace(update.running.format, int_bits=1))
    with pytest.raises(RangeError, match=r"only.m first pass must stay within sQ1"):
        GoldenModel(memory_network(replace(update, running=narrow))).run(full_scale(2, 60, 1))
