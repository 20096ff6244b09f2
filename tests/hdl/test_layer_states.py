# SPDX-License-Identifier: Apache-2.0
"""States read and written from outside, in Amaranth's simulator: equal to the golden model's."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Const
from amaranth.sim import Simulator

from lmu_hw.golden import GoldenModel
from lmu_hw.hdl import layer_states
from lmu_hw.hdl.contexts import Contexts
from lmu_hw.hdl.top import NetworkTop
from lmu_hw.network import stream_of
from lmu_hw.plan import STATE_LATENCY, StateMap, interleaved
from tests.stateful import KINDS, inputs_of, plan_of

_LONG = 20_000  # cycles; a bench that hangs must fail


class Port:
    """A design in simulation, and what is done with it."""

    addresses = staticmethod(StateMap.addresses)

    def __init__(self, ctx, network, plan) -> None:
        self.ctx, self.network, self.plan = ctx, network, plan
        self.map = StateMap(plan)

    async def step(self, top, codes, *, last=False, stream=0):
        """Send one vector as whole packets; return its answer, or None if there is none."""
        ctx, packet = self.ctx, self.plan.source
        if packet.id_bits:
            ctx.set(top.s_axis_tid, stream)
        (beats,) = packet.encode(codes[None])
        for number, octets in enumerate(beats):
            ends = number == len(beats) - 1
            ctx.set(top.s_axis_tdata, int.from_bytes(octets.tobytes(), "little"))
            ctx.set(top.s_axis_tkeep, packet.keep(ends=ends))
            ctx.set(top.s_axis_tlast, ends)
            ctx.set(top.s_axis_tuser, ends and last)
            ctx.set(top.s_axis_tvalid, 1)
            await ctx.tick().until(top.s_axis_tready)
        ctx.set(top.s_axis_tvalid, 0)
        if self.network.answers_once and not last:
            return None
        return await self._answer(top)

    async def _answer(self, top):
        ctx, packet, beats = self.ctx, self.plan.answer, []
        ctx.set(top.m_axis_tready, 1)
        for _ in range(packet.beats):
            (word,) = await ctx.tick().sample(top.m_axis_tdata).until(top.m_axis_tvalid)
            beats.append(list(word.to_bytes(packet.bytes, "little")))
        ctx.set(top.m_axis_tready, 0)
        return packet.decode(np.array([beats]))[0].tolist()

    async def idle(self, top):
        """Wait until the port is ready."""
        for _ in range(_LONG):
            if self.ctx.get(top.state_ready):
                return
            await self.ctx.tick()
        raise AssertionError("the port is never ready")

    async def save(self, top, stream=0):
        """Return every vector of a stream."""
        await self.idle(top)
        state = {}
        for block in self.map.blocks:
            codes = []
            for address in self.addresses(self.map, block, stream):
                self.ctx.set(top.state_address, address)
                await self.ctx.tick().repeat(STATE_LATENCY)
                word, bits = self.ctx.get(top.state_read_data), self.map.data_bits
                codes.append(word - (1 << bits) if word >> bits - 1 else word)
            state[block.vector.name] = codes
        return state

    async def load(self, top, state, stream=0):
        """Write every vector of a stream."""
        await self.idle(top)
        for block in self.map.blocks:
            codes = np.ravel(state[block.vector.name]).tolist()
            addresses = self.addresses(self.map, block, stream)
            for address, code in zip(addresses, codes, strict=True):
                self.ctx.set(top.state_address, address)
                self.ctx.set(top.state_write_data, code & (1 << self.map.data_bits) - 1)
                self.ctx.set(top.state_write, 1)
                await self.ctx.tick()
        self.ctx.set(top.state_write, 0)


def simulate(network, plan, session):
    """Run a coroutine of a port and the top."""
    top = NetworkTop(plan)
    simulator = Simulator(top)
    simulator.add_clock(1e-6)

    async def run(ctx):
        await session(Port(ctx, network, plan), top)

    simulator.add_testbench(run)
    simulator.run()


def listed(state):
    return {name: np.ravel(codes).tolist() for name, codes in state.items()}


def answers_of(network, x, state=None):
    y, _ = GoldenModel(network).resume(x, state)
    return y.reshape(-1, network.output.size).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_is_read_cleared_written_back_and_gone_on_from(kind):
    make, lanes = KINDS[kind]
    network = make()
    plan = plan_of(network, lanes, stream=stream_of(32))
    golden, x = GoldenModel(network), inputs_of(network, 6)
    expected = golden.trace(x[:, :3]).state
    rest = answers_of(network, x[:, 3:], expected)

    async def session(port, top):
        zeros = await port.save(top)
        assert not any(any(codes) for codes in zeros.values())
        for codes in x[0, :3]:
            await port.step(top, codes)
        assert await port.save(top) == listed(expected)
        await port.step(top, x[0, 0], last=True)
        assert await port.save(top) == zeros
        await port.load(top, expected)
        assert await port.save(top) == listed(expected)
        answers = [await port.step(top, x[0, t], last=t == 5) for t in range(3, 6)]
        assert [answer for answer in answers if answer is not None] == rest

    simulate(network, plan, session)


@pytest.mark.parametrize("kind", ["dense, one multiplier", "scan", "two passes", "lstm"])
def test_a_sequence_begins_with_the_states_of_the_user(kind):
    make, lanes = KINDS[kind]
    network = make()
    plan, x = plan_of(network, lanes, stream=stream_of(32)), inputs_of(network, 2)
    random = np.random.default_rng(5)
    state = {
        block.vector.name: random.integers(-3, 4, (1, block.vector.size))
        for block in StateMap(plan).blocks
    }
    expected = answers_of(network, x, state)
    assert expected != answers_of(network, x)

    async def session(port, top):
        await port.load(top, state)
        assert [await port.step(top, codes) for codes in x[0]] == expected

    simulate(network, plan, session)


@pytest.mark.parametrize("kind", ["dense, read back", "two passes", "sweeps, two memories"])
def test_access_while_a_step_is_computed_has_no_effect(kind):
    make, lanes = KINDS[kind]
    network = make()
    plan, x = plan_of(network, lanes, stream=stream_of(32)), inputs_of(network, 5)
    expected = answers_of(network, x)

    top, random, refused = NetworkTop(plan), np.random.default_rng(2), []

    async def disturb(ctx):
        async for _ in ctx.tick():
            busy = not ctx.get(top.state_ready)
            ctx.set(top.state_address, int(random.integers(1 << StateMap(plan).address_bits)))
            ctx.set(top.state_write_data, int(random.integers(1 << StateMap(plan).data_bits)))
            ctx.set(top.state_write, busy)
            refused.append(busy)

    async def run(ctx):
        port = Port(ctx, network, plan)
        assert [await port.step(top, codes) for codes in x[0]] == expected

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.add_testbench(disturb, background=True)
    simulator.run()
    assert sum(refused) > 50


OF_STREAMS = {
    "dense, read back": 4,
    "error feedback": 2,
    "sweeps, two memories": 4,
    "scan, two memories": 4,
    "two passes, two memories": 2,
}
"""Kinds of state, and streams that have one each."""


@pytest.mark.parametrize("kind", OF_STREAMS)
def test_two_streams_exchange_their_states_while_the_others_keep_theirs(kind):
    streams, (make, lanes) = OF_STREAMS[kind], KINDS[kind]
    network = make()
    plan = interleaved(plan_of(network, lanes, stream=stream_of(32)), streams)
    golden = GoldenModel(network)
    inputs = [inputs_of(network, 4, seed=stream) for stream in range(streams)]
    states = [golden.trace(x[:, :2]).state for x in inputs]
    rest = [answers_of(network, x[:, 2:], s) for x, s in zip(inputs, states, strict=True)]
    exchanged = [1, 0, *range(2, streams)]

    async def session(port, top):
        for t in range(2):
            for stream, x in enumerate(inputs):
                await port.step(top, x[0, t], stream=stream)
        assert [await port.save(top, s) for s in range(streams)] == list(map(listed, states))
        await port.step(top, inputs[0][0, 0], last=True, stream=0)
        assert not any(map(any, (await port.save(top, 0)).values()))
        assert await port.save(top, 1) == listed(states[1])
        for stream in (0, 1):
            await port.load(top, states[exchanged[stream]], stream)
        answers = [
            [await port.step(top, inputs[of][0, t], stream=s) for s, of in enumerate(exchanged)]
            for t in (2, 3)
        ]
        assert [list(of) for of in zip(*answers, strict=True)] == [rest[of] for of in exchanged]

    simulate(network, plan, session)


def _next_address(states, block, stream=0):
    return [address + 1 for address in StateMap.addresses(states, block, stream)]


def _without_the_last(states, block, stream=0):
    addresses = StateMap.addresses(states, block, stream)
    return [*addresses[:-1], addresses[0]]


@pytest.mark.parametrize("broken", [_next_address, _without_the_last])
def test_a_map_that_is_off_by_one_or_lacks_a_word_is_found(monkeypatch, broken):
    kind = "dense, one multiplier"
    monkeypatch.setattr(Port, "addresses", staticmethod(broken))
    with pytest.raises(AssertionError):
        test_a_state_is_read_cleared_written_back_and_gone_on_from(kind)


def _nothing(*_arguments, **_options):
    return None


BROKEN = {
    "sums are not computed again": ("scan", "lmu_hw.hdl.layer.add_refresh", _nothing),
    "sums of two passes, too": ("two passes", "lmu_hw.hdl.layer.add_refresh", _nothing),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_hardware_that_keeps_old_sums_is_found(monkeypatch, fault):
    kind, place, broken = BROKEN[fault]
    monkeypatch.setattr(place, broken)
    with pytest.raises(AssertionError):
        test_a_state_is_read_cleared_written_back_and_gone_on_from(kind)


def test_hardware_that_keeps_old_sums_of_a_stream_is_found(monkeypatch):
    monkeypatch.setattr("lmu_hw.hdl.interleaved_layer.add_refresh", _nothing)
    with pytest.raises(AssertionError):
        test_two_streams_exchange_their_states_while_the_others_keep_theirs("scan, two memories")


def test_hardware_that_reaches_another_stream_is_found(monkeypatch):
    elaborate = Contexts.elaborate

    def swapped(self, platform):
        self.reached = ~self.reached
        return elaborate(self, platform)

    monkeypatch.setattr(Contexts, "elaborate", swapped)
    with pytest.raises(AssertionError):
        test_two_streams_exchange_their_states_while_the_others_keep_theirs("dense, read back")


class _NeverBusy(NetworkTop):
    """Takes every write, whatever is inside."""

    def _states(self, m, states, busy):
        super()._states(m, states, Const(0))
        m.d.comb += self.state_ready.eq(~busy)


def test_hardware_that_is_written_while_busy_is_found(monkeypatch):
    monkeypatch.setitem(globals(), "NetworkTop", _NeverBusy)
    with pytest.raises(AssertionError, match=r"\[\["):  # its answers
        test_access_while_a_step_is_computed_has_no_effect("dense, read back")


def test_hardware_whose_copy_of_states_is_not_written_is_found(monkeypatch):
    written = layer_states.connect_states

    def first_alone(m, access, blocks, memories, first_step):
        alone = {name: places[:1] for name, places in memories.items()}
        return written(m, access, blocks, alone, first_step)

    monkeypatch.setattr("lmu_hw.hdl.layer.connect_states", first_alone)
    with pytest.raises(AssertionError):
        test_a_state_is_read_cleared_written_back_and_gone_on_from("sweeps, read back")
