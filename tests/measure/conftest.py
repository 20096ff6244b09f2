# SPDX-License-Identifier: Apache-2.0
"""Small designs to measure."""

from tests.measured import design, feedback, stream, x

__all__ = ["design", "feedback", "stream", "x"]
