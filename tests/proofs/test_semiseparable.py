# SPDX-License-Identifier: Apache-2.0
"""Structured memories: all that is proved and predicted of them, against the golden model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import Requant, Rounding
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import GoldenModel
from lmu_hw.proofs import (
    certify,
    impulse_response,
    predict_errors,
    prove_range,
    proved_recursions,
    quantized_memories,
    require_forbidden,
    rounding_covariance,
    settling_steps,
    sign_matched,
)
from tests.memories import built

CASES = [(order, rank) for order in (2, 6, 16, 32) for rank in (1, 2)]


def with_update(network, **changes):
    """Return the network with another update of its memory."""
    first, *rest = network.layers
    nodes = tuple(
        replace(node, update=replace(node.update, **changes)) if node.name == "lmu0.m" else node
        for node in first.nodes
    )
    return replace(network, layers=(replace(first, nodes=nodes), *rest))


def narrowing(requant, *, rounding=None, **bits):
    """Return another narrowing: other `int_bits`, `frac_bits` or `rounding`."""
    fmt = replace(requant.format, **bits)
    return Requant(format=fmt, rounding=rounding or requant.rounding, overflow=requant.overflow)


def full_scale(network, signs):
    fmt = network.input.format
    return np.where(signs > 0, fmt.max_code, fmt.min_code)[None, :, None]


@pytest.mark.parametrize("rank", [1, 2])
def test_a_step_of_the_golden_model_is_within_the_errors_of_the_linear_system(rank):
    network, _ = built(9, 30.0, rank=rank, state_bits=9)
    (memory,) = quantized_memories(network)
    golden = GoldenModel(network)
    x = np.random.default_rng(3).uniform(-1.0, 1.0, (200, 60, 1))
    codes = golden.trace(golden.quantize_input(x)).codes
    u = dequantize(codes["lmu0.u"], memory.u_format) / memory.format.ulp
    m = codes["lmu0.m"]
    error = m[:, 1:] - m[:, :-1] @ memory.A.T - u[:, 1:] * memory.B
    bound = 0.5 + np.abs(memory.noise) @ memory.largest + float(memory.off)
    assert np.all(np.abs(error).max(axis=(0, 1)) <= bound)
    assert np.abs(error).max() > 0.5 + float(memory.off)  # the sweeps narrow as well


@pytest.mark.parametrize(("order", "rank"), CASES)
def test_the_adversary_reaches_the_peak_gain_and_never_the_bound(order, rank):
    network, _ = built(order, 3.0 * order, rank=rank)
    (memory,) = quantized_memories(network)
    proof = prove_range(memory)
    assert proof.proved
    golden = GoldenModel(network)
    responses = impulse_response(memory.A, memory.B, settling_steps(memory.A))
    # One sequence for each state, all at once.
    worst = [full_scale(network, sign_matched(responses, state)) for state in range(order)]
    codes = golden.trace(np.concatenate(worst)).codes
    reached = np.abs(codes["lmu0.m"]).max(axis=1)
    assert np.all(reached <= proof.bound)
    u = np.abs(codes["lmu0.u"]).max(axis=(1, 2)) * memory.u_format.ulp
    peak = u * proof.input_gain / memory.format.ulp
    rounding = float(memory.rounding_error) * proof.rounding_gain
    assert np.all(np.diagonal(reached) >= 0.99 * peak - rounding)


@pytest.mark.parametrize(("order", "rank"), [(6, 1), (16, 1), (16, 2)])
def test_rounding_noise_is_predicted_within_seven_percent(order, rank):
    network, _ = built(order, 4.0 * order, rank=rank, state_bits=11)
    (node,) = network.layers[0].memories
    coarse = narrowing(node.update.backward, frac_bits=node.requant.format.frac_bits - 1)
    network = with_update(network, backward=coarse)
    (memory,) = quantized_memories(network)
    steps = 8 * order
    x = np.random.default_rng(5).uniform(-0.99, 0.99, (1000, steps, 1))
    golden = GoldenModel(network)
    codes = golden.trace(golden.quantize_input(x)).codes
    u = dequantize(codes["lmu0.u"], memory.u_format)
    power, m = np.zeros(order), np.zeros((len(x), order))
    for t in range(steps):
        m = m @ memory.A.T + u[:, t] * memory.B
        power += np.square(dequantize(codes["lmu0.m"][:, t], memory.format) - m).sum(axis=0)
    measured = np.sqrt(power / (len(x) * steps)) / memory.format.ulp
    predicted = np.sqrt(np.diag(rounding_covariance(memory.A, steps, noise=memory.noise)))
    assert np.all(np.abs(measured / predicted - 1.0) < 0.07)
    alone = np.sqrt(np.diag(rounding_covariance(memory.A, steps)))
    assert np.any(measured / alone > 1.2)  # most of it comes from inside the update


def test_the_mean_of_a_sweep_that_floors_drifts():
    network, _ = built(6, 24.0)
    (node,) = network.layers[0].memories
    floors = narrowing(node.update.forward, rounding=Rounding.FLOOR)
    (memory,) = quantized_memories(with_update(network, forward=floors))
    forward = memory.largest == 1.0
    assert forward.sum() == 5
    assert np.array_equal(memory.drift, -memory.noise[:, forward].sum(axis=1) / 2)
    nearest, floor = (
        prove_range(one).rounding_gain for one in (*quantized_memories(network), memory)
    )
    assert np.all(floor[1:] > nearest[1:])


@pytest.mark.parametrize(("order", "rank"), CASES)
def test_sweeps_stay_within_their_proved_formats(order, rank):
    network, _ = built(order, 3.0 * order, rank=rank)
    (memory,) = quantized_memories(network)
    (node,) = network.layers[0].memories
    proof = prove_range(memory)
    bits = proved_recursions(proof)
    narrowed = with_update(
        network,
        forward=narrowing(node.update.forward, int_bits=bits["forward"]),
        backward=narrowing(node.update.backward, int_bits=bits["backward"]),
    )
    proofs = {"lmu0.m": prove_range(quantized_memories(narrowed)[0])}
    require_forbidden(narrowed, proofs)
    golden = GoldenModel(narrowed)  # raises where a sweep leaves its format
    sweep = memory.carried[0].states, memory.carried[1].states
    reached = [0.0, 0.0]
    responses = impulse_response(memory.A, memory.B, settling_steps(memory.A))
    for index, rows in enumerate(sweep):
        worst = int(np.argmax(np.abs(responses @ rows.T).sum(axis=0)))
        signs = sign_matched(responses @ rows.T, worst)
        codes = golden.trace(full_scale(network, signs)).codes["lmu0.m"][0]
        reached[index] = float(np.abs(dequantize(codes, memory.format) @ rows.T).max())
    for index, carried in enumerate(memory.carried):
        bound = proof.carried[carried.name] * carried.format.ulp
        assert 0.85 * (bound - np.abs(carried.source).max()) <= reached[index] <= bound


@pytest.mark.parametrize(("name", "sweep"), [("forward", 0), ("backward", 1)])
def test_a_sweep_of_too_few_integer_bits_is_refused(name, sweep):
    network, _ = built(8, 24.0)
    (node,) = network.layers[0].memories
    bits = proved_recursions(prove_range(*quantized_memories(network)))[name] - 1
    requant = narrowing(getattr(node.update, name), int_bits=bits)
    narrow = with_update(network, **{name: requant})
    proofs = {"lmu0.m": prove_range(*quantized_memories(narrow))}
    message = f"lmu0.m {name}: overflow is forbidden, .* provable: one more integer bit$"
    with pytest.raises(NetworkError, match=message):
        require_forbidden(narrow, proofs)


def test_sweeps_of_states_that_may_saturate_are_bounded_by_their_formats():
    network, _ = built(8, 24.0, heard=1.1)
    (memory,) = quantized_memories(network)
    proof = prove_range(memory)
    assert not proof.proved
    limit = memory.format.max_magnitude * memory.format.ulp
    for carried in memory.carried:
        reach = np.abs(carried.states).sum(axis=1) * limit
        reach += np.abs(carried.source) * memory.u_format.max_magnitude * memory.u_format.ulp
        bound = proof.carried[carried.name] * carried.format.ulp
        assert reach.max() <= bound <= reach.max() + 4 * carried.format.ulp


@pytest.mark.parametrize("rank", [1, 2])
def test_no_error_exceeds_its_certificate(rank):
    network, reference = built(8, 24.0, rank=rank, state_bits=12)
    certificate = certify(network, reference, steps=100)
    pair, head = certificate.memories[0].pair, certificate.errors[-1]
    (term,) = network.nodes[-1].terms
    rows = term.weights.codes * 2.0**-term.weights.format.frac_bits
    ideal_rows = reference.layers[1].W
    steps, states, floats = 400, pair.memory.B.copy(), pair.ideal_B.copy()
    difference = np.empty((steps, len(rows)))
    for step in range(steps):
        difference[step] = rows @ states - ideal_rows @ floats
        states, floats = pair.memory.A @ states, pair.ideal_A @ floats
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (16, steps, 1))
    for row in range(len(rows)):
        x[row, :, 0] = 0.999 * sign_matched(difference, row)
    golden = GoldenModel(network)
    codes = golden.trace(golden.quantize_input(x)).codes["head.y"]
    fmt = network.nodes[-1].requant.format
    inside = (fmt.min_code < codes) & (codes < fmt.max_code)
    off = np.abs(dequantize(codes, fmt) - reference.trace(x)["head.y"]) * inside
    assert np.all(off.max(axis=(0, 1)) <= head.error.total)
    assert np.all(off[:, :100].max(axis=(0, 1)) <= head.error.within)


def test_nothing_is_measured_of_the_residue():
    network, reference = built(4, 12.0)
    assert certify(network, reference, steps=1).memories[0].proof.residue is None


def test_errors_are_predicted():
    network, reference = built(6, 24.0, rank=2, bits=14, state_bits=9)
    x = np.random.default_rng(2).uniform(-1.0, 1.0, (60, 100, 1))
    ideal = reference.trace(x)
    predicted = predict_errors(network, reference, ideal)
    golden = GoldenModel(network)
    codes = golden.trace(golden.quantize_input(x)).codes
    (memory,) = quantized_memories(network)
    off = dequantize(codes["lmu0.m"], memory.format) - ideal["lmu0.m"]
    measured = np.sqrt(np.square(off).mean(axis=(0, 1)))
    assert np.all(np.abs(measured / predicted["lmu0.m"] - 1.0) < 0.15)
