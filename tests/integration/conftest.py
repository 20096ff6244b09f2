# SPDX-License-Identifier: Apache-2.0
"""The folder of a small design."""

from __future__ import annotations

from pathlib import Path

import pytest

import lmu_hw
from tests.integration.designs import design


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("integration") / "out"
    lmu_hw.emit(design(), target, lanes=2, stream_width="vector")
    return target
