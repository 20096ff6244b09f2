# SPDX-License-Identifier: Apache-2.0
"""The own form: exact round trips, deterministic bytes, one digest, refusals by name."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from lmu_hw.errors import LoadError, NetworkError
from lmu_hw.lmu import Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_hw.load import load, network_digest, save

SUFFIXES = (".npz", ".safetensors")


def arrays(network):
    """Return every array of a network by layer and name."""
    found = {}
    for layer in network.layers:
        for owner in (layer, getattr(layer, "memory", None), getattr(layer, "hidden", None)):
            for item in dataclasses.fields(owner) if owner is not None else ():
                value = getattr(owner, item.name)
                if isinstance(value, np.ndarray):
                    found[f"{layer.name}.{type(owner).__name__}.{item.name}"] = value
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip_keeps_every_bit(network, tmp_path, suffix):
    path = tmp_path / f"other_name{suffix}"
    save(network, path)
    loaded = load(path)
    before, after = arrays(network), arrays(loaded)
    assert before.keys() == after.keys()
    assert len(before) == 14
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert (loaded.name, loaded.notes) == (network.name, network.notes)
    assert [layer.name for layer in loaded.layers] == ["lmu0", "lmu1", "head"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_network_gives_same_bytes(network, tmp_path, suffix):
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    save(network, first)
    save(load(first), second)
    assert first.read_bytes() == second.read_bytes()


def test_digest_does_not_depend_on_file_form_or_notes(network, tmp_path):
    digest = network_digest(network)
    assert len(digest) == 64
    for suffix in SUFFIXES:
        save(network, tmp_path / f"n{suffix}")
        assert network_digest(load(tmp_path / f"n{suffix}")) == digest
    assert network_digest(dataclasses.replace(network, notes=())) == digest


@pytest.mark.parametrize(
    ("layer", "change"),
    [
        (0, {"name": "other"}),
        (0, {"memory": Memory.legendre(4, 6.6, Discretizer.ZOH)}),
        (0, {"memory": Memory.legendre(4, 6.5, Discretizer.EULER)}),
        (0, {"E_m": None}),
        (0, {"encoder": "relu"}),
        (1, {"return_sequences": True}),
        (2, {"activation": "linear"}),
    ],
)
def test_digest_changes_with_the_network(network, layer, change):
    layers = list(network.layers)
    layers[layer] = dataclasses.replace(layers[layer], **change)
    changed = dataclasses.replace(network, layers=tuple(layers))
    assert network_digest(changed) != network_digest(network)


def test_digest_changes_with_the_last_bit_of_a_weight(network):
    head = network.layers[-1]
    weights = head.W.copy()
    weights[0, 0] = np.nextafter(weights[0, 0], 1.0)
    layers = (*network.layers[:-1], dataclasses.replace(head, W=weights))
    changed = dataclasses.replace(network, layers=layers)
    assert network_digest(changed) != network_digest(network)


def test_digest_is_stable_across_versions():
    hidden = SimpleCell(W_m=np.ones((1, 2)), W_x=None, W_h=None, b=None, activation="relu")
    layer = LmuLayer(
        name="a", memory=Memory.legendre(2, 3.0, Discretizer.ZOH), E_x=np.ones((1, 1)), E_h=None,
        E_m=None, b_u=None, hidden=hidden, input_to_hidden=False, return_sequences=True,
    )  # fmt: skip
    known = "fb016fb61c10acf14738a8aad2d16dd6d3a80da293487e71c11f17b1a30180c4"
    assert network_digest(Network(name="n", layers=(layer,))) == known


def test_importing_the_package_imports_no_file_libraries():
    code = (
        "import sys, lmu_hw.load; "
        "print([m for m in ('h5py', 'safetensors', 'torch', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_save_refuses_another_suffix(network, tmp_path):
    with pytest.raises(LoadError, match=r"suffix must be .npz or .safetensors, not '.h5'"):
        save(network, tmp_path / "n.h5")


def test_save_refuses_a_folder_that_is_not_there(network, tmp_path):
    with pytest.raises(LoadError, match="must be writable, but No such file"):
        save(network, tmp_path / "nowhere" / "n.npz")


def test_save_refuses_a_name_that_is_no_identifier(network, tmp_path):
    with pytest.raises(NetworkError, match=r"name of a network must be an identifier .*'a b'"):
        save(dataclasses.replace(network, name="a b"), tmp_path / "n.npz")


def test_save_refuses_matrices_that_would_not_come_back(network, tmp_path):
    memory = network.layers[0].memory
    wrong = dataclasses.replace(memory, A=memory.A * 1.001)
    layers = (dataclasses.replace(network.layers[0], memory=wrong), *network.layers[1:])
    with pytest.raises(NetworkError, match="A and B must be what zoh gives for order 4"):
        save(dataclasses.replace(network, layers=layers), tmp_path / "n.npz")


def test_save_refuses_a_legendre_memory_without_theta(network):
    wrong = dataclasses.replace(network.layers[0].memory, theta=None)
    layers = (dataclasses.replace(network.layers[0], memory=wrong), *network.layers[1:])
    with pytest.raises(NetworkError, match="theta must be given for the discretizer zoh"):
        network_digest(dataclasses.replace(network, layers=layers))


HEADER = {
    "format": 1,
    "name": "n",
    "layers": [
        {
            "kind": "lmu", "name": "l", "order": 2, "theta": 3.0, "memory_d": 1,
            "discretizer": "zoh", "hidden": "dense", "activation": "tanh",
            "return_sequences": True,
        },
        {"kind": "dense", "name": "d", "activation": "linear"},
    ],
}  # fmt: skip
TENSORS = {"l.E_x": (1, 1), "l.W_m": (3, 2), "d.W": (1, 3), "d.b": (1,)}


def write(path, *, header=None, layer=None, tensors=None):
    """Write an own-form file, changed: `layer` updates layer l; a None deletes."""
    description = {**json.loads(json.dumps(HEADER)), **(header or {})}
    if layer:
        description["layers"][0] |= layer
        description["layers"][0] = {
            key: value for key, value in description["layers"][0].items() if value != "delete"
        }
    shapes = {**TENSORS, **(tensors or {})}
    data = {key: np.full(shape, 0.5) for key, shape in shapes.items() if shape is not None}
    save_file(data, path, metadata={"lmu_hw": json.dumps(description)})
    return path


def test_input_to_hidden_defaults_to_the_presence_of_W_x(tmp_path):
    without: Any = load(write(tmp_path / "a.safetensors")).layers[0]
    connected: Any = load(write(tmp_path / "b.safetensors", tensors={"l.W_x": (3, 1)})).layers[0]
    assert (without.input_to_hidden, connected.input_to_hidden) == (False, True)


@pytest.mark.parametrize(
    ("notes", "expected"),
    [({"b": "2", "a": "1"}, ("a: 1", "b: 2")), (["x", "y"], ("x", "y")), ({}, ())],
)
def test_notes_are_an_object_or_a_list(tmp_path, notes, expected):
    assert load(write(tmp_path / "n.safetensors", header={"notes": notes})).notes == expected


REFUSED = [
    ({"header": {"format": 2}}, "format must be 1, not 2"),
    ({"header": {"format": True}}, "format must be 1, not True"),
    ({"header": {"extra": 1}}, "'extra' must be a known option"),
    ({"header": {"name": "a-b"}}, r"name must be an identifier .* not 'a-b'"),
    ({"header": {"layers": []}}, r"layers must be a list of layers, not \[\]"),
    ({"header": {"layers": [3]}}, "layer 0 must be a JSON object, not 3"),
    ({"header": {"notes": [1]}}, "notes must be an object or a list of strings"),
    ({"layer": {"extra": None}}, "layer 'l': 'extra' must be a known option"),
    ({"layer": {"name": "9"}}, "layer 0: name must be an identifier"),
    ({"layer": {"name": "d"}}, "layer 'd'"),
    ({"layer": {"kind": "gru"}}, "kind must be one of lmu, recurrent, dense, not 'gru'"),
    ({"layer": {"encoder": "softmax"}}, "softmax is supported on the last layer only"),
    ({"layer": {"encoder": None}}, "encoder must be a string, not None"),
    ({"layer": {"order": 0}}, "order must be an integer from 1 to 4096, not 0"),
    ({"layer": {"order": 5000}}, "order must be an integer from 1 to 4096, not 5000"),
    (
        {
            "layer": {"order": 1025, "hidden": "none", "activation": None},
            "tensors": {"l.W_m": None},
        },
        "layer 'l': order must be at most 1024, not 1025; keep its A and B in the own form",
    ),
    ({"layer": {"order": 2.0}}, "order must be an integer from 1 to 4096, not 2.0"),
    ({"layer": {"order": 3}}, "W_m must be 3 columns wide, memory_d . order, not .3, 2."),
    ({"layer": {"memory_d": True}}, "memory_d must be an integer"),
    ({"layer": {"memory_d": 2}}, "E_x must be 2 rows high"),
    ({"layer": {"theta": -1}}, "theta must be a positive finite number, not -1"),
    ({"layer": {"theta": 10**400}}, "theta must be a positive finite number"),
    ({"layer": {"theta": float("nan")}}, "theta must be a positive finite number, not nan"),
    ({"layer": {"theta": None}}, "theta must be a positive finite number, not None"),
    ({"layer": {"theta": 1e-9}}, r"theta must be from 0.001 to .* steps, not 1e-09"),
    ({"layer": {"discretizer": "tustin"}}, "must be one of zoh, euler, bilinear, stored"),
    ({"layer": {"discretizer": "stored"}}, "tensor 'A' must be in the file"),
    ({"layer": {"hidden": "rnn"}}, "hidden must be one of simple_rnn, dense, lstm, gru, none, not"),
    ({"layer": {"hidden": "lstm"}}, "tensor 'W_h' must be in the file"),
    ({"layer": {"recurrent_activation": "tanh"}}, "'recurrent_activation' must be a known option"),
    ({"layer": {"reset_after": False}}, "'reset_after' must be a known option"),
    ({"layer": {"hidden": "simple_rnn"}}, "tensor 'W_h' must be in the file"),
    ({"layer": {"hidden": "none"}}, "activation must be absent without a hidden cell"),
    ({"layer": {"activation": "delete"}}, "activation must be a string, not None"),
    ({"layer": {"activation": "mish"}}, "activation must be one of .* not 'mish'"),
    ({"layer": {"input_to_hidden": True}}, "W_x must be given exactly if input_to_hidden is on"),
    ({"layer": {"return_sequences": "delete"}}, "return_sequences must be true or false"),
    ({"layer": {"return_sequences": 1}}, "return_sequences must be true or false, not 1"),
    ({"tensors": {"l.E_x": None}}, "layer 'l': tensor 'E_x' must be in the file"),
    ({"tensors": {"l.W_h": (3, 3)}}, r"no tensor must be left over, but \['W_h'\] are"),
    ({"tensors": {"z.W": (3, 3)}}, r"nothing reads \['z.W'\]"),
    ({"tensors": {"d.W": (3,)}}, r"tensor 'W' must be a non-empty array of 2 .* not \(3,\)"),
    ({"tensors": {"l.E_x": (1, 0)}}, r"tensor 'E_x' must be a non-empty array"),
    ({"tensors": {"d.W": (1, 4)}}, "layer d must take the 3 outputs of l, not 4"),
    ({"tensors": {"l.b_h": (4,)}}, r"b must have the shape \(3,\), not \(4,\)"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_what_does_not_fit_is_refused_by_name(tmp_path, change, message):
    path = write(tmp_path / "n.safetensors", **change)
    with pytest.raises(LoadError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def test_stored_matrices_must_have_the_order(tmp_path):
    path = write(
        tmp_path / "n.safetensors",
        layer={"discretizer": "stored", "theta": None},
        tensors={"l.A": (2, 2), "l.B": (3,)},
    )
    with pytest.raises(LoadError, match="B must be as long as the order, 2, not"):
        load(path)
