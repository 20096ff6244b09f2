# SPDX-License-Identifier: Apache-2.0
"""The golden spiking memory computes its formulas exactly, and its neurons are independent."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor

import numpy as np
import pytest

from lmu_hw.errors import RangeError
from lmu_hw.spiking.golden import SpikingModel
from lmu_hw.spiking.memory import GENERATOR, SEEDER, SpikingMemory, Xorshift
from tests.spiking_memories import SOURCE, full_scale, small


def next_word(word: int, shifts: Xorshift) -> int:
    word ^= word << shifts.first & 0xFFFFFFFF
    word ^= word >> shifts.second
    return word ^ word << shifts.third & 0xFFFFFFFF


def half_up(value: Fraction, frac_bits: int) -> Fraction:
    return Fraction(floor(value * 2**frac_bits + Fraction(1, 2)), 2**frac_bits)


def spike(word: int, v: Fraction, neuron: int, memory: SpikingMemory) -> int:
    """Return e times the spike of a neuron; e v is compared with the signed high bits."""
    fmt = memory.current.format
    top = word >> 32 - fmt.width
    top -= top >> fmt.width - 1 << fmt.width
    sign = -1 if neuron % 2 else 1
    return sign * int(sign * v > Fraction(top, 2**fmt.frac_bits))


def oracle(memory: SpikingMemory, u: np.ndarray) -> list[list[Fraction]]:
    """Return the states after each step by the formulas of the spec, one neuron after the other."""
    d, n, fmt, R = memory.order, memory.neurons, memory.current.format, 2**memory.range_bits
    weights = memory.weights.codes.astype(object) * Fraction(1, 2**memory.weights.format.frac_bits)
    words = [memory.seed]
    while len(words) < memory.size:
        words.append(next_word(words[-1], SEEDER))
    y, states = [Fraction(0)] * d, []
    for code in u.tolist():
        vector = [*y, Fraction(code, 2**SOURCE.frac_bits)]
        words = [next_word(word, GENERATOR) for word in words]
        after = []
        for j in range(d):
            v = half_up(sum(map(lambda a, b: a * b, weights[j], vector)), fmt.frac_bits)
            v = max(-Fraction(R), min(v, R - Fraction(1, 2**fmt.frac_bits)))
            count = sum(spike(words[j * n + i], v, i, memory) for i in range(n))
            decoded = Fraction(2 * R * count, n)
            moved = y[j] + (decoded - y[j]) / 2**memory.synapse
            after.append(half_up(moved, memory.state.format.frac_bits))
        y = after
        states.append(y)
    return states


@pytest.mark.parametrize(
    ("order", "neurons", "options"),
    [(1, 2, {}), (3, 8, {}), (4, 16, {"synapse": 2, "range_bits": 0}), (2, 4, {"range_bits": 3})],
)
def test_states_are_those_of_the_formulas(order, neurons, options):
    memory = small(order, neurons, **options)
    u = full_scale(40)
    states = SpikingModel(memory).run(u).states
    ulp = Fraction(1, 2**memory.state.format.frac_bits)
    assert [[code * ulp for code in row] for row in states.tolist()] == oracle(memory, u)


def test_every_sequence_begins_with_the_seeds():
    model, u = SpikingModel(small()), full_scale(30)
    first, second = model.run(u), model.run(u)
    assert np.array_equal(first.states, second.states)
    other = SpikingModel(replace(model.memory, seed=54321)).run(u)
    assert not np.array_equal(first.states, other.states)


def test_saturated_currents_are_counted_and_states_stay_in_their_format():
    memory = small(8, 4, range_bits=-1)
    trace = SpikingModel(memory).run(full_scale(200))
    assert trace.saturated > 0
    fmt = memory.state.format
    assert fmt.min_code <= trace.states.min() and trace.states.max() <= fmt.max_code


def test_input_outside_its_format_is_refused():
    with pytest.raises(RangeError, match="inputs must fit sQ0.11"):
        SpikingModel(small()).run(np.array([0, 2048]))


def test_populations_have_the_mean_and_the_variance_of_independent_neurons():
    """A constant current, from u alone: nothing but chance moves the count of spikes."""
    steps, code = 4_000, 600
    memory = small(1, 64, current_bits=16, range_bits=0)
    weights = replace(memory.weights, codes=memory.weights.codes * [[0, 1]])
    trace = SpikingModel(replace(memory, weights=weights)).run(np.full(steps, code))
    v = weights.codes[0, 1] * weights.format.ulp * code * SOURCE.ulp
    deviation = (trace.spikes[:, 0] * 2 / 64 - v) / np.sqrt((1 - v**2) / 64)
    assert abs(deviation.mean()) < 4 / np.sqrt(steps)
    assert abs(deviation.var() - 1) < 4 * np.sqrt(2 / steps)
    for lag in (1, 2, 3, 8):
        assert abs(np.mean(deviation[lag:] * deviation[:-lag])) < 4 / np.sqrt(steps)
    assert abs(trace.fired / (64 * steps) - 0.5) < 0.01
