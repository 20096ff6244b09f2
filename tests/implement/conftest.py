# SPDX-License-Identifier: Apache-2.0
"""A design that is small enough to place and route in a test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import lmu_hw
from tests.implementations import tiny_network


@pytest.fixture(scope="session")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a design; not to be changed."""
    folder = tmp_path_factory.mktemp("tiny") / "design"
    design = lmu_hw.quantize(tiny_network(), weight_bits=4, state_bits=6, activation_bits=4)
    lmu_hw.emit(design, folder, lanes=1, stream_width="vector")
    return folder


@pytest.fixture
def folder(emitted: Path, tmp_path: Path) -> Path:
    """Return a copy that may be changed."""
    return Path(shutil.copytree(emitted, tmp_path / "design"))


@pytest.fixture(scope="session")
def placed(emitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an implementation on ecp5-25k; not to be changed."""
    folder = Path(shutil.copytree(emitted, tmp_path_factory.mktemp("placed") / "design"))
    lmu_hw.implement(folder, target="ecp5-25k", seeds=1)
    return folder


@pytest.fixture(scope="session")
def verilog(emitted: Path) -> Callable[[], str]:
    """Return a function that reads the emitted Verilog."""
    return lambda: (emitted / "rtl" / "tiny.v").read_text()
