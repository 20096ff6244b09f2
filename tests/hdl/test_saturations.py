# SPDX-License-Identifier: Apache-2.0
"""Saturations counted by node, those inside units of memories too, as the golden model does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator

from lmu_hw.fixed import Overflow
from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.ports import saturating_nodes
from lmu_hw.hdl.top import NetworkTop
from lmu_hw.network import MemoryNode
from tests import networks, structured
from tests.plans import fastest_plan
from tests.random_networks import random_input
from tests.running_sums import STATE, memory_network, saturating, scan, two_pass


def sweeps():
    """Return a network whose memory has fewer integer bits than it needs."""
    words = {"weight_bits": 6, "state_bits": 9, "activation_bits": 6}
    plain = networks.quantized(networks.network(order=5), memory_bits=10, **words)
    network = structured.with_sweeps(plain, theta=6.0)
    (layer,) = network.layers
    nodes = tuple(narrowed(node) if isinstance(node, MemoryNode) else node for node in layer.nodes)
    return replace(network, layers=(replace(layer, nodes=nodes),))


def narrowed(node):
    fmt = replace(node.requant.format, int_bits=node.requant.format.int_bits - 3)
    return replace(node, requant=replace(node.requant, format=fmt, overflow=Overflow.SATURATE))


def sums(make, segments):
    """Return a network of a memory whose states are narrower than they become."""
    narrow = replace(STATE, int_bits=-1)
    update = make(5, 9.0, state=narrow)
    return memory_network(update, segments=segments, requant=saturating(narrow))


NETWORKS = {
    "scan, one lane": (lambda: sums(scan, 1), 1),
    "scan, padded words": (lambda: sums(scan, 2), 8),
    "two passes": (lambda: sums(two_pass, 2), 4),
    "sweeps": (sweeps, 4),
    "sweeps, unrolled": (sweeps, None),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_saturation_is_counted_once(kind):
    make, lanes = NETWORKS[kind]
    network = make()
    plan = replace(fastest_plan(network, lanes), registers=True)
    x = random_input(np.random.default_rng(1), network, 1, 8)
    _, outside = GoldenModel(network).run(x)
    assert outside[network.memories[0].name] > 3
    top, counts = NetworkTop(plan), [0] * len(saturating_nodes(plan))
    counters = [getattr(top, f"saturated_{place}") for place in range(len(counts))]

    async def watch(ctx):
        async for _, _, *seen in ctx.tick().sample(*counters):
            counts[:] = map(sum, zip(counts, seen, strict=True))

    async def feed(ctx):
        ctx.set(top.m_axis_tready, 1)
        for (octets,) in plan.source.encode(x[0]):
            ctx.set(top.s_axis_tdata, int.from_bytes(octets.tobytes(), "little"))
            ctx.set(top.s_axis_tvalid, 1)
            await ctx.tick().until(top.s_axis_tready)
        ctx.set(top.s_axis_tvalid, 0)
        await ctx.tick().until(~top.busy)

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(watch, background=True)
    simulator.add_testbench(feed)
    simulator.run()
    assert dict(zip(saturating_nodes(plan), counts, strict=True)) == {
        name: outside[name] for name in saturating_nodes(plan)
    }
