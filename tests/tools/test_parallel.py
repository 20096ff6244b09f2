# SPDX-License-Identifier: Apache-2.0
"""Memories that take one step per clock: every state after every step, in two simulators."""

from __future__ import annotations

import gc
import random
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator as AmaranthSimulator

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Overflow, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.network import MemoryNode
from lmu_hw.realize.scan import scan_update
from lmu_hw.realize.two_pass import two_pass_update
from tests import networks, structured
from tests.simulators import require_simulator
from tools.memory_bench.adder_order import EARLY
from tools.memory_bench.adders import NOTHING, Form, Interval, adder_graph
from tools.memory_bench.parallel import ParallelMemory, parallel_verilog

# A component that is refused is never used.
pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")

ORDERS = (1, 2, 6, 16)
STEPS = {16: 24}  # fewer where one takes long; 40 otherwise
UNIT = FixedFormat(signed=True, int_bits=0, frac_bits=15)


def _plain(order, **options):
    """Return a network that is one memory; 14 bits keep every order stable."""
    theta = max(4.0 * order, 6.0)
    net = networks.network(order=order, theta=theta, hidden="none", input_to_hidden=False)
    return networks.quantized(net, **{"memory_bits": 14, **options})


def _with_memory(network, memory):
    layer = network.layers[0]
    return replace(network, layers=(replace(layer, nodes=(layer.nodes[0], memory)),))


def _sweeps(order, *, fmt=UNIT, **options):
    """Return the network of a semiseparable memory whose states are fractions."""
    network = _plain(order)
    node = _memory(network)
    node = replace(node, requant=replace(node.requant, format=fmt))
    theta = max(4.0 * order, 6.0)
    return structured.with_sweeps(_with_memory(network, node), theta=theta, **options)


def _scan(order, bits):
    """Return the network of a forward Euler memory; it may saturate."""
    network = _plain(order)
    node = _memory(network)
    requant = replace(node.requant, overflow=Overflow.SATURATE)
    update = scan_update(
        order,
        3.3 * order**2 + 1.0,
        rate_bits=bits,
        state=requant,
        source=network.layers[0].signals["lmu0.u"].format,
        where="m",
    )
    memory = MemoryNode(
        layer=node.layer, segments=1, source="lmu0.u", update=update, requant=requant
    )
    return _with_memory(network, memory)


def _memory(network):
    (node,) = (node for node in network.nodes if node.name.endswith(".m"))
    return node


def _expected(network, steps):
    """Return u and the states after each step, from the golden model: full scale, then noise."""
    fmt = network.input.format
    noise = np.random.default_rng(0).integers(fmt.min_code, fmt.max_code + 1, steps)
    x = np.where(np.arange(steps) < steps // 2, fmt.max_code, noise)
    x[steps // 4 : steps // 2] = fmt.min_code
    trace = GoldenModel(network).trace(x[None, :, None])
    source = _memory(network)
    name = getattr(source, "source", "lmu0.u")
    return trace.codes[name][0, :, 0], trace.codes[source.name][0]


def _amaranth(network):
    """Compare every state after every step; return how many steps were compared."""
    order = _memory(network).rows
    u, states = _expected(network, STEPS.get(order, 40))
    dut = ParallelMemory(network.layers[0], _memory(network))
    compared = 0

    async def drive(ctx):
        nonlocal compared
        for code, expected in zip(u.tolist(), states.tolist(), strict=True):
            ctx.set(dut.u, code)
            ctx.set(dut.en, 1)
            await ctx.tick()
            ctx.set(dut.en, 0)  # what follows is no step
            ctx.set(dut.u, ~code)
            await ctx.tick()
            assert [ctx.get(dut.states[k]) for k in range(order)] == expected
            compared += 1

    simulator = AmaranthSimulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    assert states.any()
    return compared


@pytest.mark.parametrize("order", ORDERS)
def test_a_semiseparable_memory_is_that_of_the_golden_model(order):
    assert _amaranth(_sweeps(order)) == STEPS.get(order, 40)


@pytest.mark.parametrize(
    "options",
    [
        {"rank": 2},
        {"rank": 3, "bits": 10},
        {"bits": 4},
        {"bits": 16},
        {"row_shifts": False},
    ],
    ids=str,
)
def test_every_kind_of_sweep_is_that_of_the_golden_model(options):
    assert _amaranth(_sweeps(7, **options)) == 40


@pytest.mark.parametrize("overflow", [Overflow.FORBID, Overflow.SATURATE])
@pytest.mark.parametrize("rounding", Rounding)
def test_every_narrowing_of_the_states_is_that_of_the_golden_model(rounding, overflow):
    network = _sweeps(4)
    node = _memory(network)
    node = replace(node, requant=replace(node.requant, rounding=rounding, overflow=overflow))
    assert _amaranth(_with_memory(network, node)) == 40


def test_states_that_saturate_are_those_of_the_golden_model():
    network = _sweeps(4)
    node = _memory(network)
    narrow = replace(UNIT, int_bits=-4)
    requant = replace(node.requant, format=narrow, overflow=Overflow.SATURATE)
    network = _with_memory(network, replace(node, requant=requant))
    assert np.any(_expected(network, 40)[1] == narrow.max_code)
    assert np.any(_expected(network, 40)[1] == narrow.min_code)
    assert _amaranth(network) == 40


@pytest.mark.parametrize("rounding", [Rounding.HALF_UP, Rounding.FLOOR])
def test_every_narrowing_of_a_sweep_is_that_of_the_golden_model(rounding):
    network = _sweeps(6)
    node = _memory(network)
    update = replace(
        node.update,
        forward=replace(node.update.forward, rounding=rounding),
        backward=replace(node.update.backward, rounding=rounding),
    )
    assert _amaranth(_with_memory(network, replace(node, update=update))) == 40


@pytest.mark.parametrize("order", [1, 2, 6, 16])
def test_a_dense_memory_is_that_of_the_golden_model(order):
    assert _amaranth(_plain(order)) == STEPS.get(order, 40)


@pytest.mark.parametrize("order", [1, 2, 3, 9])
@pytest.mark.parametrize("bits", [1, 6])
def test_a_scan_memory_is_that_of_the_golden_model(order, bits):
    assert _amaranth(_scan(order, bits)) == STEPS.get(order, 40)


def test_reset_clears_the_states():
    network = _sweeps(4)
    dut = ParallelMemory(network.layers[0], _memory(network))
    seen = []

    async def drive(ctx):
        ctx.set(dut.u, 1000)
        ctx.set(dut.en, 1)
        await ctx.tick().repeat(3)
        seen.append([ctx.get(dut.states[k]) for k in range(4)])

    simulator = AmaranthSimulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    simulator.reset()
    simulator.run()
    assert any(seen[0]) and seen[0] == seen[1]


BENCH = """
module bench;
  reg clk = 0, rst = 1;
  reg [{u_width}-1:0] u [0:{steps}-1];
  wire [{bits}-1:0] states;
  integer n;
  top dut(.clk(clk), .rst(rst), .en(1'b1), .u(u[n]), .states(states));
  initial begin
    $readmemh("u.hex", u);
    n = 0; #1 clk = 1; #1 clk = 0; rst = 0;
    for (n = 0; n < {steps}; n = n) begin
      #1 clk = 1; #1 clk = 0; n = n + 1;
      $display("%h", states);
    end
  end
endmodule
"""


@pytest.mark.parametrize("order", ORDERS)
def test_the_verilog_is_that_of_the_golden_model(tmp_path, order):
    require_simulator("icarus")
    network, steps = _sweeps(order), 60 if order < 16 else 24
    u, states = _expected(network, steps)
    node = _memory(network)
    layer = network.layers[0]
    (tmp_path / "top.v").write_text(parallel_verilog(layer, node, name="top"))
    width, u_width = node.requant.format.width, layer.signals["lmu0.u"].format.width
    bench = BENCH.format(u_width=u_width, steps=steps, bits=width * order)
    (tmp_path / "bench.v").write_text(bench)
    mask = (1 << u_width) - 1
    (tmp_path / "u.hex").write_text("".join(f"{code & mask:x}\n" for code in u.tolist()))
    for command in (
        ["iverilog", "-g2005-sv", "-o", "bench.vvp", "bench.v", "top.v"],
        ["vvp", "-n", "bench.vvp"],
    ):
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    words = [int(line, 16) for line in run.stdout.split()]
    mask = (1 << width) - 1
    seen = [[word >> width * k & mask for k in range(order)] for word in words]
    assert np.array_equal(seen, states & mask)
    assert len(words) == steps


@pytest.fixture
def collected():
    """Components that refuse are never elaborated; here, and not in a later test, that is right."""
    yield
    gc.collect()


@pytest.mark.usefixtures("collected")
def test_a_node_that_is_no_memory_is_refused():
    layer = _plain(3).layers[0]
    with pytest.raises(NetworkError, match="lmu0.u: a parallel memory must be a linear sum"):
        ParallelMemory(layer, layer.nodes[0])


@pytest.mark.usefixtures("collected")
def test_error_feedback_is_refused():
    network = _plain(3, error_feedback=True)
    with pytest.raises(
        NetworkError, match="lmu0.m: a parallel memory must be without error feedback"
    ):
        ParallelMemory(network.layers[0], _memory(network))


@pytest.mark.usefixtures("collected")
def test_a_two_pass_memory_is_refused():
    network = _plain(3)
    node = _memory(network)
    requant = replace(node.requant, overflow=Overflow.SATURATE)
    source = network.layers[0].signals["lmu0.u"].format
    update = two_pass_update(3, 12.0, rate_bits=6, state=requant, source=source, where="m")
    memory = MemoryNode(
        layer=node.layer, segments=1, source="lmu0.u", update=update, requant=requant
    )
    network = _with_memory(network, memory)
    with pytest.raises(NetworkError, match="lmu0.m: a parallel memory cannot be 'two"):
        ParallelMemory(network.layers[0], memory)


def _evaluated(graph, values):
    """Return what an adder graph computes; wrong claims about its bits fail."""
    nodes = list(values)

    def value(operand):
        shifted = 0 if operand.node == NOTHING else nodes[operand.node] << operand.shift
        return shifted + operand.constant

    for adder in graph.adders:
        left, right = value(adder.left), value(adder.right)
        low = (1 << adder.passed) - 1
        assert not right & low or not (left & low or adder.subtract)
        total = left - right if adder.subtract else left + right
        total &= (1 << adder.width) - 1
        nodes.append(total - (total >> adder.width - 1 << adder.width) if adder.width else 0)
    return [value(output) for output in graph.outputs]


def test_adder_graphs_compute_their_forms():
    source = random.Random(1)
    width = 16
    compared = 0
    for _ in range(200):
        inputs = [Interval(-(1 << width - 1), (1 << width - 1) - 1)] * source.randint(1, 4)
        forms = [
            Form(
                terms=tuple(
                    (n, source.choice([0, 1, -1, 512, source.randint(-300, 300)]))
                    for n in range(len(inputs))
                ),
                constant=source.choice([0, 1, 127, 128]),
                bits=source.choice([10, 20, 40]),
            )
            for _ in range(source.randint(1, 4))
        ]
        graph = adder_graph(inputs, forms)
        for _ in range(10):
            values = [
                source.choice([one.low, one.high, source.randint(one.low, one.high)])
                for one in inputs
            ]
            for form, result in zip(forms, _evaluated(graph, values), strict=True):
                expected = sum(values[n] * code for n, code in form.terms) + form.constant
                assert (result - expected) % (1 << form.bits) == 0
                compared += 1
    assert compared >= 2000


def test_common_parts_are_computed_once():
    inputs = [Interval(-128, 127)] * 2
    # 5 x + 5 y twice: one sum of both, one multiple of it.
    forms = [Form(terms=((0, 5), (1, 5)), constant=0, bits=20)] * 2
    assert len(adder_graph(inputs, forms).adders) == 2


@pytest.mark.parametrize(("count", "late", "level"), [(4, 4, 2), (8, 8, 3), (4, 1, 1), (6, 2, 2)])
def test_few_adders_lie_behind_one_another(count, late, level):
    inputs = [Interval(-128, 127)] * count
    form = Form(terms=tuple((n, 1 << n) for n in range(count)), constant=0, bits=30)
    levels = [0] * late + [EARLY] * (count - late)
    assert adder_graph(inputs, [form], levels).level == level


def test_a_rounding_constant_in_free_bits_costs_no_adder():
    inputs = [Interval(-128, 127)] * 2
    form = Form(terms=((0, 16), (1, 1)), constant=8, bits=20)
    assert len(adder_graph(inputs, [form]).adders) == 1


def test_a_sum_of_nothing_is_its_constant():
    graph = adder_graph([Interval(-128, 127)], [Form(terms=((0, 0),), constant=3, bits=8)])
    assert not graph.adders
    assert _evaluated(graph, [100]) == [3]
