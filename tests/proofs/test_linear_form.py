# SPDX-License-Identifier: Apache-2.0
"""Structured memories as linear systems: every coefficient, by running updates in fractions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import requantize
from lmu_hw.network import MemoryNode
from lmu_hw.proofs import quantized_memories
from lmu_hw.proofs.linear import linear
from lmu_hw.proofs.linear_form import largest_error, mean_error
from tests.memories import built
from tests.running_sums import STATE, memory_network, scan, two_pass


def units(count: int) -> np.ndarray:
    """Return the identity in fractions: one row for each thing that a number can depend on."""
    return np.array([[Fraction(int(i == j)) for j in range(count)] for i in range(count)])


def floats(rows) -> np.ndarray:
    return np.array([[float(value) for value in row] for row in rows])


def scaled(codes, frac_bits: int) -> np.ndarray:
    return np.array([Fraction(int(c), 2**frac_bits) for c in np.ravel(codes)]).reshape(codes.shape)


def two_passes(update):
    """Return m', and what both passes and T carry, over u, the states and all errors."""
    d, F = update.order, update.rate.format.frac_bits
    unit = units(3 * d + 2)
    u, m, errors = unit[0], unit[1 : 1 + d], unit[1 + d :]
    G, H = scaled(update.closing.codes, update.closing.format.frac_bits)
    c = [(2 * i + 1) * Fraction(update.rate.codes.item(), 2**F) for i in range(d)]

    def run(s0, before, errors):
        s, z = [s0], []
        for i in range(d):
            z.append(m[i] + c[i] * s[i] + errors[i])
            s.append(before + 2 * z[i])
            before = s[i]
        return s, z

    first, z = run(0 * u, 0 * u, errors[:d])
    T = G * (first[d] + first[d - 1]) / 2 + H * u + errors[d]
    second, z2 = run(u - T, -u - T, errors[d + 1 :])
    step = [m[i] + 2 * c[i] * second[i] for i in range(d)]
    return step, {"first pass": [*first, *z], "closing": [T], "second pass": [*second, *z2]}


def sweeps(update):
    """Return x', and what both sweeps carry, over u, the states and all errors."""
    d, r, F = update.order, update.rank, update.decay.format.frac_bits
    unit = units(1 + d + 2 * r * (d - 1))
    u, x, errors = unit[0], unit[1 : 1 + d], unit[1 + d :].reshape(2, d - 1, r, len(unit))
    rates = [F + shift for shift in update.shifts]
    D = [Fraction(int(code), 2**bits) for code, bits in zip(update.decay.codes, rates, strict=True)]
    U = [scaled(row, bits) for row, bits in zip(update.coupling.codes, rates, strict=True)]
    W = scaled(update.carry.codes, update.carry.format.frac_bits)
    e0 = np.array([Fraction(int(i == 0)) for i in range(r)])[:, None]
    f, b = [-e0 * u], [0 * e0 * u]
    for k in range(d - 1):
        f.append(W[k].dot(f[k]) + e0 * x[k] + errors[0, k])
    for k in range(d - 1, 0, -1):
        b.insert(0, U[k][:, None] * x[k] - W[k].T.dot(b[0]) + errors[1, k - 1])
    step = [x[k] - D[k] * x[k] - U[k].dot(f[k]) + b[k][0] for k in range(d)]
    return step, {"forward": np.concatenate(f), "backward": np.concatenate(b)}


def check(system, step, carried, ulps) -> None:
    """Require every coefficient to be the fraction, correctly rounded."""
    d = len(step)
    step = floats(step)
    assert np.array_equal(system.A, step[:, 1 : 1 + d])
    assert np.array_equal(system.B, step[:, 0])
    assert np.array_equal(system.noise, step[:, 1 + d :] * ulps)
    assert [one.name for one in system.carried] == list(carried)
    for one, rows in zip(system.carried, carried.values(), strict=True):
        rows = floats(rows)
        assert np.array_equal(one.states, rows[:, 1 : 1 + d])
        assert np.array_equal(one.source, rows[:, 0])
        own = np.abs(rows[:, 1 + d :]).sum(axis=1) * one.error * one.format.ulp
        assert np.allclose(one.own, own, rtol=1e-12, atol=0)  # a float sum in another order


@pytest.mark.parametrize("rounding", [Rounding.FLOOR, Rounding.HALF_UP])
@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (5, 29.5)])
def test_two_passes_by_fractions(order, theta, rounding):
    update = two_pass(order, theta)
    update = replace(update, running=replace(update.running, rounding=rounding))
    system = linear(memory_network(update).layers[0].memories[0])
    step, carried = two_passes(update)
    check(system, step, carried, update.running.format.ulp / STATE.ulp)
    assert set(system.largest.tolist()) == {largest_error(rounding)}
    closing = update.closing.format.width
    assert system.coefficient_bits == max(closing, int(update.factors[-1]).bit_length())


@pytest.mark.parametrize(("order", "rank"), [(1, 1), (2, 1), (6, 1), (5, 2), (5, 3)])
def test_two_sweeps_by_fractions(order, rank):
    network, _ = built(order, 20.0, rank=rank)
    (node,) = network.layers[0].memories
    forward = replace(node.update.forward, rounding=Rounding.FLOOR)
    update = replace(node.update, forward=forward)
    system = linear(replace(node, update=update))
    step, carried = sweeps(update)
    ulps = np.repeat([forward.format.ulp, update.backward.format.ulp], rank * (order - 1))
    check(system, step, carried, ulps / node.requant.format.ulp)
    assert system.largest.tolist() == np.repeat([1.0, 0.5], rank * (order - 1)).tolist()
    widths = update.decay.format.width, update.carry.format.width
    assert system.coefficient_bits == max(widths)


def test_running_sums_carry_signs():
    update = scan(5, 29.5)
    system = linear(memory_network(update).layers[0].memories[0])
    (running,) = system.carried
    assert running.error == 0.0 and not running.own.any()
    assert system.coefficient_bits == int(update.factors[-1]).bit_length()
    rate = Fraction(update.rate.codes.item(), 2**update.rate.format.frac_bits)
    for i in range(5):
        for j in range(5):
            sign = -1 if i < j or (i + j) % 2 == 0 else 1
            assert running.states[i, j] == sign
            assert Fraction(system.A[i, j]) == (i == j) + sign * (2 * i + 1) * rate
        assert (
            Fraction(system.B[i])
            == (-1) ** i * (2 * i + 1) * rate
            == running.source[i] * (2 * i + 1) * rate
        )


@pytest.mark.parametrize("kind", ["two-pass", "sweeps"])
def test_what_float64_changes_of_a_step_is_bounded(kind):
    """The exact coefficients are within a unit in the last place of the floats."""
    if kind == "sweeps":
        node = built(6, 20.0)[0].layers[0].memories[0]
        step, carried = sweeps(node.update)
    else:
        node = memory_network(two_pass(5, 29.5)).layers[0].memories[0]
        step, carried = two_passes(node.update)
    assert isinstance(node, MemoryNode)
    system, ulp, d = linear(node), node.requant.format.ulp, len(step)
    states, source = 0.9, 0.7
    moved = (np.abs(system.A).sum(axis=1) * states + np.abs(system.B) * source) / ulp
    moved = (moved + np.abs(system.noise) @ system.largest).max() * 2.0**-53
    assert moved <= system.off(states, source, ulp) <= 1.001 * moved
    for one, rows in zip(system.carried, carried.values(), strict=True):
        off, reach = one.off(states, source), one.reach(states, source)
        table = np.hstack([one.source[:, None], one.states])
        for row, found, most in zip(rows, table.tolist(), off.tolist(), strict=True):
            wrong = [abs(Fraction(x) - y) for x, y in zip(found, row[: 1 + d], strict=True)]
            assert wrong[0] * Fraction(source) + sum(wrong[1:]) * Fraction(states) <= most
        expected = np.abs(one.states).sum(axis=1) * states + np.abs(one.source) * source + one.own
        assert np.all(expected <= reach) and np.all(reach <= 1.001 * expected + 1e-30)
        assert np.all(off <= 1.001 * 2.0**-53 * expected + 1e-30)


@pytest.mark.parametrize("rounding", [Rounding.FLOOR, Rounding.HALF_UP])
def test_what_float64_changes_counts_as_an_error_of_a_step(rounding):
    network, _ = built(6, 20.0)
    first, *rest = network.layers
    nodes = [
        replace(node, requant=replace(node.requant, rounding=rounding))
        if isinstance(node, MemoryNode)
        else node
        for node in first.nodes
    ]
    (memory,) = quantized_memories(
        replace(network, layers=(replace(first, nodes=tuple(nodes)), *rest))
    )
    system, fmt = linear(memory.layer.nodes[1]), memory.format
    most = fmt.max_magnitude * fmt.ulp
    assert 0 < memory.off == Fraction(system.off(most, float(memory.u_limit), fmt.ulp))
    assert memory.rounding_error == Fraction(largest_error(rounding)) + memory.off
    # Errors of at most `rounding_error` each, so that N is scaled by the others'.
    assert np.allclose(memory.paths * largest_error(rounding), system.noise * system.largest)


@pytest.mark.parametrize("rounding", Rounding, ids=lambda rounding: rounding.value)
def test_errors_of_a_narrowing_are_those_of_all_codes(rounding):
    dropped, codes = 4, np.arange(-(1 << 8), 1 << 8)
    fmt = FixedFormat(signed=True, int_bits=9, frac_bits=0)
    requant = Requant(format=fmt, rounding=rounding, overflow=Overflow.FORBID)
    narrowed, _ = requantize(codes, dropped, requant)
    errors, finest = narrowed - codes * 2.0**-dropped, 2.0**-dropped
    assert largest_error(rounding) - finest <= np.abs(errors).max() <= largest_error(rounding)
    assert abs(errors.mean() - mean_error(rounding)) <= finest / 2
