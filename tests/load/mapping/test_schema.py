# SPDX-License-Identifier: Apache-2.0
"""Mappings that say nothing sensible, or cannot be read."""

from __future__ import annotations

import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load.mapping import StateMapping


def mapped(text):
    return StateMapping.from_toml(f"version = 1\n{text}", where="m.toml")


LMU = 'answers = "once"\n[layers.a]\nkind = "lmu"\nencoder = "linear"\n'
DENSE = 'answers = "every step"\n[layers.a]\nkind = "dense"\nW = "W"\n'


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
        (DENSE + 'activation = "leaky_relu"', "slope or slopes must be given with leaky_relu"),
        (DENSE + 'activation = "leaky_relu"\nslope = 0.1\nslopes = "a"', "one of the two"),
        (DENSE + 'activation = "relu"\nslope = 0.1', "left out of other activations"),
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
