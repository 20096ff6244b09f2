# SPDX-License-Identifier: Apache-2.0
"""Sequences of their own lengths through the commands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.load import save
from tests import networks

FORMATS = ["--weight-bits", "6", "--state-bits", "8", "--activation-bits", "6", "--lanes", "4"]
LENGTHS = np.array([3, 8, 5, 2])


@pytest.fixture(params=[True, False], ids=["every step", "once"])
def folder(request, here, run):
    """Return the folder, with a design whose calibration data are padded with junk."""
    random = np.random.default_rng(0)
    padded = random.uniform(-1.0, 1.0, (len(LENGTHS), 9, 1))
    padded[np.arange(9) >= LENGTHS[:, None]] = 99.0
    classes = random.integers(0, 2, (4, 9) if request.param else 4)
    np.savez(here / "v.npz", values=padded, lengths=LENGTHS, labels=classes)
    made = networks.network(dense=2, return_sequences=request.param)
    save(made, here / "v.safetensors")
    arguments = ["--calibrate", "v.npz", "--labels", "v.npz", *FORMATS]
    answer = run("generate", "v.safetensors", "-o", "v", *arguments)
    assert answer.status == 0, answer.err
    assert "On 4 calibration sequences of 2 to 8 steps" in answer.out
    assert "99" not in answer.err
    return here


def test_answers_are_those_of_each_sequence_alone(folder, run, refused):
    design, data = lmu_hw.read_design(folder / "v"), lmu_hw.read_data(folder / "v.npz").values
    assert run("predict", "v", "--input", "v.npz", "-o", "y.npz").status == 0
    alone = [design.predict(values[None])[0] for values in data]
    if design.network.answers_once:
        assert np.array_equal(np.load(folder / "y.npz"), alone)
        return
    answers = lmu_hw.read_data(folder / "y.npz").values
    assert all(np.array_equal(*pair) for pair in zip(answers, alone, strict=True))
    message = refused("predict", "v", "--input", "v.npz", "-o", "y.npy")
    assert "y.npy: must end in .npz, which holds values and lengths" in message
    assert not (folder / "y.npy").exists()


def test_words_of_hardware_are_those_of_the_steps(folder, run):
    data = ("--input", "v.npz", "--max-cycles", "2500")
    answer = run("simulate", "v", "--simulator", "amaranth", *data, "--json")
    assert answer.status == 0, answer.err
    assert f'"input_steps": {LENGTHS.sum()},' in answer.out


def test_reports_and_sweeps_count_steps(folder, run):
    once = lmu_hw.read_design(folder / "v").network.answers_once
    count = 4 if once else LENGTHS.sum()
    report = run("report", "v", "--input", "v.npz", "--labels", "v.npz", "--json")
    assert report.status == 0, report.err
    assert f'"answers": {count},' in report.out
    sweep = ("sweep", "v.safetensors", "-o", "map", "--calibrate", "v.npz", "--labels", "v.npz")
    answer = run(*sweep, "--weight-bits", "5", "--json")
    assert answer.status == 0, answer.err
    assert f'"answers": {count},' in answer.out
    page = (folder / "map" / "sweep.html").read_text(), (folder / "v" / "report.html").read_text()
    assert all("4 sequences of 2 to 8 steps" in " ".join(text.split()) for text in page)


def test_inspect_says_which_steps_are_left_out(here, run):
    save(replace(networks.network(dense=2), mask_value=-1.0), here / "m.safetensors")
    answer = run("inspect", "m.safetensors")
    assert "without steps that are all -1 (masked)" in " ".join(answer.out.split())


def test_the_folder_says_what_is_not_sent(here, run):
    save(replace(networks.network(dense=2), mask_value=-1.0), here / "m.safetensors")
    x = np.array([[[-1.0], [0.5], [-1.0]], [[0.25], [0.5], [0.75]]])
    np.save(here / "m.npy", x)
    assert run("generate", "m.safetensors", "-o", "m", "--calibrate", "m.npy", *FORMATS).status == 0
    text = " ".join((here / "m" / "README.md").read_text().split())
    assert "Masked steps, in which every input is -1 in the network's own units, are not" in text
    assert "Masked steps" not in (here / "out" / "README.md").read_text()
    assert run("verify", "m").status == 0
    assert run("predict", "m", "--input", "m.npy", "-o", "y.npz").status == 0
    assert np.load(here / "y.npz")["lengths"].tolist() == [1, 3]
