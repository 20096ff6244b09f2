# SPDX-License-Identifier: Apache-2.0
"""All coefficients written at run time: hardware computes any network of its shape and formats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat
from lmu_hw.hdl import emit_verilog
from lmu_hw.hdl.reload import DATA_BITS, AddressMap, reload_words
from lmu_hw.hdl.tables import in_form_of
from lmu_hw.network import Codes, Node, QuantizedNetwork, Table
from lmu_hw.plan import Plan, Reloadable, bias_limit
from lmu_hw.plan.widths import widths_of
from tests import networks, structured
from tests.hdl.bench import simulate
from tests.hdl.running_sums import plan_of, run
from tests.plans import fastest_plan
from tests.random_coefficients import randomized
from tests.running_sums import memory_network, two_pass

WORDS: dict[str, Any] = {"weight_bits": 6, "state_bits": 9, "activation_bits": 6}
SMALL: dict[str, Any] = {"order": 2, "units": 2, "theta": 6.0}
SHAPES: dict[str, tuple[dict[str, Any], int | None]] = {
    "dense memory, fed back": ({"hidden_to_memory": True}, 4),
    "one multiplier": ({}, 1),
    "two memories, unrolled": ({"memory_d": 2}, None),
    "lstm": ({"hidden": "lstm"}, 4),
    "stack that ends dense": ({"layers": 2, "dense": 2}, 4),
}


def all_of(network: QuantizedNetwork, lanes: int | None) -> Plan:
    return fastest_plan(network, lanes, reloadable=Reloadable.ALL)


@pytest.fixture(scope="module")
def small() -> tuple[QuantizedNetwork, Plan]:
    network = networks.quantized(networks.network(**SMALL), **WORDS)
    return network, all_of(network, 4)


@pytest.mark.parametrize("shape", SHAPES)
def test_any_coefficients_of_the_formats_are_computed(shape):
    options, lanes = SHAPES[shape]
    network = networks.quantized(networks.network(**SMALL, **options), **WORDS)
    other, plan = randomized(network, 1), all_of(network, lanes)
    assert plan.cycles(last_step=True) == fastest_plan(network, lanes).cycles(last_step=True)
    simulate(other, plan, lengths=(3, 1), writes=reload_words(plan, other))


def test_what_was_written_can_be_written_back(small):
    network, plan = small
    simulate(network, plan, lengths=(3,))
    there = reload_words(plan, randomized(network, 2))
    simulate(network, plan, lengths=(3,), writes=there + reload_words(plan, network))


def test_without_the_writes_nothing_of_it_is_computed(small):
    network, plan = small
    with pytest.raises(AssertionError):
        simulate(randomized(network, 1), plan, lengths=(3,))


def test_sweeps_are_written_beside_the_rest():
    plain = networks.quantized(networks.network(**SMALL), memory_bits=10, **WORDS)
    network = structured.with_sweeps(plain, theta=6.0)
    other, plan = randomized(network, 3), all_of(network, 3)
    assert [block.title for block in AddressMap(plan).blocks][-1] == "lmu0.m"
    simulate(other, plan, lengths=(3,), writes=reload_words(plan, other))


@pytest.mark.parametrize("theta", [41.0, 50.0])
def test_two_passes_take_another_window(theta):
    network, other = (memory_network(two_pass(3, window)) for window in (40.0, theta))
    plan = plan_of(network, reloadable=Reloadable.ALL)
    run(other, plan, writes=reload_words(plan, other))


def test_a_window_too_short_for_two_passes_is_refused():
    network, other = (memory_network(two_pass(3, window)) for window in (40.0, 37.0))
    message = "only.m: its largest factor must have at most 8 bits, .* not be 275"
    with pytest.raises(NetworkError, match=message):
        reload_words(plan_of(network, reloadable=Reloadable.ALL), other)


def test_words_are_written_in_parts():
    network = networks.quantized(networks.network(order=6, units=6, theta=12.0), **WORDS)
    addresses = AddressMap(all_of(network, None))
    (weights, *_) = addresses.blocks
    parts = addresses.parts(weights)
    assert addresses.data_bits == DATA_BITS
    assert parts == -(-weights.width // DATA_BITS) > 1
    writes = addresses.writes(1, [3])
    assert writes[0] == (addresses.first_address(1), 3)
    assert [address for address, _ in addresses.writes(0, [0, 1])][parts] == 1 << (
        addresses.part_bits
    )


def test_addresses_are_distinct_and_fit_the_port(small):
    network, plan = small
    addresses, writes = AddressMap(plan), reload_words(plan, network)
    places = [address for address, _ in writes]
    assert len(set(places)) == len(places)
    assert max(places) < 1 << addresses.address_bits
    assert max(word for _, word in writes) < 1 << addresses.data_bits


def test_sums_are_as_wide_as_formats_ask_for(small):
    network, _ = small
    (layer,) = network.layers
    largest = widths_of(layer, by_format=True)
    for seed in range(3):
        (other,) = randomized(network, seed).layers
        widths = widths_of(other)
        assert (widths.sum, widths.total) <= (largest.sum, largest.total)


def _with(network: QuantizedNetwork, name: str, **changes: Any) -> QuantizedNetwork:
    """Return a network of one layer with other fields of a node."""
    (layer,) = network.layers
    nodes = tuple(replace(n, **changes) if n.name == name else n for n in layer.nodes)
    return replace(network, layers=(replace(layer, nodes=nodes),))


def _hidden(network: QuantizedNetwork) -> Node:
    (node,) = (node for node in network.nodes if node.name == "lmu0.h")
    assert isinstance(node, Node)
    return node


def test_a_bias_beyond_the_hardware_is_refused_by_name_and_value(small):
    network, plan = small
    limit, frac_bits = bias_limit(_hidden(network)), _hidden(network).sum_frac_bits
    wide = FixedFormat.spanning(-limit - 1, limit + 1, frac_bits=frac_bits)
    bias = Codes(codes=np.array([limit + 1, 0]), format=wide)
    with pytest.raises(NetworkError, match=r"lmu0\.h: its bias must be at most .*, not "):
        reload_words(plan, _with(network, "lmu0.h", bias=bias))


def test_larger_row_shifts_are_refused(small):
    network, plan = small
    hidden, most = _hidden(network), _hidden(network).max_row_shift
    finer = {"sum_frac_bits": hidden.sum_frac_bits + 1, "bias": None}
    shifted = _with(network, "lmu0.h", row_shifts=(most + 1, 0), **finer)
    with pytest.raises(
        NetworkError, match=rf"row shifts must be at most {most}, .* not {most + 1}"
    ):
        reload_words(plan, shifted)


def test_another_shape_is_refused(small):
    _, plan = small
    for options, message in (
        ({"units": 3}, r"lmu0\.h: rows must be that of the hardware, 2, not 3"),
        ({"hidden": "lstm"}, "lmu0: nodes must be"),
        ({"layers": 2}, "layers must be that of the hardware, 1, not 2"),
    ):
        other = networks.quantized(networks.network(**{**SMALL, **options}), **WORDS)
        with pytest.raises(NetworkError, match=message):
            reload_words(plan, other)


def test_a_full_table_takes_the_answers_of_any_other(small):
    table = _hidden(small[0]).activation
    assert isinstance(table, Table)
    full = Table.full("f", table.source, table.codes)
    assert np.array_equal(in_form_of(full, table, where="h").codes.codes, table.codes.codes)


def test_a_table_that_can_be_written_is_a_block_of_memory(small):
    network, plan = small
    text = emit_verilog(network, plan, digest="0" * 64)["tiny.v"]
    (module,) = (part for part in text.split("endmodule") if "module tiny__lmu0_h_tanh(" in part)
    assert 'ram_style = "block"' in module and "no_rw_check" in module
