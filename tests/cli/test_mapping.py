# SPDX-License-Identifier: Apache-2.0
"""Mappings on the command line: drafted where a file is refused, taken back everywhere."""

from __future__ import annotations

import re

import numpy as np
import pytest
from safetensors.numpy import save_file

from lmu_hw.load import draft_mapping


@pytest.fixture
def unknown(tmp_path, monkeypatch, rng):
    """A state dict that no project writes, in the current folder."""
    shapes = {"mem.ex": (1, 2), "mem.wm": (3, 4), "mem.wx": (3, 2), "out.weight": (2, 3)}
    tensors = {name: rng.normal(size=shape) / 3 for name, shape in shapes.items()}
    save_file(tensors, tmp_path / "m.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "m.safetensors"


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def decide(text):
    """Return a draft with every question answered."""
    answers = {"answers": '"once"', "theta": "9.0", "discretizer": '"zoh"'}
    answers["activation"] = '"tanh"'
    return re.sub(r'(?m)^(\w+) = "\?".*$', lambda line: f"{line[1]} = {answers[line[1]]}", text)


def test_inspect_drafts_where_it_refuses(run, unknown):
    answer = run("inspect", unknown)
    assert answer.status == 2
    assert "--draft-mapping" in answer.err
    assert answer.out == draft_mapping(unknown)


def test_a_draft_is_edited_and_taken_back(run, refused, unknown, tmp_path):
    answer = run("inspect", unknown, "--draft-mapping", "m.toml")
    assert answer.status == 0, answer
    assert "5 keys are undecided" in answer.out
    assert "must be decided: answers" in refused("inspect", unknown, "--mapping", "m.toml")
    (tmp_path / "m.toml").write_text(decide((tmp_path / "m.toml").read_text()))
    shown = run("inspect", unknown, "--mapping", "m.toml")
    assert shown.status == 0 and "answers once, at the last step" in shown.out
    assert run("config", unknown, "--mapping", "m.toml").status == 0


def test_a_draft_is_not_written_over_a_file(refused, unknown, tmp_path):
    (tmp_path / "m.toml").write_text("mine")
    assert "must be a new file" in refused("inspect", unknown, "--draft-mapping", "m.toml")
    assert (tmp_path / "m.toml").read_text() == "mine"


@pytest.mark.parametrize("option", ["--theta=3", "--mapping=m.toml"])
def test_a_draft_goes_without_what_it_is_to_say(refused, unknown, option):
    message = refused("inspect", unknown, "--draft-mapping", "n.toml", option)
    assert "must be left out with --draft-mapping" in message


def test_files_that_say_their_layers_need_no_mapping(refused, here):
    message = refused("inspect", "model.safetensors", "--draft-mapping", "m.toml")
    assert "must be of a state dict" in message
    assert not (here / "m.toml").exists()


def test_a_mapping_comes_with_its_file(refused, here):
    assert "give --model" in refused("simulate", "out", "--mapping", "m.toml")


@pytest.mark.parametrize("option", ["--mapping", "--draft-mapping", "--theta"])
def test_a_design_has_no_mapping(refused, here, option):
    assert f"{option} must be left out with a folder" in refused("inspect", "out", option, "1")
