# SPDX-License-Identifier: Apache-2.0
"""The parts of a layer, each alone: what they compute, and when."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator

from lmu_hw.errors import NetworkError
from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.coefficients import rom_words
from lmu_hw.hdl.drain import Drain
from lmu_hw.hdl.mac import MacArray, shift_amounts
from lmu_hw.hdl.sequencer import Sequencer
from lmu_hw.hdl.storage import Rom, VectorMemory, pack
from lmu_hw.hdl.streams import InputBuffer
from lmu_hw.plan import DRAIN_LATENCY, MAC_LATENCY, LayerPlan, Storage, make_plan
from tests import networks, random_networks
from tests.hdl.bench import simulate

# A component whose constructor refuses its arguments is never elaborated.
pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")


@pytest.fixture(autouse=True)
def collected():
    """Collect components that a test only constructs here, where their warning is expected."""
    yield
    gc.collect()


WORDS = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}


def run(component, testbench: Callable) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.fixture
def plan() -> LayerPlan:
    """Return a layer with several rows, columns, groups and beats."""
    net = networks.network(order=6, units=5, inputs=3, hidden_to_memory=True)
    plan = make_plan(networks.quantized(net, **WORDS), 8).layers[0]
    assert plan.rows > 1 and plan.columns > 1
    return plan


def test_pack_puts_element_0_in_the_low_bits():
    assert pack(np.array([[1, -1], [-8, 7]]), 4) == [0xF1, 0x78]


def test_a_rom_answers_one_cycle_after_its_address():
    rom = Rom(name="r", words=[5, 6, 7], width=3)

    async def read(ctx):
        for address, word in enumerate([5, 6, 7]):
            ctx.set(rom.address, address)
            await ctx.tick()
            assert ctx.get(rom.data) == word

    run(rom, read)


def test_a_rom_without_words_is_refused():
    with pytest.raises(NetworkError, match="r: a ROM must have at least one word"):
        Rom(name="r", words=[], width=3)


@pytest.mark.parametrize(("columns", "beat"), [(1, 1), (4, 1), (4, 2), (4, 4), (8, 1)])
@pytest.mark.parametrize("pages", [1, 2])
def test_a_vector_memory_reads_words_of_what_was_written_by_beats(columns, beat, pages):
    segments, length, width = 2, 6, 5
    words = segments * -(-length // columns)
    storage = Storage(segments=segments, length=length, words=words)
    memory = VectorMemory(storage=storage, pages=pages, columns=columns, beat=beat, width=width)
    elements = np.random.default_rng(1).integers(1, 32, (pages, segments, -(-length // beat), beat))
    # The last beat fills its word up: nothing that is read was never written.
    expected = np.zeros((pages, segments, words // segments * columns), int)
    for index in range(elements.shape[2]):
        expected[:, :, index * beat : (index + 1) * beat] = elements[:, :, index]
    beats = elements.shape[2] * beat
    repeated = np.tile(elements[:, :, -1], expected.shape[2] // beat)
    expected[:, :, beats:] = repeated[:, :, beats:]

    async def check(ctx):
        ctx.set(memory.write_enable, 1)
        for page, segment, index in np.ndindex(*elements.shape[:3]):
            ctx.set(memory.write_page, page)
            ctx.set(memory.write_segment, segment)
            ctx.set(memory.write_beat, index)
            ctx.set(memory.write_data, pack(elements[page, segment, index][None], width)[0])
            await ctx.tick()
        ctx.set(memory.write_enable, 0)
        for page in range(pages):
            for word, content in enumerate(pack(expected[page].reshape(words, columns), width)):
                ctx.set(memory.read_page, page)
                ctx.set(memory.read_word, word)
                await ctx.tick()
                assert ctx.get(memory.read_data) == content

    run(memory, check)


def test_the_multiplier_array_finishes_a_sum_after_its_latency(plan):
    mac = MacArray(plan)
    assert mac.latency == MAC_LATENCY - 1  # one more cycle reads the memories
    random = np.random.default_rng(2)
    weights = random.integers(-32, 32, (3, plan.rows, plan.columns))
    operands = random.integers(-128, 128, (3, plan.columns))
    shifts = random.integers(0, len(shift_amounts(plan.layer)), 3)
    amounts = np.array(shift_amounts(plan.layer))[shifts]
    expected = sum((w @ x) << a for w, x, a in zip(weights, operands, amounts, strict=True))

    async def check(ctx):
        for index in range(3):
            ctx.set(mac.control.valid, 1)
            ctx.set(mac.control.first, index == 0)
            ctx.set(mac.control.last, index == 2)
            ctx.set(mac.control.shift, int(shifts[index]))
            ctx.set(mac.weights, weights[index].ravel().tolist())
            ctx.set(mac.operand, operands[index].tolist())
            await ctx.tick()
        ctx.set(mac.control.valid, 0)
        for _ in range(mac.latency - 1):
            assert not ctx.get(mac.done)
            await ctx.tick()
        assert ctx.get(mac.done)
        assert [ctx.get(mac.sums[row]) for row in range(plan.rows)] == expected.tolist()
        await ctx.tick()
        assert not ctx.get(mac.done)

    run(mac, check)


def test_the_drain_writes_its_first_beat_after_its_latency(plan):
    drain = Drain(plan, MacArray(plan).sums.shape())
    assert drain.latency == DRAIN_LATENCY
    seen = []

    async def check(ctx):
        ctx.set(drain.sums, [100 * n for n in range(plan.rows)])
        ctx.set(drain.tag.node, 1)
        ctx.set(drain.tag.restart, 1)
        ctx.set(drain.load, 1)
        await ctx.tick()
        ctx.set(drain.load, 0)
        for cycle in range(1, 2 * (drain.latency + plan.beats_per_group)):
            if ctx.get(drain.write.valid):
                seen.append((cycle, ctx.get(drain.write.beat), ctx.get(drain.write.mask)))
            await ctx.tick()

    run(drain, check)
    full = (1 << plan.beat) - 1
    first = drain.latency + 1
    assert seen == [(first + n, n, full) for n in range(plan.beats_per_group)]


def test_rom_words_hold_a_coefficient_for_each_multiplier(plan):
    node = plan.layer.nodes[-1]
    words, width = rom_words(plan, node)
    assert len(words) == plan.node(node).rom_words
    first = [(words[0] >> (width * lane)) % (1 << width) for lane in range(plan.lanes)]
    codes = node.terms[0].weights.codes[: plan.rows, : plan.columns] % (1 << width)
    padded = np.zeros((plan.rows, plan.columns), int)
    padded[: codes.shape[0], : codes.shape[1]] = codes
    assert first == padded.ravel().tolist()


def _beats(codes: list[int], beat: int) -> list[list[int]]:
    padded = codes + [0] * (-len(codes) % beat)
    return [padded[n : n + beat] for n in range(0, len(padded), beat)]


def test_the_input_buffer_holds_two_vectors_and_then_waits(plan):
    buffer = InputBuffer(plan)
    vectors = [[1, -2, 3], [4, 5, -6]]
    beats = [b for vector in vectors for b in _beats(vector, plan.beat)]

    async def check(ctx):
        ctx.set(buffer.i.valid, 1)
        for number, beat in enumerate(beats):
            assert ctx.get(buffer.i.ready)
            ctx.set(buffer.i.payload.data, beat)
            ctx.set(buffer.i.payload.last, number >= plan.input_beats)
            await ctx.tick()
        for _ in range(5):
            assert not ctx.get(buffer.i.ready)
            await ctx.tick()
        ctx.set(buffer.i.valid, 0)
        for n in range(2):
            assert ctx.get(buffer.available)
            assert ctx.get(buffer.last) == n
            assert await _words(ctx, plan, buffer) == vectors[n]
            ctx.set(buffer.drop, 1)
            await ctx.tick()
            ctx.set(buffer.drop, 0)
            assert ctx.get(buffer.i.ready)
        assert not ctx.get(buffer.available)

    run(buffer, check)


async def _words(ctx, plan: LayerPlan, buffer: InputBuffer) -> list[int]:
    """Read the present vector."""
    width, size = plan.layer.input.format.width, plan.layer.input.size
    codes = []
    for word in range(-(-size // plan.columns)):
        ctx.set(buffer.read_word, word)
        await ctx.tick()
        data = ctx.get(buffer.read_data)
        codes += [(data >> (width * n)) % (1 << width) for n in range(plan.columns)]
    half = 1 << (width - 1)
    return [(code ^ half) - half for code in codes[:size]]


@pytest.mark.parametrize("lanes", [1, 2, 3, 8, 16, None])
@pytest.mark.parametrize("last_step", [False, True])
@pytest.mark.parametrize("seed", [3, 14, 20])
def test_the_sequencer_takes_the_cycles_of_the_plan(seed, lanes, last_step):
    network = random_networks.random_network(np.random.default_rng(seed))
    plan = make_plan(network, lanes).layers[-1]
    sequencer = Sequencer(plan)
    finished = []

    async def check(ctx):
        ctx.set(sequencer.last_step, last_step)
        ctx.set(sequencer.start, 1)
        for cycle in range(30_000):
            if ctx.get(sequencer.finish):
                finished.append(cycle)
            if len(finished) == 3:
                return
            await ctx.tick()

    run(sequencer, check)
    assert np.diff(finished).tolist() == [plan.cycles(last_step=last_step)] * 2


def test_nodes_of_the_last_step_must_come_last():
    net = networks.network(hidden="dense", return_sequences=False)
    plan = make_plan(networks.quantized(net, **WORDS), 1).layers[0]
    early = (replace(plan.layer.nodes[0], last_only=True), *plan.layer.nodes[1:])
    layer = replace(plan.layer, nodes=plan.layer.nodes)
    object.__setattr__(layer, "nodes", early)  # the layer itself refuses it, too
    with pytest.raises(NetworkError, match="lmu0: nodes of the last step must come last"):
        Sequencer(replace(plan, layer=layer))


@pytest.mark.parametrize("lanes", [1, 4])
def test_an_answer_stays_while_it_is_not_taken(lanes):
    network = networks.quantized(networks.network(dense=3), **WORDS)
    x_codes = np.random.default_rng(1).integers(-128, 128, (1, 4, 1))
    seen = simulate(network, make_plan(network, lanes), x_codes=x_codes, pause=0.9)
    assert len(seen.answers) == len(GoldenModel(network).run(x_codes)[0][0])
