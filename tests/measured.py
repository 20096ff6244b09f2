# SPDX-License-Identifier: Apache-2.0
"""Small designs to measure and report, as fixtures: conftest files import them."""

import numpy as np
import pytest

from lmu_hw.design import Design
from tests.reports import feedback_design, small_design, small_input

__all__ = ["design", "feedback", "stream", "x"]


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
