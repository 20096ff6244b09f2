# SPDX-License-Identifier: Apache-2.0
"""Semiseparable memories in Amaranth's simulator: every word equal to the golden model's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from lmu_hw.fixed import FixedFormat, Overflow, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.semiseparable import SemiseparableUnit
from lmu_hw.network import Codes, MemoryNode, QuantizedNetwork
from lmu_hw.plan import LayerPlan, Plan
from tests import networks, structured
from tests.hdl.bench import simulate
from tests.plans import fastest_plan

WORDS: dict[str, Any] = {"weight_bits": 6, "state_bits": 10, "activation_bits": 6}

SHAPES: dict[str, dict[str, Any]] = {
    "everything fed back": {"order": 6, "hidden_to_memory": True, "memory_to_memory": True},
    "two memories": {"memory_d": 2, "order": 3, "memory_to_memory": True, "inputs": 3},
    "three memories": {"memory_d": 3, "order": 2, "hidden_to_memory": True, "units": 5},
    "dense cell": {"hidden": "dense", "activation": "relu", "units": 5, "order": 4},
    "bare memory": {"hidden": "none", "input_to_hidden": False, "order": 5},
    "bare memories": {"hidden": "none", "input_to_hidden": False, "memory_d": 2, "inputs": 3},
    "memory beside its input": {"hidden": "none", "order": 4},
    "answers once": {"return_sequences": False, "hidden": "dense", "order": 4},
    "answers once, bare memory": {"return_sequences": False, "hidden": "none", "order": 4},
    "stack": {"layers": 2, "dense": 2, "dense_activation": "relu", "hidden_to_memory": True},
    "bare memory before dense": {"hidden": "none", "input_to_hidden": False, "dense": 3},
}
LANES = (1, 2, 3, 6, 16, None)


@pytest.fixture(scope="module")
def build():
    """Return a builder of networks whose memories are semiseparable."""

    def built(*, order: int = 3, windows: float = 4.0, rank: int = 1, **options) -> Any:
        theta = windows * order
        sweeps = {key: options.pop(key) for key in ("bits", "row_shifts") if key in options}
        words = WORDS | {key: options.pop(key) for key in tuple(options) if key in WORDS}
        net = networks.network(order=order, theta=theta, **options)
        plain = networks.quantized(net, memory_bits=16, **words)
        return structured.with_sweeps(plain, theta=theta, rank=rank, **sweeps)

    return built


def memory(network: QuantizedNetwork) -> MemoryNode:
    """Return the first structured memory."""
    return network.layers[0].memories[0]


def with_memory(network: QuantizedNetwork, **changes: Any) -> QuantizedNetwork:
    """Return the network with another first memory; changes are of its update or of the node."""
    node = memory(network)
    own = {name: value for name, value in changes.items() if hasattr(node.update, name)}
    others = {name: value for name, value in changes.items() if name not in own}
    changed = replace(node, update=replace(node.update, **own), **others)
    layer = network.layers[0]
    nodes = tuple(changed if other is node else other for other in layer.nodes)
    return replace(network, layers=(replace(layer, nodes=nodes), *network.layers[1:]))


def full_scale(network: QuantizedNetwork, steps: int) -> list[np.ndarray]:
    """Return a long extreme input, and one whose sign changes at random."""
    fmt, random = network.input.format, np.random.default_rng(5)
    shape = (steps, network.inputs)
    return [np.full(shape, fmt.max_code), random.choice([fmt.min_code, fmt.max_code], shape)]


@pytest.mark.every(3)
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("order", [1, 2, 3, 6, 17])
def test_every_order_answers_as_the_golden_model(build, order, lanes):
    network = build(order=order)
    simulate(network, fastest_plan(network, lanes), lengths=(1, 2, 5))


@pytest.mark.every(3)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("lanes", [1, None])
def test_every_shape_answers_as_the_golden_model(build, shape, lanes):
    network = build(**SHAPES[shape])
    simulate(network, fastest_plan(network, lanes), lengths=(1, 2, 5))


@pytest.mark.parametrize("shape", SHAPES)
def test_pauses_and_back_pressure_change_no_word(build, shape):
    network = build(**SHAPES[shape])
    simulate(network, fastest_plan(network, 5), lengths=(1, 2, 5), pause=0.6)


@pytest.mark.every(3)
@pytest.mark.parametrize("windows", [2.0, 16.0])
@pytest.mark.parametrize("row_shifts", [False, True])
@pytest.mark.parametrize("bits", [4, 8, 11])
def test_every_window_and_width_of_coefficients(build, windows, row_shifts, bits):
    network = build(order=6, windows=windows, row_shifts=row_shifts, bits=bits)
    assert (memory(network).update.max_shift > 0) <= row_shifts
    simulate(network, fastest_plan(network, 3), x_codes=full_scale(network, 20))


@pytest.mark.every(3)
@pytest.mark.parametrize("lanes", [1, 7, None])
@pytest.mark.parametrize("rank", [2, 3])
@pytest.mark.parametrize("shape", ["everything fed back", "two memories"])
def test_a_higher_rank(build, rank, lanes, shape):
    network = build(rank=rank, **SHAPES[shape])
    simulate(network, fastest_plan(network, lanes), lengths=(1, 2, 5))


@pytest.mark.every(3)
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
def test_states_that_overflow(build, overflow, lanes):
    network = build(order=4, memory_to_memory=True)
    requant = memory(network).requant
    narrow = replace(requant.format, int_bits=requant.format.int_bits - 2)
    network = with_memory(network, requant=replace(requant, format=narrow, overflow=overflow))
    x_codes = full_scale(network, 16)
    assert GoldenModel(network).run(x_codes[0][None])[1]["lmu0.m"] > 0
    simulate(network, fastest_plan(network, lanes), x_codes=x_codes)


@pytest.mark.parametrize("rounding", Rounding)
def test_every_rounding_of_the_states(build, rounding):
    network = build(order=4)
    network = with_memory(network, requant=replace(memory(network).requant, rounding=rounding))
    simulate(network, fastest_plan(network, 3), x_codes=full_scale(network, 16))


@pytest.mark.every(3)
@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("order", [1, 4, 9])
@pytest.mark.parametrize("beat", [2, 4, 8])
def test_chains_of_states(build, beat, order, rank):
    network = build(order=order, rank=min(rank, order))
    (layer,) = network.layers
    plan = LayerPlan(layer=layer, rows=beat, columns=beat, beat=beat, memory_lanes=40)
    assert plan.node(memory(network)).chain == min(beat, 4)
    simulate(network, Plan(layers=(plan,)), lengths=(1, 2, 5))


@pytest.mark.every(3)
@pytest.mark.parametrize("rounding", [Rounding.HALF_UP, Rounding.FLOOR])
@pytest.mark.parametrize("sweep", ["forward", "backward"])
@pytest.mark.parametrize("finer", [-3, 9])
def test_every_rounding_and_binary_point_of_the_sweeps(build, sweep, rounding, finer):
    network = build(order=5)
    requant = getattr(memory(network).update, sweep)
    fmt = replace(requant.format, frac_bits=requant.format.frac_bits + finer)
    source = network.layers[0].signals["lmu0.u"].format
    if sweep == "forward" and fmt.frac_bits < source.frac_bits:
        fmt = replace(fmt, frac_bits=source.frac_bits)
    network = with_memory(network, **{sweep: replace(requant, format=fmt, rounding=rounding)})
    simulate(network, fastest_plan(network, 3), x_codes=full_scale(network, 16))


@pytest.mark.parametrize("lanes", [1, 3, 7, 16])
def test_random_coefficients_of_both_signs(build, lanes):
    network = build(order=5, rank=2)
    random, update = np.random.default_rng(lanes), memory(network).update
    fmt = FixedFormat(signed=True, int_bits=-1, frac_bits=7)
    wide = FixedFormat(signed=True, int_bits=8, frac_bits=12)

    def codes(*shape: int) -> Codes:
        return Codes(codes=random.integers(fmt.min_code, fmt.max_code + 1, shape), format=fmt)

    network = with_memory(
        network,
        decay=codes(5),
        coupling=codes(5, 2),
        carry=codes(5, 2, 2),
        shifts=(4, 0, 2, 1, 3),
        forward=replace(update.forward, format=wide),
        backward=replace(update.backward, format=wide),
        requant=replace(memory(network).requant, overflow=Overflow.SATURATE),
    )
    simulate(network, fastest_plan(network, lanes), x_codes=full_scale(network, 12))


@pytest.mark.every(3)
@pytest.mark.parametrize("lanes", [*LANES, 4, 7, 8])
@pytest.mark.parametrize("shape", ["everything fed back", "three memories", "bare memory"])
def test_steps_take_the_cycles_of_the_plan(build, shape, lanes):
    network = build(**SHAPES[shape])
    plan = fastest_plan(network, lanes)
    seen = simulate(network, plan, lengths=(6,))
    assert set(np.diff(seen.starts[0])[3:].tolist()) == {plan.cycles(last_step=False)}


def beats_of(unit: Any) -> list[tuple[int, int, int, int]]:
    """Return cycle, segment, beat and mask of what a unit writes in one step."""
    beats = []

    async def check(ctx):
        ctx.set(unit.start, 1)
        for cycle in range(200):
            if ctx.get(unit.write.valid):
                write = unit.write
                beats.append((cycle, *map(ctx.get, (write.segment, write.beat, write.mask))))
            await ctx.tick()
            ctx.set(unit.start, 0)

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(check)
    simulator.run()
    return beats


@pytest.mark.parametrize("lanes", [1, 2, 3, 6, 12])
def test_the_last_beat_leaves_after_the_latency(build, lanes):
    network = build(order=7)
    (layer,) = network.layers
    plan = LayerPlan(layer=layer, rows=4, columns=4, beat=4, memory_lanes=lanes)
    schedule = plan.node(memory(network))
    assert schedule.lanes == lanes
    unit = SemiseparableUnit(plan, memory(network))
    first, last = beats_of(unit)
    assert first[1:] == (0, 0, 0b1111)
    assert last == (schedule.busy + unit.latency - 1, 0, 1, 0b0111)


@pytest.mark.parametrize("lanes", [1, 2, 3])
@pytest.mark.parametrize("hidden", ["rnn", "none"])
def test_segments_take_turns_unless_the_layer_answers_with_them(build, hidden, lanes):
    network = build(order=4, memory_d=3, hidden=hidden, input_to_hidden=False)
    (layer,) = network.layers
    plan = LayerPlan(layer=layer, rows=1, columns=1, beat=1, memory_lanes=lanes)
    node = memory(network)
    unit = SemiseparableUnit(plan, node)
    beats = beats_of(unit)
    elements = [4 * segment + beat for _, segment, beat, _ in beats]
    assert elements == plan.written(node).tolist()
    assert (elements == sorted(elements)) == (hidden == "none")
    assert beats[-1][0] == plan.node(node).busy + unit.latency - 1


def test_the_previous_sequence_leaves_nothing_behind(build):
    network = build(order=4, hidden="none", input_to_hidden=False)
    loud, silent = full_scale(network, 9)[0], np.zeros((9, 1), int)
    seen = simulate(network, fastest_plan(network, 3), x_codes=[silent, loud, silent])
    assert seen.answers[:9] == seen.answers[-9:] != seen.answers[9:18]


@pytest.mark.every(3)
@pytest.mark.parametrize("field", ["decay", "coupling", "carry"])
@pytest.mark.parametrize("lanes", [1, 2, 3, 16])
def test_every_coefficient_counts(build, lanes, field):
    """Hardware of another network is noticed: the bench looks at all of them."""
    network = build(order=3, hidden="none", input_to_hidden=False)
    codes = getattr(memory(network).update, field)
    places = np.ndindex(codes.codes[:-1].shape if field == "carry" else codes.codes.shape)
    for place in places:
        other = codes.codes.copy()
        other[place] ^= 1 << (codes.format.width - 1)
        changed = with_memory(network, **{field: replace(codes, codes=other)})
        plan = fastest_plan(changed, lanes)
        with pytest.raises(AssertionError):
            simulate(network, plan, x_codes=full_scale(network, 6))
