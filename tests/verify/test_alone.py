# SPDX-License-Identifier: Apache-2.0
"""The checker stands alone: NumPy and the standard library, wherever it lies."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lmu_verify
from lmu_verify import Verdict
from lmu_verify.__main__ import main

SOURCES = sorted(Path(lmu_verify.__file__).parent.glob("*.py"))


def copied(tmp_path) -> Path:
    """Return a folder that holds the checker alone."""
    shutil.copytree(Path(lmu_verify.__file__).parent, tmp_path / "alone" / "lmu_verify")
    return tmp_path / "alone"


def run(where: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(where)}
    return subprocess.run(
        [sys.executable, "-P", *command],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_importing_it_loads_no_module_of_the_package():
    code = "import sys, lmu_verify; print([m for m in sys.modules if m.startswith('lmu_hw')])"
    result = run(SOURCES[0].parents[1], "-c", code)
    assert (result.stdout, result.stderr) == ("[]\n", "")


@pytest.mark.parametrize("kind", ["dense", "sweeps"])
def test_a_copy_of_it_verifies_a_design(folder, kind, tmp_path):
    where = copied(tmp_path)
    blocked = where / "lmu_hw.py"
    blocked.write_text("raise ImportError('there is no such package')\n")
    result = run(where, "-m", "lmu_verify", str(folder(kind).path))
    assert (result.returncode, result.stderr) == (0, "")
    assert "verified: " in result.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_it_imports_numpy_and_the_standard_library_only(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add((node.module or "").partition(".")[0])
    assert names - set(sys.stdlib_module_names) <= {"numpy", "lmu_verify"}


def test_the_program_prints_a_line_for_every_claim_and_what_they_mean(folder, capsys):
    assert main([str(folder().path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("folder: files holds: ")
    assert lines[-2].startswith("not checked in certificate.json: spectral_radius; ")
    assert lines[-1] == f"verified: {lmu_verify.ESTABLISHES}"


def test_the_program_says_what_fails(folder, capsys):
    copy = folder()
    (copy.path / "rtl" / "a.hex").write_text("f\n")
    assert main([str(copy.path)]) == 1
    out = capsys.readouterr().out
    assert "folder: files FAILS: rtl/a.hex is not the file that " in out
    assert "verified: " not in out


def test_the_program_refuses_what_is_no_design(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "certificate.npz must be readable, but No such file" in capsys.readouterr().err
    assert main([]) == 2
    assert capsys.readouterr().err == "usage: python -m lmu_verify FOLDER\n"


def test_a_verdict_is_immutable():
    verdict = Verdict(memory="m", claim="c", holds=True, detail="d")
    with pytest.raises(AttributeError):
        verdict.holds = False  # type: ignore[misc]
