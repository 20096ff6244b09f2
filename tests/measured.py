# SPDX-License-Identifier: Apache-2.0
"""Small designs to measure and report, and their folders: fixtures that conftest files import."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmu_hw import emit
from lmu_hw.design import Design
from tests.reports import copy_folder, feedback_design, report_only, small_design, small_input

__all__ = ["brief", "design", "emitted", "feedback", "folders", "make_folder", "stream", "x"]


@pytest.fixture(scope="session")
def design() -> Design:
    """The small classifier with default word lengths."""
    return small_design()


@pytest.fixture(scope="session")
def stream() -> Design:
    """The small network that answers at every step."""
    return small_design(classifies=False)


@pytest.fixture
def x() -> np.ndarray:
    """What the small design was calibrated with."""
    return small_input()


@pytest.fixture(scope="session")
def feedback() -> tuple[Design, np.ndarray]:
    """A network whose states and hidden units feed back into u, with its input."""
    return feedback_design()


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


@pytest.fixture
def folders(make_folder: Callable[..., Path], x: np.ndarray) -> list[Path]:
    """Two reported designs: eight-bit weights, cheaper; and default ones, more accurate."""
    reported = []
    for name, bits, rom in (("fine", 12, 2000), ("coarse", 6, 1000)):
        folder = make_folder(small_design(weight_bits=bits), name, rom_bits=rom)
        report_only(folder, x)
        reported.append(folder)
    return reported
