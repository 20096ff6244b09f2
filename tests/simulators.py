# SPDX-License-Identifier: Apache-2.0
"""Simulators that tests need."""

from __future__ import annotations

import os

import pytest

from lmu_hw.errors import ToolError
from lmu_hw.simulate import Simulator, find


def require_simulator(name: str) -> None:
    """Skip a test whose simulator is not installed; its absence is a failure where CI is set."""
    try:
        find(Simulator(name))
    except ToolError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
