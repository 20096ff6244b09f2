# SPDX-License-Identifier: Apache-2.0
"""Addresses of states: each code has one of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.network import state_vectors
from lmu_hw.plan import StateMap, require_states
from tests import networks
from tests.plans import fastest_plan
from tests.stateful import KINDS, plan_of


@pytest.mark.parametrize("kind", KINDS)
def test_every_code_that_persists_has_an_address_of_its_own(kind):
    make, lanes = KINDS[kind]
    network = make()
    states = StateMap(plan_of(network, lanes))
    addresses = [address for block in states.blocks for address in states.addresses(block)]
    assert len(set(addresses)) == len(addresses)
    assert max(addresses).bit_length() <= states.address_bits
    assert tuple(block.vector for block in states.blocks) == state_vectors(network)
    assert len(addresses) == sum(vector.size for vector in state_vectors(network))


def test_rows_and_segments_follow_each_other():
    network = KINDS["scan, two memories"][0]()
    states = StateMap(plan_of(network, 1))
    (block,) = states.blocks
    assert states.addresses(block) == [0, 1, 2, 3, 4, 8, 9, 10, 11, 12]
    assert (states.address_bits, states.data_bits, states.stride) == (4, 14, 8)


def test_codes_beyond_a_register_are_refused_by_name(monkeypatch):
    monkeypatch.setattr("lmu_hw.plan.states._REGISTER_BITS", 8)
    network = KINDS["dense, one multiplier"][0]()
    plan = replace(plan_of(network, 1), registers=True)
    with pytest.raises(
        ConfigError, match=r"lmu0\.m must have at most 8 bits as signed numbers, not 9"
    ):
        require_states(plan)
    require_states(replace(plan, registers=False))


def test_a_network_that_keeps_nothing_is_refused():
    network = networks.quantized(networks.network(layers=1, dense=2), weight_bits=6)
    alone = replace(network.layers[1], input=network.layers[1].input)
    dense = replace(
        network,
        input=replace(network.input, format=alone.input.format),
        layers=(alone,),
    )
    with pytest.raises(ConfigError, match="keeps something from step to step"):
        require_states(fastest_plan(dense, 1))
