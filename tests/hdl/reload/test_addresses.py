# SPDX-License-Identifier: Apache-2.0
"""Memory coefficients written at run time: one design computes any window."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import Rounding
from lmu_hw.hdl import emit_verilog
from lmu_hw.hdl.reload import AddressMap, reload_words
from lmu_hw.network import MemoryNode, QuantizedNetwork
from lmu_hw.plan import LayerPlan, Plan, Reloadable
from lmu_hw.plan.semiseparable import RELOADABLE_SHIFT
from tests import networks, structured
from tests.hdl.bench import simulate
from tests.plans import fastest_plan
from tests.simulators import require_simulator

WORDS: dict[str, Any] = {"weight_bits": 6, "state_bits": 10, "activation_bits": 6}


@pytest.fixture(scope="module")
def pair():
    """Return a builder of two networks that differ in their window only, in the same formats."""

    def built(
        order: int, theta: float, other: float, rank: int = 1, **shape: Any
    ) -> tuple[QuantizedNetwork, QuantizedNetwork]:
        net = networks.network(order=order, theta=theta, **shape)
        plain = networks.quantized(net, memory_bits=16, **WORDS)
        first = structured.with_sweeps(plain, theta=theta, rank=rank)
        second = structured.with_sweeps(plain, theta=other, rank=rank)
        return first, with_formats(second, first)

    return built


def with_formats(network: QuantizedNetwork, like: QuantizedNetwork) -> QuantizedNetwork:
    """Return the network with the formats of another one in its memories; codes stay."""

    def changed(node: MemoryNode, other: MemoryNode) -> MemoryNode:
        mine, update = node.update, other.update
        codes = {
            name: replace(getattr(mine, name), format=getattr(update, name).format)
            for name in ("decay", "coupling", "carry")
        }
        sweeps = {"forward": update.forward, "backward": update.backward}
        return replace(node, update=replace(mine, **codes, **sweeps))

    layers = []
    for layer, other in zip(network.layers, like.layers, strict=True):
        matching = {node.name: node for node in other.memories}
        nodes = tuple(
            changed(node, matching[node.name]) if isinstance(node, MemoryNode) else node
            for node in layer.nodes
        )
        layers.append(replace(layer, nodes=nodes))
    return replace(network, layers=tuple(layers))


SHAPES = {
    "one memory": {"order": 6, "theta": 24.0, "other": 13.0},
    "fed back": {"order": 5, "theta": 12.0, "other": 60.0, "hidden_to_memory": True},
    "two memories": {"order": 3, "theta": 9.0, "other": 30.0, "memory_d": 2},
    "stack": {"order": 4, "theta": 12.0, "other": 40.0, "layers": 2, "dense": 2},
}
# Layers of a stack are loaded one by one, as a layer alone is: one number of lanes shows it.
CASES = [(name, n) for name in SHAPES for n in (1, 2, 3, 16, None) if name != "stack" or n == 3]


@pytest.mark.parametrize(("shape", "lanes"), CASES)
def test_loaded_coefficients_compute_the_other_window(pair, shape, lanes):
    network, other = pair(**SHAPES[shape])
    plan = fastest_plan(network, lanes, reloadable=Reloadable.MEMORY)
    writes = reload_words(plan, other)
    assert len(writes) == sum(node.rows for layer in network.layers for node in layer.memories)
    simulate(other, plan, lengths=(4, 1, 7), writes=writes)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_not_loaded_keeps_its_window(pair, shape):
    network, other = pair(**SHAPES[shape])
    plan = fastest_plan(network, 3, reloadable=Reloadable.MEMORY)
    simulate(network, plan, lengths=(3,))
    with pytest.raises(AssertionError):
        simulate(other, plan, lengths=(3,))


def test_a_higher_rank_is_loaded_too(pair):
    network, other = pair(order=5, theta=20.0, other=15.0, rank=2)
    plan = fastest_plan(network, 8, reloadable=Reloadable.MEMORY)
    simulate(other, plan, lengths=(4, 7), writes=reload_words(plan, other))


def test_every_cell_of_a_chain_is_loaded(pair):
    network, other = pair(order=7, theta=20.0, other=15.0)
    (layer,) = network.layers
    plan = LayerPlan(
        layer=layer, rows=4, columns=4, beat=4, memory_lanes=12, reloadable=Reloadable.MEMORY
    )
    plan = Plan(layers=(plan,))
    simulate(other, plan, lengths=(4, 7), writes=reload_words(plan, other))


def test_loading_the_same_coefficients_changes_nothing(pair):
    network, _ = pair(order=4, theta=20.0, other=15.0)
    plan = fastest_plan(network, 3, reloadable=Reloadable.MEMORY)
    simulate(network, plan, lengths=(6,), writes=reload_words(plan, network))


def test_blocks_of_addresses_follow_the_layers(pair):
    network, other = pair(order=5, theta=12.0, other=40.0, layers=2)
    plan = fastest_plan(network, 1, reloadable=Reloadable.MEMORY)
    assert [address for address, _ in reload_words(plan, other)] == [*range(5), *range(8, 13)]
    assert AddressMap(plan).address_bits == 4


def test_only_a_reloadable_plan_has_the_port(pair):
    network, _ = pair(order=5, theta=12.0, other=40.0)
    for reloadable in (Reloadable.NONE, Reloadable.MEMORY):
        plan = fastest_plan(network, 1, reloadable=reloadable)
        text = emit_verilog(network, plan, digest="0" * 64)["tiny.v"]
        assert ("coefficient_write" in text) == (reloadable is Reloadable.MEMORY)


def test_a_network_without_structured_memories_has_no_port():
    network = networks.quantized(networks.network(), **WORDS)
    plan = fastest_plan(network, 1, reloadable=Reloadable.MEMORY)
    assert "coefficient_write" not in emit_verilog(network, plan, digest="0" * 64)["tiny.v"]
    with pytest.raises(NetworkError, match="no coefficients that can be written at run time"):
        reload_words(plan, network)


def _changed(network: QuantizedNetwork, **changes: Any) -> QuantizedNetwork:
    """Return the network with another update, or other fields of the node."""
    (layer,) = network.layers
    (node,) = layer.memories
    own = {name: value for name, value in changes.items() if hasattr(node.update, name)}
    others = {name: value for name, value in changes.items() if name not in own}
    changed = replace(node, update=replace(node.update, **own), **others)
    nodes = tuple(changed if other is node else other for other in layer.nodes)
    return replace(network, layers=(replace(layer, nodes=nodes),))


def test_what_does_not_fit_the_hardware_is_refused(pair):
    network, other = pair(order=4, theta=12.0, other=40.0)
    plan = fastest_plan(network, 1, reloadable=Reloadable.MEMORY)
    update = other.layers[0].memories[0].update
    requant = other.layers[0].memories[0].requant
    finer = replace(update.carry.format, int_bits=1)
    floor = replace(update.forward, rounding=Rounding.FLOOR)
    for message, changes in (
        ("the format of carry must be that", {"carry": replace(update.carry, format=finer)}),
        ("forward must be that of the hardware", {"forward": floor}),
        ("requant must be", {"requant": replace(requant, rounding=Rounding.HALF_EVEN)}),
        ("row shifts must be at most 15, not 16", {"shifts": (0, 1, 2, RELOADABLE_SHIFT + 1)}),
    ):
        with pytest.raises(NetworkError, match=f"lmu0.m: {message}"):
            reload_words(plan, _changed(other, **changes))


def test_w_must_be_zero_where_that_of_the_hardware_is(pair):
    network, other = pair(order=4, theta=12.0, other=15.0, rank=2)
    update = network.layers[0].memories[0].update
    codes = update.carry.codes.copy()
    codes[:, 1, 0] = 0
    plan = fastest_plan(
        _changed(network, carry=replace(update.carry, codes=codes)), 1, reloadable=Reloadable.MEMORY
    )
    with pytest.raises(NetworkError, match=r"W must be zero where .* but not at \[\(1, 0\)\]"):
        reload_words(plan, other)


def test_a_memory_of_another_kind_is_refused(pair):
    network, _ = pair(order=4, theta=12.0, other=15.0)
    plan = fastest_plan(network, 1, reloadable=Reloadable.MEMORY)
    with pytest.raises(
        NetworkError, match="lmu0.m: kind must be .* a semiseparable memory, not a sum"
    ):
        reload_words(plan, networks.quantized(networks.network(order=4), **WORDS))


_BENCH = """
module bench;
  reg clk = 0, write = 0;
  reg [2:0] address = 3, write_address = 3;
  reg [{top}:0] write_data = 5;
  wire [{top}:0] data;
  {module} rom(.clk(clk), .address(address), .enable(1'b1), .data(data),
    .write(write), .write_address(write_address), .write_data(write_data));
  always #1 clk = ~clk;
  initial begin
    @(posedge clk); #1 $display("%0d", data);
    write = 1; @(posedge clk); #1 $display("%0d", data);
    write = 0; write_data = 7; @(posedge clk); #1 $display("%0d", data);
    @(posedge clk); #1 $display("%0d", data);
    $finish;
  end
endmodule
"""


def test_the_emitted_memory_is_written_and_read(pair, tmp_path):
    require_simulator("icarus")
    network, _ = pair(order=5, theta=12.0, other=40.0)
    plan = fastest_plan(network, 1, reloadable=Reloadable.MEMORY)
    files = emit_verilog(network, plan, digest="0" * 64)
    word = files["tiny__lmu0_m_sweeps.hex"].splitlines()[3]
    assert "// coefficients of lmu0.m: address 0 + state" in files["tiny.v"]
    width = plan.layers[0].node(network.layers[0].memories[0]).word_bits
    files["bench.v"] = _BENCH.format(top=width - 1, module="tiny__lmu0_m_sweeps")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    command = ["iverilog", "-g2005", "-s", "bench", "-o", "bench", "bench.v", "tiny.v"]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = subprocess.run(["./bench"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert [int(line) for line in run.stdout.splitlines()] == [int(word, 16), int(word, 16), 5, 5]
