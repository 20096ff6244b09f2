# SPDX-License-Identifier: Apache-2.0
"""Error feedback in Amaranth's simulator: what a narrowing drops is in the next step's total."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lmu_hw.fixed import Overflow
from lmu_hw.golden import GoldenModel
from lmu_hw.hdl import emit_verilog
from tests import networks
from tests.hdl.bench import simulate
from tests.plans import fastest_plan
from tests.residues import with_feedback

WORDS: dict[str, Any] = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}

SHAPES: dict[str, dict[str, Any]] = {
    "order 1": {"order": 1},
    "order 5": {"order": 5, "units": 6, "hidden_to_memory": True, "memory_to_memory": True},
    "two memories": {"memory_d": 2, "order": 3, "memory_to_memory": True, "inputs": 3},
    "three memories of order 5": {"memory_d": 3, "order": 5},
    "bare memory": {"hidden": "none", "input_to_hidden": False, "order": 5},
    "memory beside its input": {"hidden": "none", "order": 4},
    "answers once": {"return_sequences": False, "hidden": "dense", "order": 4},
    "stack": {"layers": 2, "dense": 2, "dense_activation": "relu", "hidden_to_memory": True},
}
LANES = (1, 2, 3, 5, 7, 8, 16, None)


@pytest.mark.every(3)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("lanes", [3, None])
def test_every_shape_answers_as_the_golden_model(shape, lanes):
    plain = networks.quantized(networks.network(**SHAPES[shape]), **WORDS)
    network = with_feedback(plain)
    simulate(network, fastest_plan(network, lanes), lengths=(7, 1, 2, 5))


@pytest.mark.every(3)
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("shape", ["order 5", "two memories"])
def test_no_lanes_and_no_stall_change_a_word(shape, lanes):
    plain = networks.quantized(networks.network(**SHAPES[shape]), **WORDS)
    network = with_feedback(plain, everywhere=True)
    simulate(network, fastest_plan(network, lanes), lengths=(4, 1, 5), pause=0.5)


@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
def test_a_residue_is_kept_where_the_code_overflows(overflow):
    plain = networks.quantized(networks.network(order=4, hidden_to_memory=True), **WORDS)
    layer = plain.layers[0]
    u, m, h = layer.nodes
    fmt = m.requant.format
    narrow = replace(m.requant, format=replace(fmt, int_bits=fmt.int_bits - 2))
    layer = replace(layer, nodes=(u, replace(m, requant=narrow), h))
    network = with_feedback(replace(plain, layers=(layer,)), overflow)
    x_codes = np.random.default_rng(5).integers(-128, 128, (2, 16, 1))
    assert GoldenModel(network).run(x_codes)[1]["lmu0.m"] > 0
    simulate(network, fastest_plan(network, 4), x_codes=x_codes)


def test_a_residue_beside_row_shifts_and_a_bias():
    network = networks.quantized(networks.network(order=4), **WORDS)
    layer = network.layers[0]
    u, m, h = layer.nodes
    sum_frac_bits = m.sum_frac_bits + 3
    fmt = replace(u.bias.format, int_bits=0, frac_bits=sum_frac_bits)
    bias = replace(u.bias, codes=np.array([-5, 3, 777, -1]), format=fmt)
    shifted = replace(m, row_shifts=(3, 0, 2, 1), sum_frac_bits=sum_frac_bits, bias=bias)
    network = with_feedback(replace(network, layers=(replace(layer, nodes=(u, shifted, h)),)))
    simulate(network, fastest_plan(network, 3), lengths=(9, 2))


def test_wide_residues_beyond_float64():
    net = networks.network(order=3, hidden_to_memory=True)
    plain = networks.quantized(net, weight_bits=24, state_bits=28, activation_bits=10)
    network = with_feedback(plain, everywhere=True)
    assert GoldenModel(network).kind is np.int64
    simulate(network, fastest_plan(network, 8))


def test_the_header_of_the_verilog_names_error_feedback():
    network = with_feedback(networks.quantized(networks.network(), **WORDS))
    text = emit_verilog(network, fastest_plan(network, 1), digest="0" * 64)["tiny.v"]
    lines = [line for line in text.splitlines() if "error feedback" in line]
    assert lines == ["//   lmu0.m: 3 x sQ0.7 (8 bits); floor, saturate, error feedback"]


@pytest.mark.parametrize("lanes", LANES)
def test_error_feedback_takes_no_cycle(lanes):
    plain = networks.quantized(networks.network(**SHAPES["order 5"]), **WORDS)
    network = with_feedback(plain)
    plan = fastest_plan(network, lanes)
    cycles = plan.cycles(last_step=False)
    assert cycles == fastest_plan(plain, lanes).cycles(last_step=False)
    seen = simulate(network, plan, lengths=(9,))
    assert set(np.diff(seen.starts[0])[3:].tolist()) == {cycles}
