# SPDX-License-Identifier: Apache-2.0
"""Graphs of NIR: memories, other linear systems, linear nodes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.signal import cont2discrete

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, RecurrentLayer
from lmu_hw.load import load
from tests.load.nir_files import EDGES, ORDER, TAU, integrator, memory, nir, written


def simulated(nodes, x, theta):
    """Return what the nodes of `memory` compute, u held within a step of tau / theta."""
    r, leak = nodes["m"].r, nodes["m"].v_leak
    size = len(r)
    B = nodes["drive"].weight
    A = (r[:, None] * nodes["back"].weight - np.eye(size)) / TAU
    drive = np.hstack([r[:, None] * B, leak[:, None]]) / TAU
    zeros = np.zeros((size, drive.shape[1]))
    discrete: Any = cont2discrete((A, drive, np.eye(size), zeros), TAU / theta, "zoh")
    Ad, Bd = discrete[:2]
    u = x @ nodes["encoder"].weight.T + nodes["encoder"].bias
    m, outputs = np.zeros((len(x), size)), []
    for t in range(x.shape[1]):
        m = m @ Ad.T + u[:, t] @ Bd[:, :-1].T + Bd[:, -1]
        outputs.append(m @ nodes["head"].weight.T + nodes["head"].bias)
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("memories", [1, 3])
def test_a_legendre_memory_is_known_by_its_numbers(tmp_path, rng, memories):
    nodes = memory(rng, memories)
    nodes["drive"].weight = -2.5 * nodes["drive"].weight
    network = load(written(tmp_path, nodes, EDGES), theta=9.0)
    layer, head = network.layers
    assert isinstance(layer, LmuLayer) and isinstance(head, DenseLayer)
    assert (layer.memory.order, layer.memory_d, layer.memory.theta) == (ORDER, memories, 9.0)
    assert layer.memory.discretizer is Discretizer.ZOH
    x = rng.normal(size=(2, 12, 2))
    # float64 against float64, sums in another order
    np.testing.assert_allclose(network.run(x), simulated(nodes, x, 9.0), atol=1e-10)
    assert any("NIR says neither step nor discretization" in note for note in network.notes)


@pytest.mark.parametrize("changed", [{"r": 0.8}, {"v_leak": 0.5}])
def test_another_linear_system_is_a_linear_recurrent_layer(tmp_path, rng, changed):
    nodes = memory(rng, **changed)
    network = load(written(tmp_path, nodes, EDGES), theta=9.0)
    assert isinstance(network.layers[0], RecurrentLayer)
    x = rng.normal(size=(2, 12, 2))
    # float64 against float64, two ways to a matrix exponential
    np.testing.assert_allclose(network.run(x), simulated(nodes, x, 9.0), atol=1e-10)


def test_integrators_alone_scales_and_sums(tmp_path, rng):
    nodes = {
        "filter": integrator(2),
        "gain": nir.Scale(np.array([2.0, -1.0])),
        "other": nir.Linear(rng.normal(size=(2, 2))),
    }
    edges = ["x filter", "filter gain", "x other", "gain y", "other y"]
    network = load(written(tmp_path, nodes, edges), theta=5.0)
    x = rng.normal(size=(2, 6, 2))
    kept, v, outputs = float(np.exp(-1 / 5)), np.zeros((2, 2)), []
    for t in range(6):
        v = kept * v + (1 - kept) * x[:, t]
        outputs.append(v * nodes["gain"].scale + x[:, t] @ nodes["other"].weight.T)
    # float64 against float64, sums in another order
    np.testing.assert_allclose(network.run(x), np.stack(outputs, axis=1), atol=1e-10)


def refused(path, message, theta: float | None = 9.0):
    with pytest.raises(LoadError, match=message) as caught:
        load(path, theta=theta)
    assert str(caught.value).startswith(str(path))


def test_the_step_must_be_stated(tmp_path, rng):
    path = written(tmp_path, memory(rng), EDGES)
    refused(path, r"'m' \(LI\): `theta` must be given: NIR says no step; .* 0.75 in the f", None)


def test_time_constants_must_be_one(tmp_path, rng):
    nodes = memory(rng) | {"slow": integrator(2, tau=1.5)}
    edges = [*EDGES[:-1], "head slow", "slow y"]
    refused(written(tmp_path, nodes, edges), "time constants of all LI nodes must be one")


SPIKING = {key: np.ones(2) for key in ("tau", "r", "v_leak", "v_threshold")}


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (nir.LIF(**SPIKING), r"\(LIF\): must not be in the graph; it answers with spikes"),
        (nir.I(r=np.ones(2)), r"\(I\): must not be in the graph; it never forgets"),
        (nir.Delay(np.ones(2)), r"\(Delay\): must not be in the graph; leave it to the host"),
        (nir.Linear(np.full((2, 2), np.nan)), "its numbers must be finite"),
    ],
)
def test_other_nodes_are_refused(tmp_path, rng, node, message):
    nodes = memory(rng) | {"more": node}
    refused(written(tmp_path, nodes, [*EDGES[:-1], "head more", "more y"]), message)


def test_another_loop_is_refused(tmp_path, rng):
    nodes = memory(rng) | {"loop": nir.Linear(np.ones((2, ORDER)))}
    path = written(tmp_path, nodes, [*EDGES, "m loop", "loop encoder"])
    refused(path, "loops must be back from a linear node to a leaky integrator only, not")


def test_two_ways_back_are_refused(tmp_path, rng):
    nodes = memory(rng) | {"again": nir.Linear(np.ones((ORDER, ORDER)))}
    path = written(tmp_path, nodes, [*EDGES, "m again", "again m"])
    refused(path, r"'m' \(LI\): what feeds it back must be one linear node, not \['back', 'again'")


def test_two_inputs_are_refused(tmp_path, rng):
    nodes = memory(rng) | {"z": nir.Input(input_type={"input": np.array([ORDER])})}
    refused(written(tmp_path, nodes, [*EDGES, "z head"]), "the nodes Input must be one, not")
