# SPDX-License-Identifier: Apache-2.0
"""State dicts that nobody knows by name: drafted, decided, and computed as they were trained."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import draft_mapping, load
from lmu_hw.load.mapping import Cell, LmuEntry, StateMapping
from tests.load import torch_files
from tests.load.layouts import LAYOUTS, linears


def write(path, state):
    """Write a checkpoint as `torch.save` does, nested dictionaries and all."""
    arrays = {}

    def body(value):
        if isinstance(value, dict):
            pairs = [(torch_files.text(str(key)), body(item)) for key, item in value.items()]
            return torch_files.entries(pairs)
        if isinstance(value, np.ndarray):
            key = str(len(arrays))
            arrays[f"data/{key}"] = np.ascontiguousarray(value).tobytes()
            kind = torch_files.CLASSES[value.dtype.str[1:]]
            strides = [s // value.itemsize for s in np.ascontiguousarray(value).strides]
            storage = torch_files.storage(kind, key, value.size)
            return torch_files.tensor(storage, 0, value.shape, strides[: value.ndim])
        return torch_files.integer(value) if isinstance(value, int) else b"]"

    opcodes = body(state)
    return torch_files.write(path, opcodes, arrays)


def edited(text, layout):
    """Return a draft with what the layout's code decides."""
    lines, within = [], ""
    for line in text.splitlines():
        within = line[8:-1] + "." if line.startswith("[layers.") else within
        key = f"{within}{line.partition(' = ')[0]}"
        if key in layout.decided:
            line = f"{key.rpartition('.')[2]} = {json.dumps(layout.decided[key])}"
        lines += [] if key in layout.left_out else [line]
    return "\n".join(lines)


@pytest.mark.parametrize("make", LAYOUTS)
def test_a_decided_draft_computes_what_was_trained(tmp_path, rng, make):
    layout = make(rng)
    path = write(tmp_path / "m.pt", layout.state)
    (tmp_path / "m.toml").write_text(edited(draft_mapping(path), layout))
    network = load(path, mapping=tmp_path / "m.toml")
    x = rng.normal(size=(9, 2))
    # float64 against float64 and widened float32, sums in another order; a ZOH of its own
    np.testing.assert_allclose(network.run(x[None])[0], layout.answer(x), rtol=1e-6, atol=1e-7)
    assert network.answers_once is layout.once


@pytest.mark.parametrize("make", LAYOUTS)
def test_a_draft_as_it_is_names_what_is_undecided(tmp_path, rng, make):
    layout = make(rng)
    path = write(tmp_path / "m.pt", layout.state)
    text = draft_mapping(path)
    with pytest.raises(LoadError, match=r"m\.toml: must be decided: answers \(\"every step\""):
        StateMapping.from_toml(text, where="m.toml")
    undecided = {line.partition(" = ")[0] for line in text.splitlines() if ' = "?"' in line}
    assert undecided <= {key.rpartition(".")[2] for key in (*layout.decided, *layout.left_out)}


def mapped(text):
    return StateMapping.from_toml(f"version = 1\n{text}", where="m.toml")


LMU = 'answers = "once"\n[layers.a]\nkind = "lmu"\nencoder = "linear"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("answers = 1", "answers must be one of every step, once, not 1"),
        ('answers = "once"\n[layers]', "layers must hold at least one layer"),
        ('answers = "once"\nlayer = 1\n[layers]', "layer is a key that nobody knows"),
        (LMU + 'cell = "none"', "layers.a: theta must be given where A and B are not"),
        (LMU + 'cell = "none"\nA = "A"', "A and B must be given together"),
        (LMU + 'cell = "rnn"', "layers.a.cell must be one of none, dense, .* not 'rnn'"),
        (LMU + 'cell = "gru"\ntheta = 2\ngates = "r z"', "gates must be an order of n, r, z"),
        (LMU + 'cell = "none"\ntheta = 2\nE_x = "a[1,2,3]"', "layers.a.E_x: rows and columns"),
        ('answers = "once"\n[layers.a]\nkind = "conv"', "layers.a.kind must be one of lmu"),
        ("answers =", "must be TOML"),
    ],
)
def test_a_mapping_that_says_nothing_sensible_is_refused(text, message):
    with pytest.raises(LoadError, match=rf"m\.toml: .*{message}"):
        mapped(text)


def test_a_mapping_of_another_version_is_refused():
    with pytest.raises(LoadError, match="its version must be 1, not 2"):
        StateMapping.from_toml("version = 2", where="m.toml")


@pytest.mark.parametrize("content", [None, b"\xff", b" " * (1 << 20) + b"x"])
def test_a_mapping_that_cannot_be_read_is_refused_by_name(tmp_path, content):
    path = tmp_path / "m.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LoadError, match=r"m\.toml: must be (readable|a text|at most)"):
        StateMapping.read(path)


def test_a_mapping_is_refused_where_the_file_says_its_layers(files, tmp_path, rng):
    path = write(tmp_path / "m.pt", linears(rng).state)
    entry = LmuEntry(encoder="linear", cell=Cell.NONE, theta=3.0)
    mapping = StateMapping(
        answers=mapped(LMU + 'cell="none"\ntheta=1').answers, layers={"a": entry}
    )
    for suffix in (".keras", ".npz", ".safetensors"):
        with pytest.raises(LoadError, match="`mapping` must be left out"):
            load(files[suffix], mapping=mapping)
        with pytest.raises(LoadError, match="a mapping must be of a state dict"):
            draft_mapping(files[suffix])
    with pytest.raises(LoadError, match=r"every tensor must be part of a layer in mapping"):
        load(path, mapping=mapping)


def test_a_draft_is_toml(tmp_path, rng):
    path = write(tmp_path / "m.pt", linears(rng).state)
    assert list(tomllib.loads(draft_mapping(path))["layers"]) == ["lmu", "head"]


def test_foreign_arrays_load_by_a_mapping_too(tmp_path, rng):
    layout = linears(rng)
    np.savez(tmp_path / "m.npz", **layout.state)
    (tmp_path / "m.toml").write_text(edited(draft_mapping(tmp_path / "m.npz"), layout))
    x = rng.normal(size=(4, 2))
    network = load(tmp_path / "m.npz", mapping=str(tmp_path / "m.toml"))
    # float64 against widened float32, sums in another order
    np.testing.assert_allclose(network.run(x[None])[0], layout.answer(x), rtol=1e-6, atol=1e-7)
