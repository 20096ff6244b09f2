# SPDX-License-Identifier: Apache-2.0
"""The map of registers: places, names, and what it says of a design."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from lmu_hw.fixed import Overflow
from lmu_hw.hdl.ports import saturating_nodes
from lmu_hw.hdl.registers.map import BITS, register_map
from lmu_hw.plan import StateMap, interleaved, make_plan
from tests import networks, registered


def full_map():
    return register_map(registered.small()[1], registered.DIGEST)


def test_registers_follow_each_other_and_their_fields_do_not_overlap():
    registers = full_map().registers
    assert all(first.offset < second.offset for first, second in pairwise(registers))
    assert len(set(full_map().names)) == len(registers)
    for register in registers:
        assert register.offset % (BITS // 8) == 0
        masks = [field.mask for field in register.fields]
        assert sum(masks) == (mask := sum(set(masks))) < 1 << BITS
        assert mask.bit_count() == sum(field.bits for field in register.fields)


def test_the_digest_is_read_as_it_is_written():
    words = [full_map()[f"DIGEST_{n}"].reset for n in range(4)]
    assert "".join(f"{word:08x}" for word in words) == registered.DIGEST[:32]


def test_features_say_what_the_design_has():
    assert full_map()["FEATURES"].reset == 1 << 8 | 0b111


def test_several_streams_are_told_and_are_the_upper_part_of_an_address():
    plan = replace(interleaved(registered.small()[1], 8), state_access=True)
    one, several = full_map(), register_map(plan, registered.DIGEST)
    assert several["FEATURES"].reset == one["FEATURES"].reset | 1 << 3 | 3 << 4
    states = StateMap(plan)
    assert several["STATE_ADDRESS"].fields[0].bits == states.stream_stride.bit_length() - 1 + 3
    assert states.addresses(states.blocks[0], 5)[0] == 5 * states.stream_stride


def test_a_design_with_less_has_the_same_registers_at_the_same_places():
    plan = replace(make_plan(networks.quantized(networks.network()), 4), registers=True)
    less, more = register_map(plan), full_map()
    own = {"MALFORMED", "COEFFICIENT_ADDRESS", "COEFFICIENT_DATA"}
    assert {name for name in more.names if "SATURATIONS" not in name} - {*less.names} == own
    both = {*less.names} & {*more.names}
    assert all(less[name].offset == more[name].offset for name in both)
    assert less["FEATURES"].reset == 0


def test_every_node_that_saturates_has_a_counter():
    network, plan = registered.small()
    nodes = [node for layer in network.layers for node in layer.sums]
    names = [node.name for node in nodes if node.requant.overflow is Overflow.SATURATE]
    counters = [r for r in full_map().registers if r.name.startswith("SATURATIONS")]
    assert (
        [counter.description.split()[2] for counter in counters] == names == saturating_nodes(plan)
    )


def test_states_add_their_registers_and_move_no_other():
    plain, plan = full_map(), replace(registered.small()[1], state_access=True)
    states = register_map(plan, registered.DIGEST)
    own = {"SEQUENCE_STEP", "STATE_ADDRESS", "STATE_DATA"}
    assert {*states.names} - {*plain.names} == own
    assert all(states[name].offset == plain[name].offset for name in plain.names)
    assert states["FEATURES"].reset == plain["FEATURES"].reset | 1 << 3
    assert states["STATE_ADDRESS"].fields[0].bits == StateMap(plan).address_bits
