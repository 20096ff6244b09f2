# SPDX-License-Identifier: Apache-2.0
"""A small design, and folders as `lmu-hw generate` and `lmu-hw simulate` leave them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmu_hw import emit
from lmu_hw.design import Design
from lmu_hw.report import write_report
from tests.measured import design, feedback, stream, x
from tests.reports import RUN, copy_folder, report_only, small_design, small_input

__all__ = ["design", "feedback", "stream", "x"]


@pytest.fixture(autouse=True, scope="session")
def brief() -> Iterator[None]:
    """Let searches for the worst input be short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lmu_hw.measure.adversary._GENERATIONS", 3)
        yield


@pytest.fixture(scope="session")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Design], Path]:
    """Emit a design once, however often its folder is asked for."""
    folders: dict[str, Path] = {}

    def folder(design: Design) -> Path:
        if design.digest not in folders:
            folders[design.digest] = tmp_path_factory.mktemp("emitted") / "design"
            emit(design, folders[design.digest], lanes=4)
        return folders[design.digest]

    return folder


@pytest.fixture
def make_folder(tmp_path: Path, emitted: Callable[[Design], Path]) -> Callable[..., Path]:
    """Write a folder: ``make_folder(design, name, runs=..., **manifest_changes)``."""

    def make(design: Design, name: str = "small", **parts: Any) -> Path:
        return copy_folder(emitted(design), tmp_path / name, **parts)

    return make


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


@pytest.fixture
def folders(make_folder: Callable[..., Path], x: np.ndarray) -> list[Path]:
    """Two reported designs: eight-bit weights, cheaper; and default ones, more accurate."""
    reported = []
    for name, bits, rom in (("fine", 12, 2000), ("coarse", 6, 1000)):
        folder = make_folder(small_design(weight_bits=bits), name, rom_bits=rom)
        report_only(folder, x)
        reported.append(folder)
    return reported
