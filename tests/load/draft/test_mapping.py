# SPDX-License-Identifier: Apache-2.0
"""Drafts of mappings name what they could not decide."""

from __future__ import annotations

import re
import tomllib

import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import StateMapping, draft_mapping
from tests.load.layouts import LAYOUTS, linears
from tests.load.port_layouts import PORT_LAYOUTS
from tests.load.torch_files import write_nested


@pytest.mark.parametrize("make", (*LAYOUTS, *PORT_LAYOUTS))
def test_a_draft_as_it_is_names_what_is_undecided(tmp_path, rng, make):
    layout = make(rng)
    path = write_nested(tmp_path / "m.pt", layout.state)
    text = draft_mapping(path)
    with pytest.raises(LoadError, match=r"m\.toml: must be decided: answers \(\"every step\""):
        StateMapping.from_toml(text, where="m.toml")
    undecided = {line.partition(" = ")[0] for line in text.splitlines() if ' = "?"' in line}
    assert undecided <= {key.rpartition(".")[2] for key in (*layout.decided, *layout.left_out)}


def test_a_draft_is_toml(tmp_path, rng):
    path = write_nested(tmp_path / "m.pt", linears(rng).state)
    assert list(tomllib.loads(draft_mapping(path))["layers"]) == ["lmu", "head"]


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ({"fc.parametrizations.weight.original1": (3, 5)}, "remove the parametrization"),
        ({"fc.weight_g": (3, 5), "fc.weight_v": (3, 5)}, "remove the parametrization"),
        ({"act.weight": (1,)}, "the slope of a PReLU"),
        ({"rnn.weight_hr_l0": (3, 5)}, "proj_size"),
        (
            {"rnn.weight_ih_l0_reverse": (8, 3), "rnn.weight_hh_l0_reverse": (8, 2)},
            "bidirectional layer",
        ),
        ({"attn.in_proj_weight": (9, 3)}, "Attention reads all steps"),
        ({"norm.weight": (5,), "norm.bias": (5,)}, "LayerNorm or RMSNorm.* train with BatchNorm1d"),
        ({"conv.weight": (5, 2, 3)}, "A convolution: run it on the host"),
    ],
)
def test_a_draft_says_what_to_do_about_layers_that_are_none_here(tmp_path, rng, state, hint):
    arrays = {name: rng.normal(size=shape) for name, shape in state.items()}
    assert re.search(f"#   .*{hint}", draft_mapping(write_nested(tmp_path / "m.pt", arrays)))
