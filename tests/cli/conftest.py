# SPDX-License-Identifier: Apache-2.0
"""The command line in this process, on a small network in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lmu_hw import hdl
from lmu_hw.cli import console, main
from lmu_hw.load import save
from tests import networks
from tests.cli.formats import FORMATS
from tests.simulators import require_simulator


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def no_lines(monkeypatch) -> None:
    """Keep plain progress lines away: a machine may be slow."""
    monkeypatch.setattr(console, "LINE_SECONDS", 3600.0)


@pytest.fixture
def run(capsys) -> Callable[..., Answer]:
    """Run a command; an exception that escapes fails the test."""

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return Answer(status, out, err)

    return call


@pytest.fixture
def refused(run) -> Callable[..., str]:
    """Run a command that must complain in one paragraph; return the complaint."""

    def call(*arguments: object) -> str:
        answer = run(*arguments)
        assert answer.status == 2, answer
        assert answer.err.startswith(("lmu-hw ", "usage: ")), answer.err
        assert "Traceback" not in answer.err
        assert "\n\n" not in answer.err
        return answer.err

    return call


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """A folder with model.safetensors, x.npy, labels.npy, and the design `out`."""
    folder = tmp_path_factory.mktemp("made")
    net = networks.network(order=2, units=2, dense=2, return_sequences=False)
    save(net, folder / "model.safetensors")
    np.save(folder / "x.npy", networks.noise(net, sequences=3, steps=8))
    np.save(folder / "labels.npy", np.array([0, 1, 1]))
    target = ["-o", str(folder / "out"), "--calibrate", str(folder / "x.npy")]
    assert main(["generate", str(folder / "model.safetensors"), *target, *FORMATS]) == 0
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch) -> Path:
    """A copy of `made`, which is the current folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def quick(monkeypatch) -> None:
    """Leave Yosys out, where a test is about folders."""
    monkeypatch.setattr(hdl, "emit_verilog", lambda *_, digest: {"tiny.v": digest})


@pytest.fixture
def unchanged(here) -> Callable[[], None]:
    """Return a check that no file came, went or changed since."""

    def contents() -> dict[str, bytes | None]:
        return {
            str(path.relative_to(here)): path.read_bytes() if path.is_file() else None
            for path in sorted(here.rglob("*"))
        }

    before = contents()

    def check() -> None:
        assert contents() == before

    return check


@pytest.fixture(autouse=True)
def clean_temporary_folder(tmp_path, monkeypatch):
    """Whatever a command puts into the system's temporary folder must be gone afterwards."""
    folder = tmp_path.parent / f"{tmp_path.name}_temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


@pytest.fixture
def icarus() -> None:
    """Skip without Icarus; its absence is a failure where CI is set."""
    require_simulator("icarus")
