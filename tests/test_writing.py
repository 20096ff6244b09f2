# SPDX-License-Identifier: Apache-2.0
"""Emission: deterministic, and without paths."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lmu_hw
from lmu_hw import emit, hdl
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError, ToolError
from lmu_hw.folder import DesignFolder
from lmu_hw.hdl import verilog
from lmu_hw.hdl._yosys import plain_names
from lmu_hw.lmu import Network
from lmu_hw.load import save
from lmu_hw.network.archive import read_network
from lmu_hw.plan import make_plan
from lmu_hw.quantize import Options, configure
from tests import networks

_AGAIN = """
import sys
import numpy as np
import lmu_hw
folder, target = sys.argv[1:]
x = np.load(f"{folder}/calibration.npy")
network = lmu_hw.load(f"{folder}/model.npz")
design = lmu_hw.quantize(network, x, weight_bits=6, state_bits=8, activation_bits=6)
lmu_hw.emit(design, target, lanes=4)
"""


@pytest.fixture(scope="module")
def model() -> Network:
    return networks.network(order=4, layers=2, dense=2, inputs=2)


@pytest.fixture(scope="module")
def design(model) -> Design:
    x = networks.noise(model, sequences=2, steps=5)
    config = configure(model, x, Options(weight_bits=6, state_bits=8, activation_bits=6))
    return Design.build(model, config, x)


@pytest.fixture(scope="module")
def folder(design, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("emit") / "out"
    emit(design, target, lanes=4)
    return target


@pytest.fixture
def quick(monkeypatch) -> None:
    """Leave Yosys out, where a test is about folders."""
    monkeypatch.setattr(hdl, "emit_verilog", lambda *_, digest: {"tiny.v": digest})


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of every file in a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_manifest_lists_every_other_file_with_its_digest(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    digests = contents(folder)
    assert "rtl/tiny.v" in digests
    del digests["manifest.json"]
    assert manifest["files"] == digests
    folder = DesignFolder(folder)
    assert set(digests) - set(folder.emitted) == set(DesignFolder.GENERATED)


def test_every_rom_that_verilog_names_is_there(folder):
    text = (folder / "rtl" / "tiny.v").read_text()
    named = set(re.findall(r'"(\w+\.hex)"', text))
    assert named == {path.name for path in (folder / "rtl").glob("*.hex")}
    assert named


def test_the_same_process_emits_the_same_bytes(design, folder, tmp_path):
    emit(design, tmp_path / "again", lanes=4)
    assert contents(tmp_path / "again") == contents(folder)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_emits_the_same_bytes(design, model, folder, tmp_path, seed):
    save(model, tmp_path / "model.npz")
    np.save(tmp_path / "calibration.npy", design.calibration.padded)
    command = [sys.executable, "-c", _AGAIN, str(tmp_path), str(tmp_path / "again")]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    subprocess.run(command, check=True, cwd=tmp_path, env=environment)
    assert contents(tmp_path / "again") == contents(folder)


def test_no_file_names_the_machine(folder):
    words = {str(Path.cwd()), str(folder.parent), "/tmp", socket.gethostname(), getpass.getuser()}
    words.add(str(Path(verilog.__file__).parents[2]))
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found = [w for w in words if len(w) > 4 and w.encode() in data]
            assert not found, (path, found)


def test_verilog_says_what_it_is(design, folder):
    text = (folder / "rtl" / "tiny.v").read_text()
    plan = make_plan(design.network, 4)
    assert design.digest in text
    assert f"{plan.cycles(last_step=False)} cycles per time step" in text
    for node in design.network.nodes:
        assert f"//   {node.name}: {node.signal.size} x {node.signal.format};" in text


def test_verilog_has_no_escaped_name(folder):
    assert "\\" not in (folder / "rtl" / "tiny.v").read_text()


def test_plain_names_stay_distinct():
    text = "wire \\a.b\nwire \\a_b\nwire \\a$b\nwire \\c\n"
    names = plain_names(text).split()[1::2]
    assert len(set(names)) == 4
    assert names[1] == "\\a_b" and names[3] == "\\c"


def test_an_emitted_design_is_read_back(design, folder):
    again = Design.read(folder)
    x = np.linspace(-1, 1, 12).reshape(1, 6, 2)
    assert (
        again.digest
        == design.digest
        == json.loads((folder / "manifest.json").read_text())["design_digest"]
    )
    assert np.array_equal(again.predict(x), design.predict(x))
    assert read_network(folder / "design.safetensors").name == "tiny"


@pytest.mark.usefixtures("quick")
def test_an_earlier_design_is_replaced_beside_what_else_is_there(design, tmp_path):
    emit(design, tmp_path / "new", lanes=4)
    emit(design, tmp_path / "out", lanes=1)
    (tmp_path / "out" / "rtl" / "testbench.v").write_text("mine")
    emit(design, tmp_path / "out", lanes=4)
    assert (tmp_path / "out" / "rtl" / "testbench.v").read_text() == "mine"
    (tmp_path / "out" / "rtl" / "testbench.v").unlink()
    assert contents(tmp_path / "out") == contents(tmp_path / "new")


@pytest.mark.parametrize("directory", ["file", "file/out"])
def test_what_cannot_be_written_is_refused_before_any_work(
    design, tmp_path, monkeypatch, directory
):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(Design, "certify", None)
    with pytest.raises(ConfigError, match="the output must be"):
        emit(design, tmp_path / directory, lanes=4)


def test_a_failure_of_yosys_is_reported(design, tmp_path, monkeypatch):
    convert = verilog.rtlil.convert
    monkeypatch.setattr(verilog.rtlil, "convert", lambda *a, **k: "no " + convert(*a, **k))
    with pytest.raises(ToolError, match="Yosys must turn the design into Verilog, but failed"):
        emit(design, tmp_path / "out", lanes=4)
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_folder_may_have_a_space_in_its_name(design, folder, tmp_path, monkeypatch):
    spaced = tmp_path / "a b"
    spaced.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spaced))
    emit(design, tmp_path / "out", lanes=4)
    assert contents(tmp_path / "out") == contents(folder)


def test_lanes_change_no_coefficient(design, tmp_path, folder):
    emit(design, tmp_path / "out", lanes=None)
    again, before = contents(tmp_path / "out"), contents(folder)
    assert again["design.safetensors"] == before["design.safetensors"]
    assert again["rtl/tiny.v"] != before["rtl/tiny.v"]


def test_the_manifest_counts_multiplications_and_state(design, folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    layers = design.network.layers
    products = sum(layer.multiplications(last_step=False) for layer in layers)
    assert manifest["multiplications_per_step"] == products
    assert manifest["state_bits"] == 2 * (4 * 8 + 3 * 6)
    assert manifest["cycles_per_step"] == make_plan(design.network, 4).cycles(last_step=False)


@pytest.mark.usefixtures("quick")
def test_a_layer_behind_one_that_answers_once_does_nothing_in_other_steps(tmp_path):
    net = networks.network(order=3, dense=2, return_sequences=False)
    config = networks.configured(net, weight_bits=6, state_bits=8, activation_bits=6)
    built = Design.build(net, config, networks.noise(net, sequences=1, steps=3))
    head = emit(built, tmp_path / "out", lanes=2)["layers"][1]
    assert (head["multiplications_per_step"], head["multiplications_last_step"]) == (0, 6)
    assert head["utilization"] == 0


def test_multipliers_are_counted_where_every_step_needs_them(tmp_path, quick):
    net = networks.network(order=2, units=2, return_sequences=False, dense=64)
    design = lmu_hw.quantize(net, networks.noise(net, sequences=2, steps=5), weight_bits=6)
    manifest = emit(design, tmp_path / "out", lanes=4)
    assert manifest["multiplications_last_step"] > 2 * manifest["multiplications_per_step"]
    busiest = max(manifest["layers"], key=lambda layer: layer["multiplications_per_step"])
    assert manifest["multiplier_utilization"] == busiest["utilization"] <= 1.0
