# SPDX-License-Identifier: Apache-2.0
"""Formats and codes of structured memories, and which realization is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, LmuHwError
from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Discretizer, Memory, semiseparable
from lmu_hw.network import MemoryNode, realization_of
from lmu_hw.proofs import impulse_response, values
from lmu_hw.quantize import Config, MemoryRange, Options, Realization, configure, quantize
from lmu_hw.realize.recursions import recursion_formats, semiseparable_update
from lmu_hw.realize.semiseparable import SemiseparableRealization
from tests import networks, structured

STATE = FixedFormat(signed=True, int_bits=0, frac_bits=15)


def _update(order, theta, bits, **options):
    generators = semiseparable(*structured.signed_memory(order, theta), 1)
    formats = recursion_formats(generators, bits, STATE, STATE, where="m")
    return generators, semiseparable_update(generators, formats, where="m", **options)


@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (6, 24.0), (32, 128.0), (256, 784.0)])
@pytest.mark.parametrize("bits", [8, 12])
def test_codes_are_the_nearest(order, theta, bits):
    generators, update = _update(order, theta, bits, row_shifts=True)
    ulps = 2.0 ** -(update.decay.format.frac_bits + np.array(update.shifts))
    assert np.all(np.abs(update.decay.codes * ulps - generators.decay) <= ulps / 2)
    assert np.all(
        np.abs(update.coupling.codes[:, 0] * ulps - generators.coupling[:, 0]) <= ulps / 2
    )
    carry = update.carry.codes[:-1] * update.carry.format.ulp
    assert np.all(np.abs(carry - generators.carry[:-1]) <= update.carry.format.ulp / 2)
    assert update.decay.format.width == update.carry.format.width == bits
    # Row shifts use the format up: no row could be shifted by one more.
    rows = np.column_stack([update.decay.codes, update.coupling.codes]).max(axis=1)
    full = np.array(update.shifts) == 15
    assert np.all(full | (2 * rows + 1 > update.decay.format.max_code))


def test_products_and_bits_are_linear_in_the_order():
    sizes = [2, 16, 64, 256]
    updates = [_update(d, 4.0 * d, 8, row_shifts=False)[1] for d in sizes]
    products = [sum(one.count for one in update.products(STATE)) for update in updates]
    assert products == [5 * d - 4 for d in sizes]
    assert [one.coefficient_bits for one in updates] == [8 * (3 * d - 1) for d in sizes]


def _distance(memory, order, theta):
    ideal = impulse_response(*structured.signed_memory(order, theta), int(12 * theta))
    off = impulse_response(*memory, int(12 * theta)) - ideal
    return float(np.linalg.norm(off) / np.linalg.norm(ideal))


@pytest.mark.parametrize("order", [16, 32, 64])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_at_equal_bits_it_is_closer_than_dense(order, bits):
    theta = 4.0 * order
    net = networks.network(order=order, theta=theta)
    lmu = net.layers[0]
    net = replace(
        net,
        layers=(
            replace(lmu, memory=Memory.legendre(order, theta, Discretizer.BILINEAR)),
            *net.layers[1:],
        ),
    )
    x = networks.noise(net, sequences=2, steps=40)
    errors = {}
    for realization in (Realization.DENSE, Realization.SEMISEPARABLE):
        options = Options(
            memory_bits=bits,
            realization=realization,
            refit=False,
            memory_range=MemoryRange.SATURATE,
            repair=True,
        )
        network = quantize(net, configure(net, x, options), model_digest="")
        node = next(node for node in network.nodes if node.name == "lmu0.m")
        A = values(node, "lmu0.m", delayed=True)
        B = values(node, "lmu0.u", delayed=False)
        if realization is Realization.DENSE:
            signs = np.where(np.arange(order) % 2, -1.0, 1.0)
            A, B = signs[:, None] * A * signs, signs[:, None] * B
        config = configure(net, x, options)
        heard = config.memory_scale["lmu0"].u / config.memory_scale["lmu0"].m
        errors[realization] = _distance((A, B[:, 0] / heard), order, theta)
    assert errors[Realization.SEMISEPARABLE] < errors[Realization.DENSE] / 2


def test_sweeps_of_proved_states_are_short():
    net = networks.network(order=32, theta=128.0)
    x = networks.noise(net, sequences=4, steps=60)
    config = configure(net, x, Options(realization=Realization.SEMISEPARABLE, memory_bits=8))
    memory = config.nodes["lmu0.m"]
    assert memory.requant.overflow is Overflow.FORBID
    assert isinstance(memory.realization, SemiseparableRealization)
    assert memory.realization.forward == FixedFormat.parse("sQ1.16")
    assert memory.realization.backward == FixedFormat.parse("sQ-2.18")
    assert Config.from_toml(config.to_toml(), where="here") == config


@pytest.mark.parametrize(
    ("order", "theta", "bits", "expected"),
    [
        (3, 6.0, 12, "dense"),
        (16, 64.0, 8, "two-pass"),
        (16, 64.0, 14, "semiseparable of rank 2"),
        (64, 256.0, 10, "two-pass"),
        (64, 200.0, 10, "semiseparable of rank 1"),
    ],
)
def test_auto_takes_the_cheapest_that_is_as_close(order, theta, bits, expected):
    net = networks.network(order=order, theta=theta)
    x = networks.noise(net, sequences=4, steps=60)
    memory = configure(net, x, Options(realization=Realization.AUTO, memory_bits=bits)).nodes[
        "lmu0.m"
    ]
    assert memory.why[0].startswith(f"{expected}, ")
    assert "what reads it is off by at most" in memory.why[0] and "products" in memory.why[0]
    assert expected in (memory.realization.kind, memory.realization.title)


def test_auto_takes_sweeps_where_the_dense_memory_is_not_stable():
    net = networks.network(order=64, theta=512.0, units=2)
    x = networks.noise(net, sequences=2, steps=40)
    options = Options(realization=Realization.AUTO, memory_bits=8)
    memory = configure(net, x, options).nodes["lmu0.m"]
    assert memory.realization.title == "semiseparable of rank 1"
    assert memory.weights["carry"].width == 8
    assert memory.why[0] == "dense, 8 bits, is not stable"


def test_auto_leaves_a_memory_at_the_output_dense():
    net = networks.network(order=16, theta=64.0, hidden="none", input_to_hidden=False)
    x = networks.noise(net, sequences=4, steps=60)
    memory = configure(net, x, Options(realization=Realization.AUTO)).nodes["lmu0.m"]
    assert memory.realization.kind == "dense" and memory.refit == 0
    assert "output of the network" in memory.why[0]


@pytest.mark.parametrize(
    ("kind", "theta"), [(Realization.TWO_PASS, 64.0), (Realization.SCAN, 256.0)]
)
def test_running_sums_go_all_the_way(kind, theta):
    net = networks.network(order=16, theta=theta)
    x = networks.noise(net, sequences=4, steps=60)
    config = configure(net, x, Options(realization=kind, memory_bits=10))
    assert Config.from_toml(config.to_toml(), where="here") == config
    network = quantize(net, config, model_digest="")
    (memory,) = network.layers[0].memories
    assert realization_of(memory) == kind.value
    assert config.memory_scale["lmu0"].u == config.memory_scale["lmu0"].m
    golden = GoldenModel(network)
    y, _ = golden.run(golden.quantize_input(x))
    assert np.abs(golden.output_values(y) - net.run(x)).max() < 0.2


REFUSED = {
    "a window too short for Euler": (
        {"theta": 10.0},
        {"realization": Realization.SCAN},
        r"lmu0\.m: forward Euler must have a window above",
    ),
    "a window too short for two passes": (
        {"order": 32, "theta": 32.0},
        {"realization": Realization.TWO_PASS},
        r"lmu0\.m: two passes must have a window of at least",
    ),
    "a tolerance": (
        {},
        {"realization": Realization.SCAN, "memory_tolerance": 0.1},
        "`memory_tolerance` must come with `realization` semiseparable, not scan",
    ),
    "at the output": (
        {"hidden": "none", "input_to_hidden": False},
        {},
        r"lmu0: its memory is an output of the network",
    ),
    "error feedback": (
        {},
        {"error_feedback": True},
        "`error_feedback` must come with `realization` dense",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_structured_memory_cannot_do_is_refused(case):
    shape, options, message = REFUSED[case]
    net = networks.network(**{"order": 8, "theta": 32.0, **shape})
    x = networks.noise(net, sequences=2, steps=40)
    options = {"realization": Realization.SEMISEPARABLE, **options}
    with pytest.raises(LmuHwError, match=message):
        configure(net, x, Options(**options))


def test_a_memory_of_no_window_is_refused_by_name():
    net = networks.network(order=4, theta=12.0)
    lmu = net.layers[0]
    A = np.diag([0.9, 0.8, 0.7, 0.6])
    memory = Memory(A=A, B=np.ones(4), theta=None, discretizer=Discretizer.STORED)
    net = replace(net, layers=(replace(lmu, memory=memory), *net.layers[1:]))
    x = networks.noise(net, sequences=2, steps=40)
    with pytest.raises(ConfigError, match=r"lmu0\.m: its window must be known"):
        configure(net, x, Options(realization=Realization.SEMISEPARABLE))


def test_the_window_of_stored_matrices_is_found():
    net = networks.network(order=6, theta=30.0)
    lmu = net.layers[0]
    memory = replace(lmu.memory, theta=None, discretizer=Discretizer.STORED)
    net = replace(net, layers=(replace(lmu, memory=memory), *net.layers[1:]))
    x = networks.noise(net, sequences=2, steps=40)
    config = configure(net, x, Options(realization=Realization.SEMISEPARABLE))
    assert config.nodes["lmu0.m"].realization.theta == pytest.approx(30.0, rel=1e-6)


EDITS = {
    "another kind": ('kind = "semiseparable"', 'kind = "other"', "kind must be one of dense, "),
    "no rank": ("rank = 1", "rank = 0", "rank must be at least 1, not 0"),
    "no sweep": ("backward = ", "downward = ", "downward is a key that nobody knows"),
    "a short sweep": ('forward = "sQ1.16"', 'forward = "sQ1.3"', "forward recursion starts with"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_structure_is_checked(edit):
    net = networks.network(order=8, theta=32.0)
    x = networks.noise(net, sequences=2, steps=40)
    text = configure(net, x, Options(realization=Realization.SEMISEPARABLE)).to_toml()
    before, after, message = EDITS[edit]
    assert before in text
    with pytest.raises(Exception, match=message):
        quantize(net, Config.from_toml(text.replace(before, after), where="x"), model_digest="")


def test_a_memory_node_is_what_the_layer_holds():
    net = networks.network(order=8, theta=32.0)
    x = networks.noise(net, sequences=2, steps=40)
    config = configure(net, x, Options(realization=Realization.SEMISEPARABLE))
    network = quantize(net, config, model_digest="")
    assert [isinstance(node, MemoryNode) for node in network.layers[0].nodes[:2]] == [False, True]


def test_sweeps_whose_range_says_nothing_are_held_to_49_bits():
    generators = semiseparable(*structured.signed_memory(4, 16.0), 1)
    wild = replace(generators, carry=1e9 * generators.carry)
    for bits in (15, 20):
        fmt = FixedFormat(signed=True, int_bits=0, frac_bits=bits)
        assert recursion_formats(wild, 12 + 40, fmt, fmt, where="m").forward.width == 1 + 48
