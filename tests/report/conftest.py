# SPDX-License-Identifier: Apache-2.0
"""A small design, and folders as `lmu-hw generate` and `lmu-hw simulate` leave them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lmu_hw.design import Design
from lmu_hw.report import write_report
from tests.measured import brief, design, emitted, feedback, folders, make_folder, stream, x
from tests.reports import RUN, copy_folder, small_input

__all__ = ["brief", "design", "emitted", "feedback", "folders", "make_folder", "stream", "x"]


@pytest.fixture(scope="session")
def written(
    tmp_path_factory: pytest.TempPathFactory, design: Design, emitted: Callable[[Design], Path]
) -> Path:
    """A folder with a report on given data, simulated."""
    folder = copy_folder(emitted(design), tmp_path_factory.mktemp("given") / "small", [RUN])
    write_report(folder, small_input())
    return folder


@pytest.fixture(scope="session")
def unsimulated(
    tmp_path_factory: pytest.TempPathFactory, design: Design, emitted: Callable[[Design], Path]
) -> Path:
    """A folder with a report on its calibration data, not simulated."""
    folder = copy_folder(emitted(design), tmp_path_factory.mktemp("own") / "small")
    write_report(folder)
    return folder


@pytest.fixture
def run() -> dict[str, Any]:
    """A simulation without mismatch."""
    return dict(RUN)
