# SPDX-License-Identifier: Apache-2.0
"""What simulators found, in its place on disk."""

from __future__ import annotations

import json
from contextlib import suppress

from lmu_hw.errors import LoadError
from lmu_hw.folder import DesignFolder
from lmu_hw.measure.simulation import Result, read_simulations
from lmu_hw.records import encode

__all__ = ["Result", "write_results"]


def write_results(folder: DesignFolder, results: list[Result]) -> None:
    """Replace `simulation.json` in one move; what was found of other kinds stays in it."""
    ran = {_kind(result) for result in results}
    others: list[Result] = []
    with suppress(LoadError):  # of an earlier version
        others = [result for result in read_simulations(folder) if _kind(result) not in ran]
    text = json.dumps(encode([*others, *results]), indent=2) + "\n"
    folder.results.write(folder.SIMULATION, text.encode())


def _kind(result: Result) -> tuple[str | None, bool]:
    return result.netlist.cells if result.netlist else None, result.bulk is not None
