# SPDX-License-Identifier: Apache-2.0
"""Drafts of mappings name what they could not decide."""

from __future__ import annotations

import re
import tomllib

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Discretizer, discretize, legendre_system
from lmu_hw.load import StateMapping, draft_mapping
from tests.load.layouts import LAYOUTS, ORDER, legendre, linears
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


@pytest.mark.parametrize("names", [("lmu.enc", "lmu.rec"), ("lmu.enc", "lmu.fc_h")])
def test_a_layer_that_reads_memory_input_and_h_is_the_cell(tmp_path, rng, names):
    encoder, cell = names
    shapes = {
        f"{encoder}.weight": (1, 3),
        f"{cell}.weight": (7, ORDER + 3 + 7),
        f"{cell}.bias": (7,),
    }
    A, B = discretize(ORDER, 9.0, Discretizer.ZOH)
    state = {"lmu.A": A, "lmu.B": B} | {k: rng.normal(size=s) for k, s in shapes.items()}
    text = draft_mapping(write_nested(tmp_path / "m.pt", state))
    assert text.count("\n[layers.") == 1
    for part, first in (
        ("W_m", f"0:{ORDER}"),
        ("W_x", f"{ORDER}:{ORDER + 3}"),
        ("W_h", f"{ORDER + 3}:"),
    ):
        assert f'{part} = "?"  # "{cell}.weight[:, {first}' in text


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ({"fc.parametrizations.weight.original1": (3, 5)}, "remove the parametrization"),
        ({"fc.weight_g": (3, 5), "fc.weight_v": (3, 5)}, "remove the parametrization"),
        ({"cell.A": (9, 4, 4), "cell.B": (9, 4)}, "matrices that change from step to step"),
        ({"s4.log_dt": (8,), "s4.log_A_real": (8, 4)}, "A diagonal state space"),
        ({"lif.beta": (5,), "lif.threshold": (5,)}, "Leaks or thresholds of spiking neurons"),
        ({"['params']['kernel']": (3, 5)}, "cannot be written in a mapping: rename it"),
        ({"token_embedding.weight": (50, 8)}, "An Embedding is a table: look it up on the host"),
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


@pytest.mark.parametrize(
    ("stored", "view"),
    [
        (lambda A: A, "a"),
        (lambda A: A.T, "a transposed"),
        (lambda A: A - np.eye(ORDER), "a + I"),
        (lambda A: A.T - np.eye(ORDER), "a transposed + I"),
    ],
)
def test_a_trained_matrix_is_drafted_in_the_form_it_is_near_to(rng, stored, view):
    A, B = legendre(np.float64)
    trained = A + 0.02 * rng.normal(size=A.shape) * np.abs(A - np.eye(ORDER)).max()
    text = draft_mapping({"a": stored(trained), "b": B, "e_x": np.ones((1, 2))})
    assert f'A = "{view}"\n' in text
    assert re.search(r"# A is near that of a window of \d+\.?\d* steps, \d+% off", text)


def test_a_matrix_that_is_near_none_is_left_to_the_user(rng):
    text = draft_mapping({"a": rng.normal(size=(4, 4)), "b": rng.normal(size=4)})
    assert 'A = "?"  # "a" or "a transposed" or "a + I" or "a transposed + I"' in text


def test_a_window_beside_continuous_matrices_is_read(rng):
    A, B = legendre_system(4)
    text = draft_mapping({"c.A": A, "c.B": B, "c.theta": np.array(12.5), "c.e_x": np.ones((1, 2))})
    assert "theta = 12.5  # steps, of the tensor c.theta; over dt, if not 1" in text
    assert 'discretizer = "?"  # "zoh" (cont2discrete, expm), "euler"' in text


def test_an_lmu_without_feedback_is_known_without_its_matrices():
    shapes = {"W_u.weight": (1, 3), "W_u.bias": (1,), "W_h.weight": (5, 9), "W_h.bias": (5,)}
    text = draft_mapping({name: np.ones(shape) for name, shape in shapes.items()})
    assert 'kind = "lmu"' in text
    assert "order = 6  # what is left beside x in the cell's matrix" in text
    assert 'W_m = "?"  # "W_h.weight[:, 0:6]" or "W_h.weight[:, 3:9]"' in text


def drafted(shapes):
    """Return a draft for tensors of ones around a memory of order 4."""
    A, B = legendre_of(4)
    return draft_mapping({"A": A, "B": B} | {name: np.ones(of) for name, of in shapes.items()})


def legendre_of(order):
    return discretize(order, 9.0, Discretizer.ZOH)


def test_bare_matrices_behind_a_layer_are_dense_layers():
    shapes = {"E_x": (3, 1), "W_x": (3, 5), "W_m": (4, 5), "W_out": (5, 2), "b_out": (2,)}
    text = drafted(shapes)
    assert 'W = "W_out transposed"\nb = "b_out"\n' in text
    assert "Not placed" not in text


def test_a_memory_behind_two_layers_whose_cell_reads_the_input_is_a_layer_of_its_own():
    shapes = {
        "encoder.0.weight": (6, 3), "encoder.2.weight": (1, 6), "hidden.weight": (5, 7),
        "fc.weight": (2, 5),
    }  # fmt: skip
    text = drafted(shapes)
    names = ["encoder_0", "encoder_2", "lmu", "hidden", "fc"]
    assert re.findall(r"^\[layers\.(\w+)\]", text, flags=re.MULTILINE) == names
    assert 'cell = "none"' in text
    assert re.search(r'\[layers.hidden\]\nkind = "dense"\nreads = "\?"  # .*\["x", "lmu"\]', text)


def test_where_x_may_stand_behind_the_memory_the_user_says_so():
    assert 'input_to_hidden = "?"  # true where x' in drafted({"e_x": (1, 3), "fc.weight": (2, 7)})


def test_a_memory_of_order_1_is_known_by_its_name():
    A, B = legendre_of(1)
    text = draft_mapping({"lmu.A": A, "lmu.B": B, "lmu.e_x": np.ones((1, 3))})
    assert '# A and B are those of a window of 9 steps.\nA = "lmu.A"' in text
