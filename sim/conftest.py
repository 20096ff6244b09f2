# SPDX-License-Identifier: Apache-2.0
"""Folders of designs, generated once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import lmu_hw
from sim.designs import DESIGNS, REGISTERED, RELOADABLE, STREAMS


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a named design, generated once for each test process."""
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp("designs") / name
            design, lanes = DESIGNS[name]()
            lmu_hw.emit(
                design,
                made[name],
                lanes=lanes,
                reloadable="memory" if name in RELOADABLE else "none",
                registers=name in REGISTERED,
                **STREAMS.get(name, {"stream_width": "vector"}),
            )
        return made[name]

    return make
