# SPDX-License-Identifier: Apache-2.0
"""The quantized network on disk: exact, deterministic, and refused where damaged."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from lmu_hw.errors import LoadError
from lmu_hw.golden import GoldenModel
from lmu_hw.network.archive import design_digest, network_bytes, read_network
from tests import gated, networks, random_networks

KEY = "lmu_hw_design"


@pytest.fixture(scope="module")
def network():
    net = networks.network(layers=2, dense=2, dense_activation="relu", inputs=2, memory_d=2)
    return networks.quantized(net, weight_bits=6)


@pytest.fixture
def damaged(network, tmp_path):
    """Write the network with one change; return the path."""

    def write(change):
        path = tmp_path / "net.safetensors"
        path.write_bytes(network_bytes(network))
        with safe_open(path, framework="numpy") as file:
            header = json.loads(file.metadata()[KEY])
            names = file.keys()
            arrays = {name: file.get_tensor(name) for name in names}
        change(header, arrays)
        save_file(arrays, path, metadata={KEY: json.dumps(header)})
        return path

    return write


@pytest.mark.parametrize("seed", range(10))
def test_what_is_written_is_read_back(tmp_path, seed):
    network = random_networks.random_network(np.random.default_rng(seed))
    (tmp_path / "net").write_bytes(network_bytes(network))
    again = read_network(tmp_path / "net")
    assert design_digest(again) == design_digest(network)
    x_codes = random_networks.random_input(np.random.default_rng(1), network, 2, 4)
    assert np.array_equal(GoldenModel(again).run(x_codes)[0], GoldenModel(network).run(x_codes)[0])


@pytest.mark.parametrize("cell", ["lstm", "gru, reset before"])
def test_gated_layers_are_read_back(tmp_path, cell):
    network = gated.gated_network(cell, seed=3)
    (tmp_path / "net").write_bytes(network_bytes(network))
    again = read_network(tmp_path / "net")
    assert design_digest(again) == design_digest(network)
    assert [node.products for node in again.layers[0].elementwise] == [
        node.products for node in network.layers[0].elementwise
    ]


def test_the_same_network_gives_the_same_bytes(network, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(network_bytes(network))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_digest_sees_every_coefficient(network, damaged):
    def change(header, arrays):
        arrays["lmu0.u/bias"] = arrays["lmu0.u/bias"] + 1

    assert design_digest(read_network(damaged(change))) != design_digest(network)


def test_the_digest_sees_the_rounding(network, damaged):
    def change(header, arrays):
        header["layers"][0]["nodes"][0]["requant"][1] = "floor"

    assert design_digest(read_network(damaged(change))) != design_digest(network)


def test_the_digest_sees_error_feedback(network, damaged):
    def change(header, arrays):
        memory = header["layers"][0]["nodes"][1]
        memory["requant"][1] = "floor"
        memory.update(error_feedback=keeps)

    keeps = False
    without = read_network(damaged(change))
    keeps = True
    kept = read_network(damaged(change))
    assert [node.error_feedback for node in kept.layers[0].nodes] == [False, True, False]
    assert design_digest(kept) != design_digest(without)


@pytest.mark.parametrize("content", [b"", b"PK", b"\xff" * 100, b"\x02\0\0\0\0\0\0\0{}"])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "net"
    path.write_bytes(content)
    with pytest.raises(
        LoadError, match=r"cannot be read as a quantized network|its version must be 2"
    ):
        read_network(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(LoadError, match="cannot be read as a quantized network"):
        read_network(tmp_path / "none")


def test_metadata_that_is_not_json_is_refused(tmp_path):
    save_file({"a": np.zeros(1)}, tmp_path / "net", metadata={KEY: "{"})
    with pytest.raises(LoadError, match="cannot be read as a quantized network"):
        read_network(tmp_path / "net")


def test_another_version_is_refused(damaged):
    path = damaged(lambda header, arrays: header.update(version=3))
    with pytest.raises(LoadError, match="its version must be 2, not 3"):
        read_network(path)


def test_fractions_are_refused(damaged):
    def change(header, arrays):
        arrays["lmu0.u/bias"] = arrays["lmu0.u/bias"] + 0.5

    with pytest.raises(LoadError, match="must hold signed integers, not float64"):
        read_network(damaged(change))


def _first(header) -> dict:
    return header["layers"][0]["nodes"][0]


CHANGES = {
    "no layers": lambda h, a: h.update(layers=[]),
    "layers of another type": lambda h, a: h.update(layers=5),
    "a layer of another type": lambda h, a: h.update(layers=[5]),
    "no name": lambda h, a: h.pop("name"),
    "scale without meaning": lambda h, a: h.update(input_scale="1/0"),
    "a missing array": lambda h, a: a.pop("lmu0.u/bias"),
    "an array of another shape": lambda h, a: a.update(
        {"lmu0.m/weights lmu0.u": np.zeros(3, np.int8)}
    ),
    "codes beyond the format": lambda h, a: a.update({"lmu0.u/bias": np.full(2, 2**40)}),
    "error feedback beside another rounding": lambda h, a: _first(h).update(error_feedback=True),
    "an unknown rounding": lambda h, a: _first(h)["requant"].__setitem__(1, "up"),
    "a wrong format": lambda h, a: _first(h)["requant"].__setitem__(0, "Q1"),
    "a format of another type": lambda h, a: _first(h)["requant"].__setitem__(0, 1),
    "a source that is not there": lambda h, a: _first(h)["terms"][0].update(source="q"),
    "no terms": lambda h, a: _first(h).update(terms=[]),
    "an activation of another type": lambda h, a: _first(h).update(activation=3),
    "a sum of endless bits": lambda h, a: _first(h).update(sum_frac_bits=1 << 40),
    "an endless row shift": lambda h, a: _first(h).update(row_shifts=[1 << 40, 0]),
    "an array that nothing reads": lambda h, a: a.update(more=np.zeros(1, np.int8)),
    "an array that is read twice": lambda h, a: _first(h)["terms"][0]["weights"].update(
        array="lmu0.u/bias"
    ),
    "a name of another type": lambda h, a: _first(h).update(name=3),
    "a name of no role": lambda h, a: _first(h).update(name="lmu0.k"),
    "a name of another layer": lambda h, a: _first(h).update(name="dense.u"),
    "the role of another node": lambda h, a: _first(h).update(name="lmu0.m"),
    "a node that is no object": lambda h, a: h["layers"][0]["nodes"].insert(0, 3),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_damaged_file_is_refused(damaged, change):
    with pytest.raises(LoadError, match="is damaged: "):
        read_network(damaged(CHANGES[change]))
