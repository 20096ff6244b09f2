# SPDX-License-Identifier: Apache-2.0
"""What a simulator found, and its place on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lmu_hw.folder import DesignFolder
from lmu_hw.simulate.scoreboard import Mismatch

__all__ = ["Result", "write_results"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """Outcome of one simulator; `to_json` is an entry of `simulation.json`.

    Attributes
    ----------
    simulator, version : str
    words_compared, mismatches : int
    first_mismatch : Mismatch or None
    failure : str
        What went wrong with the protocol or the cycle count; empty if nothing did.
    cycles : int
        Cycles of the whole run.
    cycles_per_step : int or None
        Cycles from one time step to the next at full load; None if too few steps ran.
    steps : int
        Time steps in all.
    input_steps, input_steps_given : int
        Steps of the user's data that ran, and that there were.
    coverage : dict
        What was reached; see `lmu_hw.simulate.coverage`.
    changed_files : tuple of str
        Verilog and ROM files that were changed since they were generated: this is what ran.
    """

    simulator: str
    version: str
    words_compared: int
    mismatches: int
    first_mismatch: Mismatch | None
    failure: str
    cycles: int
    cycles_per_step: int | None
    steps: int
    input_steps: int
    input_steps_given: int
    coverage: dict[str, Any]
    changed_files: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """True if words were compared, all were equal, and the protocol held."""
        return self.words_compared > 0 and not self.mismatches and not self.failure

    def to_json(self) -> dict[str, Any]:
        """Return the entry of `simulation.json`."""
        entry: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        first = self.first_mismatch
        entry["first_mismatch"] = None if first is None else first.to_json()
        entry["passed"] = self.passed
        return entry


def write_results(folder: DesignFolder, results: list[Result]) -> None:
    """Replace `simulation.json` in one move."""
    text = json.dumps([result.to_json() for result in results], indent=2) + "\n"
    folder.results.write(folder.SIMULATION, text.encode())
