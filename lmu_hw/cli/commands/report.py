# SPDX-License-Identifier: Apache-2.0
"""The command ``report``: what fixed point costs, measured on data."""

from __future__ import annotations

import argparse
from pathlib import Path

from lmu_hw import api
from lmu_hw.cli.console import progress, show
from lmu_hw.cli.exits import EQUAL
from lmu_hw.cli.files import about, read_array
from lmu_hw.cli.inputs import read_design
from lmu_hw.errors import ConfigError

__all__ = ["report"]


def report(options: argparse.Namespace) -> int:
    """Measure a design, and write its report."""
    from lmu_hw.report.console import report_table

    if options.labels is not None and options.input is None:
        raise ConfigError("--labels must come with the data they belong to: give --input as well")
    x = None if options.input is None else read_array(options.input)
    labels = None if options.labels is None else read_array(options.labels, labels=True)
    design = read_design(options.design)
    with about(options.input):
        data = design.calibration if x is None else design.check_input(x)
    about_data = options.input if labels is None else f"{options.input}, {options.labels}"
    with progress("measuring", len(data)) as advance, about(about_data):
        report = api.report(options.design, x, labels, progress=advance)
    options.result = report
    show(report_table(report))
    show(f"written to {Path(options.design) / 'report.html'}")
    return EQUAL
