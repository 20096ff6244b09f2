# SPDX-License-Identifier: Apache-2.0
"""Small designs to measure: those of the reports."""

from tests.report.conftest import certified, design, feedback, make_design, make_memory, stream, x

__all__ = ["certified", "design", "feedback", "make_design", "make_memory", "stream", "x"]
