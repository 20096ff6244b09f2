# SPDX-License-Identifier: Apache-2.0
"""Other coefficients on the command line: written in three forms, predicted, simulated, refused."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

import lmu_hw
from lmu_hw.cli.main import main
from lmu_hw.load import save
from tests import networks
from tests.retrained import retrained

NET = networks.network(order=3, theta=8.0, units=2, dense=2)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A folder with a reloadable design, another network of its shape, and one of another shape."""
    folder = tmp_path_factory.mktemp("reload")
    save(NET, folder / "model.npz")
    save(retrained(NET), folder / "retrained.npz")
    save(networks.network(order=4, theta=8.0, units=2, dense=2), folder / "larger.npz")
    np.save(folder / "x.npy", networks.noise(NET, sequences=2, steps=12))
    words = ["--weight-bits", "7", "--state-bits", "10", "--activation-bits", "7", "--lanes", "2"]
    target = ["-o", str(folder / "out"), "--calibrate", str(folder / "x.npy"), "--reloadable"]
    assert main(["generate", str(folder / "model.npz"), *target, *words]) == 0
    return folder


@pytest.fixture
def folder(generated, monkeypatch):
    """The same as the folder in which commands run."""
    monkeypatch.chdir(generated)
    (generated / "w.hex").unlink(missing_ok=True)
    return generated


def test_every_form_holds_the_writes(folder):
    for name in ("w.hex", "w.h", "w.py"):
        assert main(["reload", "out", "--model", "retrained.npz", "-o", name]) == 0
    writes = lmu_hw.reload("out", lmu_hw.load("retrained.npz")).writes
    assert runpy.run_path(str(folder / "w.py"))["WRITES"] == writes
    lines = [line.split() for line in (folder / "w.hex").read_text().splitlines()]
    assert [(int(a[1:], 16), int(w, 16)) for a, w in lines] == writes
    assert f"#define W_COUNT {len(writes)}u" in (folder / "w.h").read_text()


def test_answers_after_the_writes_are_predicted(folder):
    arguments = ["predict", "out", "--input", "x.npy"]
    assert main([*arguments, "-o", "y.npy"]) == 0
    assert main([*arguments, "--model", "retrained.npz", "-o", "z.npy"]) == 0
    reloaded = lmu_hw.reload("out", lmu_hw.load("retrained.npz")).design
    assert np.array_equal(np.load("z.npy"), reloaded.predict(np.load("x.npy")))
    assert not np.array_equal(np.load("y.npy"), np.load("z.npy"))


def test_hardware_computes_the_network_and_goes_back(folder, capsys):
    options = ["--simulator", "amaranth", "--max-cycles", "500", "--model", "retrained.npz"]
    assert main(["simulate", "out", *options]) == 0
    assert "equal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "larger.npz"], "lmu0.m: must have 3 rows, as the design has, not 4"),
        ([], "--model or --theta must be given"),
        (["--model", "none.npz"], "none.npz"),
    ],
)
def test_what_does_not_fit_leaves_no_file(folder, capsys, arguments, message):
    assert main(["reload", "out", *arguments, "-o", "w.hex"]) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "w.hex").exists()
