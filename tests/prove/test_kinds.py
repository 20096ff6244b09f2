# SPDX-License-Identifier: Apache-2.0
"""Kinds of networks: every part stores and sends the right words, for all inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.fixed import Overflow, Rounding
from lmu_hw.hdl import emit_verilog
from lmu_hw.lmu import Network
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.prove.data.proof import prove_data
from lmu_hw.prove.hardware.netlist import read_netlist
from lmu_hw.prove.subject import Subject
from tests import networks
from tests.gated import gated_network
from tests.hdl.running_sums import plan_of
from tests.plans import fastest_plan
from tests.running_sums import memory_network, scan, two_pass


def not_shown(network: QuantizedNetwork, plan: Plan) -> list[str]:
    texts = emit_verilog(network, plan, digest="0" * 64)
    files = {name: text.encode() for name, text in texts.items()}
    netlist = read_netlist(files, network.name)
    proof = prove_data(Subject(network=network, plan=plan, netlist=netlist), lambda text: None)
    return [lemma.detail for lemma in proof.lemmas if not lemma.shown]


@pytest.mark.parametrize("update", [scan(3, 64.0), two_pass(8, 32.0)], ids=["scan", "two passes"])
def test_running_sums_are_shown(update):
    network = memory_network(update)
    assert not_shown(network, plan_of(network, beat=2)) == []


def test_a_memory_that_wraps_is_shown():
    network = networks.quantized(
        networks.network(order=2, units=2),
        weight_bits=6,
        state_bits=8,
        activation_bits=6,
        narrower=2,
        overflow=Overflow.WRAP,
    )
    assert not_shown(network, fastest_plan(network, 4)) == []


def test_results_that_hardware_computes_in_other_ways_are_shown():
    """It limits a sum of few values before it reads a table, where the formula has one function."""
    network = gated_network(units=1, seed=2, requant=(Rounding.FLOOR, Overflow.SATURATE))
    assert not_shown(network, fastest_plan(network, 4)) == []


def test_a_result_that_hardware_writes_in_other_terms_is_shown():
    """It rounds toward zero and limits by bits above the code, then reads a table at that."""
    network = gated_network("lstm", seed=4, requant=(Rounding.TOWARD_ZERO, Overflow.SATURATE))
    assert not_shown(network, fastest_plan(network, 4)) == []


def test_a_cell_that_reads_beats_as_they_are_written_is_shown():
    network = gated_network("lstm", units=2, seed=1)
    shape = {"rows": 2, "columns": 2, "beat": 1}  # a word has two beats
    plan = Plan(layers=(LayerPlan(layer=network.layers[0], **shape),))
    assert not_shown(network, plan) == []


def test_results_that_never_fill_their_formats_are_shown():
    """Hardware computes as many bits as the sums of these weights have."""
    net = networks.network(order=1, units=1, dense=1)
    network = networks.quantized(net, narrower=-2, state_bits=6, activation_bits=8)
    assert not_shown(network, fastest_plan(network, 4)) == []


def test_a_state_that_never_fills_its_format_is_shown():
    layer = networks.recurrent_layer(kind="simple", units=1, activation="linear")
    layer = replace(layer, cell=replace(layer.cell, W_h=np.array([[0.4]])))
    net = Network(name="state", layers=(layer,))
    network = networks.quantized(net, narrower=-3, activation_bits=6)
    assert not_shown(network, fastest_plan(network, 4)) == []
