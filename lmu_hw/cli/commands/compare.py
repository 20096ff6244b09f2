# SPDX-License-Identifier: Apache-2.0
"""The command ``compare``: several designs on one page."""

from __future__ import annotations

import argparse

from lmu_hw.cli.console import show, status
from lmu_hw.cli.exits import EQUAL
from lmu_hw.cli.files import check_target

__all__ = ["compare"]


def compare(options: argparse.Namespace) -> int:
    """Write a comparison of designs."""
    from lmu_hw.report import write_comparison
    from lmu_hw.report.console import comparison_table

    check_target(options.output)
    with status("comparing"):
        comparison = write_comparison(options.designs, options.output)
    options.result = comparison
    show(comparison_table(comparison))
    show(f"written to {options.output}")
    return EQUAL
