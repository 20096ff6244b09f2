# SPDX-License-Identifier: Apache-2.0
"""Inputs that drive a state to its peak gain: as large as any input of their length can."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lmu_hw.proofs import impulse_response, settling_steps, sign_matched
from tests.memories import zoh


def last_state(A, B, u, index):
    state = np.zeros(len(B))
    for value in u:
        state = A @ state + B * value
    return state[index]


@pytest.mark.parametrize("index", range(3))
def test_no_input_of_signs_makes_a_state_larger(index):
    A, B = zoh(3, 5.0)
    responses = impulse_response(A, B, 8)
    reached = last_state(A, B, sign_matched(responses, index), index)
    every = max(last_state(A, B, u, index) for u in product((-1, 1), repeat=8))
    assert reached == pytest.approx(every)  # floats: summed in the same order
    assert reached == pytest.approx(np.abs(responses[:, index]).sum())


def test_an_impulse_response_is_the_powers():
    A, B = zoh(4, 9.0)
    responses = impulse_response(A, B, 5)
    assert np.array_equal(responses[0], B)
    np.testing.assert_allclose(responses[4], np.linalg.matrix_power(A, 4) @ B, atol=1e-14)


@pytest.mark.parametrize("rest", [1e-2, 1e-6])
def test_a_response_has_died_out_when_it_is_said_to(rest):
    A, B = zoh(4, 9.0)
    steps = settling_steps(A, rest=rest)
    responses = impulse_response(A, B, 4 * steps)
    assert np.abs(responses[steps:]).sum() < 10 * rest * np.abs(responses).sum()


def test_without_memory_or_without_stability_it_is_the_order():
    assert settling_steps(np.zeros((3, 3))) == 3
    assert settling_steps(1.5 * np.eye(2)) == 2
