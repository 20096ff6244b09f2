# SPDX-License-Identifier: Apache-2.0
"""What simulators found, in its place on disk."""

from __future__ import annotations

import json

from lmu_hw.folder import DesignFolder
from lmu_hw.measure.simulation import Result
from lmu_hw.records import encode

__all__ = ["Result", "write_results"]


def write_results(folder: DesignFolder, results: list[Result]) -> None:
    """Replace `simulation.json` in one move."""
    text = json.dumps(encode(results), indent=2) + "\n"
    folder.results.write(folder.SIMULATION, text.encode())
