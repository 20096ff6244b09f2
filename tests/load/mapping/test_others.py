# SPDX-License-Identifier: Apache-2.0
"""A mapping that is not what was trained is refused with the one that is."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import StateMapping, draft_mapping, from_torch
from lmu_hw.load.mapping.others import other_mappings
from lmu_hw.load.objects import state_of
from tests.load.layouts import INPUTS, ORDER, UNITS, edited
from tests.load.port_layouts import joint, keras_names, lists


def checked(tmp_path, layout, text, x):
    path = tmp_path / "m.toml"
    path.write_text(text)
    y = np.array([layout.answer(sequence) for sequence in x])
    return from_torch(layout.state, mapping=path, check=(x, y))


@pytest.mark.parametrize(
    ("make", "wrong", "right"),
    [
        (
            joint,
            {"W_m": "cell.W_hxm.weight[:, 0:12]", "W_x": "cell.W_hxm.weight[:, 12:]"},
            'W_m = "cell.W_hxm.weight[:, 2:]" and W_x = "cell.W_hxm.weight[:, 0:2]" in layer lmu',
        ),
        (
            keras_names,
            {
                "E_h": "lmu.recurrent_kernel[12:, :] transposed",
                "E_m": "lmu.recurrent_kernel[0:12, :] transposed",
            },
            'E_h = "lmu.recurrent_kernel[0:5, :] transposed" and E_m = "lmu.recurrent_kernel[5',
        ),
    ],
)
def test_columns_of_a_common_matrix_are_named_the_right_way(tmp_path, rng, make, wrong, right):
    layout, x = make(rng), rng.normal(size=(2, 5, 2))
    text = edited(draft_mapping(layout.state), layout)
    checked(tmp_path, layout, text, x)
    for part, view in wrong.items():
        text = re.sub(rf"^{part} = .*", f'{part} = "{view}"', text, flags=re.MULTILINE)
    with pytest.raises(LoadError, match=re.escape(f"it agrees with {right}")):
        checked(tmp_path, layout, text, x)


def test_columns_that_are_wrong_everywhere_are_found(tmp_path, rng):
    layout, x = lists(rng), rng.normal(size=(2, 5, 2))
    text = edited(draft_mapping(layout.state), layout)
    for index, inputs in enumerate((INPUTS, UNITS)):
        start = f"lmus.{index}.cell.W_h.weight[:, "
        memory, both = f"{start}0:{ORDER}]", f"{start}{ORDER}:{ORDER + inputs}]"
        text = text.replace(memory, "MEMORY").replace(both, f"{start}0:{inputs}]")
        text = text.replace("MEMORY", f"{start}{inputs}:{ORDER + inputs}]")
    with pytest.raises(LoadError, match="agrees with the columns of all common matrices in the op"):
        checked(tmp_path, layout, text, x)


TWO = """version = 1
answers = "every step"
[layers.a]
kind = "dense"
W = "a"
activation = "tanh"
[layers.b]
kind = "dense"
W = "b"
activation = "linear"
[layers.n]
kind = "normalization"
mean = "m"
variance = "v"
epsilon = 0.0
"""


def test_layers_in_another_order_are_found(tmp_path, rng):
    state = {name: rng.normal(size=(2, 2)) for name in "ab"}
    state |= {"m": rng.normal(size=2), "v": rng.uniform(1, 2, size=2)}
    path = tmp_path / "m.toml"
    path.write_text(TWO)
    x = rng.normal(size=(2, 3, 2))
    y = (np.tanh(x @ state["b"].T @ state["a"].T) - state["m"]) / np.sqrt(state["v"])
    with pytest.raises(LoadError, match="agrees with the layers b and a in this order"):
        from_torch(state, mapping=path, check=(x, y))
    y = ((np.tanh(x @ state["a"].T) - state["m"]) / np.sqrt(state["v"])) @ state["b"].T
    with pytest.raises(LoadError, match="agrees with the layers n and b in this order"):
        from_torch(state, mapping=path, check=(x, y))


def test_an_order_that_makes_no_network_explains_nothing(tmp_path, rng):
    state = {"a": rng.normal(size=(3, 2)), "b": rng.normal(size=(2, 3))}
    path = tmp_path / "m.toml"
    path.write_text(TWO.partition("[layers.n]")[0])
    x = rng.normal(size=(2, 3, 2))
    with pytest.raises(LoadError, match="none of the usual suspects"):
        from_torch(state, mapping=path, check=(x, rng.normal(size=(2, 3, 2))))


def test_normalisations_of_a_list_are_moved_together(tmp_path, rng):
    layout = lists(rng)
    text = edited(draft_mapping(layout.state), layout)
    mapping = StateMapping.from_toml(text, where="m")
    others = dict(other_mappings(state_of(layout.state).tensors, mapping))
    moved = others["every normalisation before the layer that it is behind"]
    assert list(moved.layers)[:4] == ["norms_0", "lmus_0", "norms_1", "lmus_1"]
