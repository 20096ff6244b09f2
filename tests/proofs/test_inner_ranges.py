# SPDX-License-Identifier: Apache-2.0
"""Bounds of what a structured update carries, beside exact and independent sums."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.proofs import prove_range, quantized_memories
from lmu_hw.proofs.inner_ranges import chain_interval, least_int_bits
from lmu_hw.proofs.linear import linear
from tests.running_sums import SOURCE, STATE, memory_network, saturating, scan, two_pass

KINDS = {"scan": (scan, 6, 40.0), "two-pass": (two_pass, 6, 24.0)}


def carried_of(kind: str):
    update, order, theta = KINDS[kind]
    return linear(memory_network(update(order, theta)).layers[0].memories[0]).carried


@pytest.mark.parametrize("kind", KINDS)
def test_a_bound_by_formats_is_what_full_states_and_input_add_up_to(kind):
    for carried in carried_of(kind):
        largest = max(
            sum(abs(Fraction(c)) for c in row) * STATE.max_magnitude * Fraction(STATE.ulp)
            + abs(Fraction(s)) * SOURCE.max_magnitude * Fraction(SOURCE.ulp)
            + Fraction(own)
            for row, s, own in zip(
                carried.states.tolist(), carried.source.tolist(), carried.own.tolist(), strict=True
            )
        )
        codes = largest / Fraction(carried.format.ulp)
        # float64 rounds its sums up by a share of 2**-30.
        assert codes <= chain_interval(carried, STATE, SOURCE) <= codes * (1 + 2**-29) + 1


def test_the_fewest_integer_bits_hold_the_bound_and_u():
    carried = replace(
        carried_of("scan")[0], format=FixedFormat(signed=True, int_bits=9, frac_bits=4)
    )
    for bound in (0, 1, 127, 128, 129, 5000):
        bits = least_int_bits(carried, bound, SOURCE)
        assert bits >= SOURCE.int_bits
        assert bound <= replace(carried.format, int_bits=bits).max_code
        fewer = FixedFormat(signed=True, int_bits=bits - 1, frac_bits=4)
        assert bits == SOURCE.int_bits or bound > fewer.max_code
    unheard = replace(carried, source=np.zeros(6))
    wide = FixedFormat(signed=True, int_bits=7, frac_bits=2)
    assert least_int_bits(carried, 3, wide) == 7
    assert least_int_bits(unheard, 3, wide) == -2
    assert least_int_bits(unheard, 0, wide) == -3


def proved(kind: str):
    update, order, theta = KINDS[kind]
    made = update(order, theta, overflow=Overflow.FORBID)
    forbidden = replace(saturating(STATE), overflow=Overflow.FORBID)
    (memory,) = quantized_memories(memory_network(made, requant=forbidden))
    return memory, prove_range(memory)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bound_by_gains_is_the_sum_over_all_steps(kind):
    memory, proof = proved(kind)
    assert proof.proved
    delta = float(memory.rounding_error) * memory.format.ulp
    for carried in memory.carried:
        peak, rounding = np.zeros((2, len(carried.states)))
        rows, paths = carried.states, memory.paths
        for _ in range(1500):
            peak += np.abs(rows @ memory.B)
            rounding += np.abs(rows).sum(axis=1) + np.abs(rows @ paths).sum(axis=1)
            rows = rows @ memory.A
        u_limit = float(memory.u_limit)
        nearest = u_limit * (peak + np.abs(carried.source)) + carried.own
        bound = proof.carried[carried.name] * carried.format.ulp
        assert (nearest + delta * rounding).max() <= bound
        assert bound <= 1.001 * (nearest + 3.5 * delta * rounding).max() + carried.format.ulp
