# SPDX-License-Identifier: Apache-2.0
"""The command ``sweep``: error against area over many word lengths."""

from __future__ import annotations

import argparse
from pathlib import Path

from lmu_hw import api
from lmu_hw.cli.console import show, stages
from lmu_hw.cli.exits import EQUAL
from lmu_hw.cli.files import about, read_array
from lmu_hw.cli.inputs import adopt_scale, load_network
from lmu_hw.cli.typed import data_files, given, measured

__all__ = ["sweep"]


def sweep(options: argparse.Namespace) -> int:
    """Measure what formats cost and what they lose."""
    from lmu_hw.cli.tables.search import front_table
    from lmu_hw.search import checked_folder

    folder = checked_folder(options.output)
    adopt_scale(options)
    network = load_network(options)
    x = read_array(options.calibrate)
    labels = None if options.labels is None else read_array(options.labels, labels=True)
    with stages(f"quantizing {network.name}") as update, about(data_files(options)):
        report = api.sweep(
            network,
            x,
            labels,
            directory=folder,
            restart=options.restart,
            progress=update,
            **measured(options),
            **given(options),
        )
    options.result = report
    show(front_table(report))
    show(f"written to {Path(options.output) / 'sweep.html'}")
    return EQUAL
