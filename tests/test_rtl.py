# SPDX-License-Identifier: Apache-2.0
"""The reference designs in rtl/ are what the tool emits today, to the byte."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

import lmu_hw

ROOT = Path(__file__).resolve().parents[1]


NAMES = ("digits_8_bit", "digits_sweeps", "mackey_glass_1_lane")
PROVED = "digits_8_bit"  # the others take longer: `make rtl` proves them all


@pytest.fixture(scope="module")
def emitter():
    spec = importlib.util.spec_from_file_location("emit_rtl", ROOT / "tools" / "emit_rtl.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_emitting_again_gives_the_same_bytes(emitter, tmp_path, name):
    emitter.emit_design(name, tmp_path / "design")
    emitter.copy_reference(tmp_path / "design", tmp_path / name)
    committed = {path.name: path.read_bytes() for path in (ROOT / "rtl" / name).iterdir()}
    emitted = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
    assert sorted(emitted) == sorted(committed)
    assert [file for file in emitted if emitted[file] != committed[file]] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_has_no_digits_that_another_processor_would_not_have(name):
    text = (ROOT / "rtl" / name / "manifest.json").read_text()
    floats = re.findall(r'"(\w+)": (-?\d+\.\d+)', text)
    assert "error_ulp" in dict(floats)
    long = {key for key, value in floats if float(f"{float(value):.4g}") != float(value)}
    assert long <= {"utilization", "multiplier_utilization"}, long  # ratios of integers


def test_every_reference_design_is_committed(emitter):
    folders = {path.name for path in (ROOT / "rtl").iterdir() if path.is_dir()}
    assert folders == set(emitter.reference_designs()) == set(NAMES)


def test_a_reference_design_is_proved(emitter, tmp_path):
    emitter.emit_design(PROVED, tmp_path / "design")
    result = lmu_hw.prove(tmp_path / "design")
    assert result.missing == ()
