# SPDX-License-Identifier: Apache-2.0
"""Every rewriting of the float network is exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.lmu import Discretizer, LmuLayer, orthonormal_scale
from lmu_hw.quantize import Basis, MemoryScale, realize
from lmu_hw.quantize.transform import can_rescale
from tests import networks

NETWORKS = {
    "rnn": {
        "hidden": "rnn",
        "hidden_to_memory": True,
        "memory_to_memory": True,
        "memory_d": 2,
    },
    "dense cell": {"hidden": "dense", "dense": 2},
    "stack": {"layers": 2, "hidden_to_memory": True, "return_sequences": False, "dense": 2},
    "bare memory before dense": {
        "hidden": "none",
        "input_to_hidden": False,
        "memory_to_memory": True,
        "dense": 2,
    },
    "memory beside its input before dense": {"hidden": "none", "memory_d": 2, "dense": 2},
    "stack of bare memories": {"layers": 2, "hidden": "none", "input_to_hidden": False},
}


ONE = MemoryScale(u=1.0, m=1.0)


def realized(net, *, basis=Basis.ORTHONORMAL, scale=Fraction(1), memory=ONE):
    scales = {
        layer.name: memory
        for layer in net.layers
        if isinstance(layer, LmuLayer) and can_rescale(net, layer.name)
    }
    return realize(net, basis=basis, input_scale=scale, memory_scale=scales)


# An input that is passed on cannot be scaled.
SCALED = [
    (name, scale)
    for name in NETWORKS
    for scale in (Fraction(1), Fraction(1, 255))
    if scale == 1 or name != "memory beside its input before dense"
]


@pytest.mark.parametrize(("name", "scale"), SCALED)
@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("memory", [ONE, MemoryScale(u=0.3, m=0.4)])
def test_a_realized_network_answers_as_the_trained_one(name, scale, basis, memory):
    net = networks.network(order=6, inputs=2, **NETWORKS[name])
    x = networks.noise(net, sequences=2, steps=20)
    other = realized(net, basis=basis, scale=scale, memory=memory)
    expected = net.run(x)
    worst = np.max(np.abs(other.run(x * scale.denominator) - expected))
    assert worst <= 1e-9 * np.max(np.abs(expected))  # float: the same sums in another basis


@pytest.mark.parametrize("basis", Basis)
def test_states_are_divided_by_basis_and_scale(basis):
    net = networks.network(order=4, memory_d=2)
    x = networks.noise(net, sequences=1, steps=9)
    factors = orthonormal_scale(4) if basis is Basis.ORTHONORMAL else np.ones(4)
    actual = realized(net, basis=basis, memory=MemoryScale(u=2.5, m=3.0)).trace(x)
    expected = net.trace(x)
    assert np.allclose(actual["lmu0.u"] * 2.5, expected["lmu0.u"], rtol=1e-9)
    assert np.allclose(
        actual["lmu0.m"] * 3.0 * np.tile(factors, 2), expected["lmu0.m"], rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("order", [1, 8, 64])
@pytest.mark.parametrize("windows", [1.0, 4.0])
def test_a_rebased_memory_is_passive(order, windows):
    net = networks.network(order=order, theta=windows * order)
    (layer,) = realized(net).layers
    assert np.linalg.norm(layer.memory.A, 2) <= 1 + 1e-12
    assert layer.memory.discretizer is Discretizer.STORED


def test_a_softmax_is_left_out():
    net = networks.network(dense=3, dense_activation="softmax")
    assert realized(net).layers[-1].activation == "linear"


def test_a_memory_at_the_output_keeps_its_basis():
    net = networks.network(hidden="none", order=4)
    assert not can_rescale(net, "lmu0")
    assert np.array_equal(realized(net).layers[0].memory.A, net.layers[0].memory.A)


def test_a_memory_that_is_passed_on_keeps_its_basis():
    net = networks.network(hidden="none", order=4, layers=2, dense=2)
    assert not can_rescale(net, "lmu0")
    assert can_rescale(net, "lmu1")


def test_a_memory_at_the_output_cannot_be_scaled():
    net = networks.network(hidden="none")
    message = "lmu0: its memory is an output of the network, so memory_scale must be 1, not u = 2.0"
    with pytest.raises(ConfigError, match=message):
        realize(
            net,
            basis=Basis.TRAINED,
            input_scale=Fraction(1),
            memory_scale={"lmu0": MemoryScale(u=2.0, m=2.0)},
        )


def test_an_input_that_is_passed_on_cannot_be_scaled():
    net = networks.network(hidden="none")
    with pytest.raises(ConfigError, match="lmu0: its input is passed on to the network's output,"):
        realized(net, scale=Fraction(1, 2))


@pytest.mark.parametrize("hidden", ["none", "rnn"])
def test_what_reads_copies_of_the_input_takes_its_scale(hidden):
    net = networks.passing(hidden=hidden)
    x = networks.noise(net, sequences=2, steps=5)
    # float64 against float64, divided by a power of two
    np.testing.assert_allclose(
        realized(net, scale=Fraction(1, 2)).run(2 * x), net.run(x), rtol=1e-12, atol=1e-12
    )
