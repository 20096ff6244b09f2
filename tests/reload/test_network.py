# SPDX-License-Identifier: Apache-2.0
"""Another network for hardware that exists: what fits is computed, and what does not is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError, LmuHwError
from lmu_hw.folder import DesignFolder
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Discretizer, Network
from lmu_hw.manifest import read_plan
from lmu_hw.network import Node
from lmu_hw.reload import reload
from tests import networks, plain_bench
from tests.retrained import retrained
from tests.simulators import require_simulator

WORDS = {"weight_bits": 7, "state_bits": 10, "activation_bits": 7}
KINDS = {
    "dense": ({"order": 3, "theta": 8.0, "hidden_to_memory": True, "dense": 2}, {}),
    "sweeps": ({"order": 4, "theta": 14.0, "memory_d": 2}, {"realization": "semiseparable"}),
    "two passes": ({"order": 3, "theta": 40.0}, {"realization": "two-pass"}),
    "scan": (
        {"order": 3, "theta": 22.0, "discretizer": Discretizer.EULER},
        {"realization": "scan"},
    ),
    "lstm": ({"order": 3, "theta": 8.0, "hidden": "lstm"}, {"realization": "semiseparable"}),
}


def network_of(kind: str) -> Network:
    return networks.network(units=2, **KINDS[kind][0])


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            net, options = network_of(kind), KINDS[kind][1]
            x = networks.noise(net, sequences=2, steps=40)
            made[kind] = tmp_path_factory.mktemp("reload") / "out"
            design = lmu_hw.quantize(net, x, **options, **WORDS)
            lmu_hw.emit(design, made[kind], lanes=2, reloadable=True, stream_width="vector")
        return made[kind]

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_verilog_computes_the_network_that_was_written(folder_of, tmp_path, kind):
    require_simulator("icarus")
    folder = folder_of(kind)
    trained, other = Design.read(folder).network, reload(folder, retrained(network_of(kind)))
    design = plain_bench.Design(
        network=other.design.network,
        plan=read_plan(DesignFolder(folder), trained),
        sequences=[np.full((n, 1), trained.input.format.max_code) for n in (9, 1)],
        files={path.name: path.read_text() for path in (folder / "rtl").iterdir()},
        writes=tuple(other.writes),
    )
    answers = plain_bench.answers(tmp_path, design)
    assert answers == design.expected()
    assert answers != replace(design, network=trained).expected()


@pytest.mark.parametrize("kind", ["sweeps", "scan"])
def test_another_window_comes_with_the_network(folder_of, kind):
    folder, net = folder_of(kind), network_of(kind)
    longer = reload(folder, retrained(net, theta=30.0)).design.network
    own = reload(folder, retrained(net)).design.network
    (memory, other) = (network.memories[0].update for network in (own, longer))
    assert str(memory) != str(other)


def test_the_same_network_is_written_as_it_is(folder_of):
    folder = folder_of("dense")
    same = reload(folder, network_of("dense")).design
    x = networks.noise(network_of("dense"), sequences=1, steps=9)
    assert np.array_equal(same.predict(x), Design.read(folder).predict(x))


def test_what_is_not_read_has_weights_of_zero(folder_of):
    net = network_of("dense")
    deaf = replace(net, layers=(replace(net.layers[0], E_h=None), *net.layers[1:]))
    (u, *_) = reload(folder_of("dense"), deaf).design.network.nodes
    assert isinstance(u, Node)
    assert [bool(term.weights.codes.any()) for term in u.terms] == [False, True]


def test_rows_are_shifted_no_further_than_the_hardware_does(folder_of):
    folder = folder_of("dense")
    net, own = network_of("dense"), Design.read(folder).network
    (layer, head) = net.layers
    tiny = replace(head, W=head.W * np.array([[1.0], [2.0**-6]]))
    other = reload(folder, replace(net, layers=(layer, tiny))).design.network
    pairs = zip(own.nodes, other.nodes, strict=True)
    assert all(node.max_row_shift <= hardware.max_row_shift for hardware, node in pairs)
    GoldenModel(other)


def _hidden(net: Network, **changes) -> Network:
    (layer, *rest) = net.layers
    return replace(net, layers=(replace(layer, hidden=replace(layer.hidden, **changes)), *rest))


REFUSED = {
    "more units": (
        lambda net: networks.network(units=3, **KINDS["dense"][0]),
        "lmu0.h: must have 2 rows, as the design has, not 3",
    ),
    "another order": (
        lambda net: networks.network(units=2, **KINDS["dense"][0] | {"order": 4}),
        "lmu0.m: must have 3 rows, as the design has, not 4",
    ),
    "another cell": (
        lambda net: networks.network(units=2, hidden="lstm", **KINDS["dense"][0]),
        "lmu0: must have the nodes lmu0.u, lmu0.m, lmu0.h, as the design has, not lmu0.u, lmu0.m, ",
    ),
    "another source": (
        lambda net: networks.network(units=2, memory_to_memory=True, **KINDS["dense"][0]),
        "lmu0.u: must read lmu0.h[t-1], x, as the design does, not lmu0.m[t-1]",
    ),
    "one layer less": (
        lambda net: networks.network(units=2, **KINDS["dense"][0] | {"dense": 0}),
        "must have 2 layers, as the design has, not 1",
    ),
    "one answer": (
        lambda net: networks.network(units=2, return_sequences=False, **KINDS["dense"][0]),
        "lmu0: must answer at every step, as that of the design does",
    ),
    "large weights": (
        lambda net: _hidden(net, W_m=40.0 * net.layers[0].hidden.W_m),
        "lmu0.h: weights of lmu0.m: the weights must fit sQ",
    ),
    "a large bias": (
        lambda net: _hidden(net, b=np.array([1e3, 0.0])),
        "lmu0.h: its bias must be at most ",
    ),
    "another function": (
        lambda net: _hidden(net, activation="relu"),
        "lmu0.h: must have a tabulated function, as the hardware has it, not relu",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_by_name(folder_of, case):
    change, message = REFUSED[case]
    with pytest.raises(LmuHwError) as raised:
        reload(folder_of("dense"), change(network_of("dense")))
    assert message in str(raised.value)


def test_a_network_and_a_window_exclude_each_other(folder_of):
    for given in ({}, {"network": network_of("dense"), "theta": 9.0}):
        with pytest.raises(ConfigError, match="one of them and not both"):
            reload(folder_of("dense"), **given)


def test_a_dense_memory_takes_another_window_with_a_network_only(folder_of):
    with pytest.raises(ConfigError, match=r"lmu0\.m: .* not dense; .* or give a `network` with"):
        reload(folder_of("dense"), theta=9.0)
    longer = reload(folder_of("dense"), retrained(network_of("dense"), theta=9.0)).design.network
    assert longer.memories[0].rows == 3


def test_memories_alone_take_no_other_network(tmp_path):
    net = network_of("sweeps")
    design = lmu_hw.quantize(net, realization="semiseparable", **WORDS)
    lmu_hw.emit(design, tmp_path / "out", lanes=1, reloadable="memory")
    with pytest.raises(ConfigError, match="generate it with `reloadable` all"):
        reload(tmp_path / "out", net)


def test_a_margin_has_room_for_larger_weights(tmp_path):
    net = networks.network(units=2, **KINDS["dense"][0])
    x = networks.noise(net, sequences=2, steps=40)
    grown = retrained(net, factors=(1.8, 1.9))
    for margin in (1.0, 2.0):
        design = lmu_hw.quantize(net, x, weight_margin=margin, **WORDS)
        lmu_hw.emit(design, tmp_path / f"{margin:g}", lanes=2, reloadable=True)
    with pytest.raises(ConfigError, match="the weights must fit"):
        reload(tmp_path / "1", grown)
    assert reload(tmp_path / "2", grown).writes
