# SPDX-License-Identifier: Apache-2.0
"""Structured memories of the golden model against exact fractions, word for word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError, RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.network import Codes
from tests import networks, oracle, structured

CASES = {
    "one state": {"order": 1, "theta": 2.0},
    "two states": {"order": 2, "theta": 4.0},
    "the bilinear memory": {"order": 6, "theta": 18.0},
    "without row shifts": {"order": 6, "theta": 18.0, "row_shifts": False},
    "few bits": {"order": 9, "theta": 27.0, "bits": 4},
    "many bits": {"order": 5, "theta": 40.0, "bits": 18},
    "rank 2": {"order": 7, "theta": 20.0, "rank": 2},
    "rank 3": {"order": 8, "theta": 16.0, "rank": 3, "bits": 10},
    "two memories": {"order": 4, "theta": 9.0, "memory_d": 2},
    "feedback": {"order": 5, "theta": 12.0, "memory_to_memory": True, "hidden_to_memory": True},
    "no hidden cell": {"order": 5, "theta": 12.0, "hidden": "none", "dense": 2},
}
SWEEP = ("theta", "bits", "rank", "row_shifts")


def _built(case):
    options = dict(CASES[case])
    sweep = {name: options.pop(name) for name in SWEEP if name in options}
    net = networks.network(theta=sweep["theta"], **options)
    return structured.with_sweeps(networks.quantized(net), **sweep)


def _input(network, sequences=2, steps=5):
    fmt = network.input.format
    random = np.random.default_rng(1)
    return random.integers(fmt.min_code, fmt.max_code + 1, (sequences, steps, network.inputs))


@pytest.mark.parametrize("case", CASES)
def test_every_word_is_that_of_exact_fractions(case):
    network = _built(case)
    x = _input(network)
    trace = GoldenModel(network).trace(x)
    compared = 0
    for n, codes in enumerate(x.tolist()):
        slow = oracle.Oracle(network)
        slow.run(codes)
        assert set(slow.trace) == set(trace.codes) - {"x"}
        for name, vectors in slow.trace.items():
            assert np.array_equal(trace.codes[name][n], vectors), name
            compared += np.size(vectors)
    assert compared >= 2 * 5 * CASES[case]["order"]
    (memory,) = (node for node in network.nodes if node.name.endswith(".m"))
    assert np.any(trace.codes[memory.name])


def test_states_finer_than_what_a_sweep_carries_are_exact():
    net = networks.network(order=6, hidden="none", input_to_hidden=False)
    network = structured.with_sweeps(networks.quantized(net), theta=18.0, bits=4)
    (layer,) = network.layers
    u, m = layer.nodes
    coarse = replace(m.update.forward.format, frac_bits=u.signal.format.frac_bits)
    states = replace(m.requant.format, frac_bits=coarse.frac_bits + 9)
    forward = replace(m.update.forward, format=coarse)
    finer = replace(
        m,
        update=replace(m.update, forward=forward),
        requant=replace(m.requant, format=states),
    )
    assert m.update.carry.format.frac_bits + coarse.frac_bits < states.frac_bits
    network = replace(network, layers=(replace(layer, nodes=(u, finer)),))
    x = _input(network)
    trace = GoldenModel(network).trace(x)
    for n, codes in enumerate(x.tolist()):
        slow = oracle.Oracle(network)
        slow.run(codes)
        assert np.array_equal(trace.codes["lmu0.m"][n], slow.trace["lmu0.m"])


@pytest.mark.parametrize("part", ["decay", "coupling", "carry", "shifts"])
def test_every_coefficient_counts(part):
    network = _built("the bilinear memory")
    x = _input(network)
    expected = GoldenModel(network).trace(x).codes
    (layer,) = network.layers
    index, node = next((i, n) for i, n in enumerate(layer.nodes) if n.name.endswith(".m"))
    for state in range(node.rows - (part == "carry")):
        value = getattr(node.update, part)
        if part == "shifts":
            changed = (*value[:state], value[state] + 1, *value[state + 1 :])
        else:
            codes = value.codes.copy()
            codes[state] ^= 4
            changed = Codes(codes=codes, format=value.format)
        nodes = list(layer.nodes)
        nodes[index] = replace(node, update=replace(node.update, **{part: changed}))
        other = replace(network, layers=(replace(layer, nodes=tuple(nodes)),))
        actual = GoldenModel(other).trace(x).codes
        assert not np.array_equal(actual[node.name], expected[node.name]), state


def test_a_sweep_that_overflows_is_an_error():
    network = _built("the bilinear memory")
    (layer,) = network.layers
    index, node = next((i, n) for i, n in enumerate(layer.nodes) if n.name.endswith(".m"))
    wide = node.update.backward.format
    narrow = FixedFormat(signed=True, int_bits=wide.int_bits - 6, frac_bits=wide.frac_bits)
    update = replace(node.update, backward=replace(node.update.backward, format=narrow))
    nodes = list(layer.nodes)
    nodes[index] = replace(node, update=update)
    other = replace(network, layers=(replace(layer, nodes=tuple(nodes)),))
    with pytest.raises(RangeError, match=r"m backward must stay within"):
        GoldenModel(other).trace(_input(other, 4, 60))


FAULTS = {
    "decay": (lambda u: {"decay": Codes(codes=u.decay.codes[1:], format=u.decay.format)}, "shape"),
    "shifts": (lambda u: {"shifts": u.shifts[1:]}, "row shifts"),
    "formats": (
        lambda u: {
            "decay": Codes(
                codes=u.decay.codes, format=replace(u.decay.format, frac_bits=9, int_bits=0)
            )
        },
        "share a format",
    ),
    "saturation": (
        lambda u: {"forward": replace(u.forward, overflow=Overflow.SATURATE)},
        "forbid overflow",
    ),
    "rounding": (
        lambda u: {"backward": replace(u.backward, rounding=Rounding.HALF_EVEN)},
        "half_up or floor",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_update_that_does_not_fit_is_refused(fault):
    network = _built("the bilinear memory")
    (memory,) = network.layers[0].memories
    change, message = FAULTS[fault]
    with pytest.raises(NetworkError, match=message):
        replace(memory.update, **change(memory.update))


def test_a_sweep_that_cannot_hold_u_is_refused():
    network = _built("the bilinear memory")
    (layer,) = network.layers
    (memory,) = layer.structured
    coarse = Requant(
        format=FixedFormat(signed=True, int_bits=2, frac_bits=3),
        rounding=Rounding.FLOOR,
        overflow=Overflow.FORBID,
    )
    node = replace(memory, update=replace(memory.update, forward=coarse))
    nodes = tuple(node if one is memory else one for one in layer.nodes)
    with pytest.raises(NetworkError, match=r"the forward recursion starts with -u"):
        replace(layer, nodes=nodes)
