# SPDX-License-Identifier: Apache-2.0
"""What can run a design, one file for each simulator: another one has a name and a line here."""

from __future__ import annotations

from enum import Enum

from lmu_hw.checked import member
from lmu_hw.simulate.simulators.amaranth import AMARANTH
from lmu_hw.simulate.simulators.backend import Backend, Installed
from lmu_hw.simulate.simulators.icarus import ICARUS
from lmu_hw.simulate.simulators.verilator import VERILATOR

__all__ = ["Backend", "Installed", "Simulator", "find"]


class Simulator(Enum):
    """What can run a design."""

    ICARUS = "icarus"
    VERILATOR = "verilator"
    AMARANTH = "amaranth"

    @property
    def backend(self) -> Backend:
        """What it says about itself."""
        return _BACKENDS[self]


_BACKENDS = {
    Simulator.ICARUS: ICARUS,
    Simulator.VERILATOR: VERILATOR,
    Simulator.AMARANTH: AMARANTH,
}


def find(simulator: Simulator | str) -> Installed:
    """Return a usable simulator.

    Raises
    ------
    ConfigError
        If there is none of that name.
    ToolError
        If it is missing or too old; the message says how to get it.
    """
    return member(simulator, "`simulators`", Simulator).backend.find()
