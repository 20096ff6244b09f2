# SPDX-License-Identifier: Apache-2.0
"""What a cell takes of an ECP5, and how fast it is there, by Yosys and nextpnr."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lmu_hw.implement.route import place_and_route
from lmu_hw.implement.targets import target_named
from tools.memory_bench.area import Area, synthesise

__all__ = ["SEEDS", "Clock", "clock_of"]

SEEDS = (1, 2, 3)
_LARGEST = 20_000  # LUTs on the small part; the large one takes nextpnr longer to load


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A netlist as it is placed and routed.

    Attributes
    ----------
    area : Area
        Of this netlist, which is mapped for speed.
    mhz : tuple of float
        The highest clock, one for each seed.
    """

    area: Area
    mhz: tuple[float, ...]

    @property
    def median(self) -> float:
        """MHz."""
        return median(self.mhz)

    def step_us(self, cycles: int) -> float:
        """Return the microseconds of a step."""
        return cycles / self.median


def clock_of(folder: Path, source: str, top: str, *, dsp: bool) -> Clock:
    """Synthesise a module in a folder that holds all its files, place and route it.

    Its ports have no pins, so that any number of them fits.

    Raises
    ------
    RuntimeError
        If Yosys fails.
    ToolError
        If nextpnr fails.
    """
    netlist = "netlist.json"
    area = synthesise(folder, source, top, "ecp5", dsp=dsp, netlist=netlist)
    target = target_named("ecp5-25k" if area.luts <= _LARGEST else "ecp5-85k")
    flow = target.flow
    assert flow is not None
    runs = [
        place_and_route(
            target,
            flow,
            netlist,
            folder,
            seed=seed,
            clock=flow.clock,
            ports=flow.open_ports,
            keep=False,
        )
        for seed in SEEDS
    ]
    return Clock(area=area, mhz=tuple(run.mhz for run in runs))
