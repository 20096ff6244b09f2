# SPDX-License-Identifier: Apache-2.0
"""What a simulator found: an entry of ``simulation.json``, and of a report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.records import decode

__all__ = [
    "BulkRun",
    "Coverage",
    "Mismatch",
    "NetlistResult",
    "Result",
    "TableReads",
    "read_simulations",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """The first word that differs: node, sequence, step, element, and both codes.

    `got` is None where a word is missing or unknown; `expected` is None for a word too many.
    """

    node: str
    sequence: int
    step: int
    index: int
    expected: int | None
    got: int | None

    def __str__(self) -> str:
        parts = asdict(self).items()
        return ", ".join(f"{key} {'nothing' if value is None else value}" for key, value in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReads:
    """Entries of a table that were read, and those that bounds do not exclude."""

    read: int
    possible: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a simulation reached; see `lmu_hw.simulate.coverage`.

    Attributes
    ----------
    saturation : dict of node to dict of end to str
        ``reached``, ``reached in part`` (not in all elements of a beat), ``not reached``, or
        ``impossible`` by bounds.
    tables : dict of node to TableReads
    resets, stalls : dict of kind to int
    """

    saturation: dict[str, dict[str, str]]
    tables: dict[str, TableReads]
    resets: dict[str, int]
    stalls: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetlistResult:
    """What a netlist that was simulated is made of.

    Attributes
    ----------
    cells : str
        Name of the kind of cells.
    title : str
        The same in words.
    count, flip_flops : int
        Cells in all, and those that are flip-flops.
    words : int
        Memories that stay words in Verilog.
    """

    cells: str
    title: str
    count: int
    flip_flops: int
    words: int

    def __str__(self) -> str:
        words = f", and {self.words:,} memories as words" if self.words else ""
        return (
            f"{self.count:,} {self.title} ({self.flip_flops:,} flip-flops){words}; every register "
            "and memory unknown at power-up, contents of ROMs aside; one cycle of reset; only what "
            "is at the ports was compared"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRun:
    """What a run of many steps was.

    Attributes
    ----------
    sequences : int
        Those of blocks in which nothing was wrong.
    seconds : float
        From the first step to the last, the golden model's time included.
    planned_cycles : float
        Cycles of a step at full load, by the plan.
    """

    sequences: int
    seconds: float
    planned_cycles: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """Outcome of one simulator.

    Attributes
    ----------
    simulator, version : str
    words_compared, mismatches : int
    first_mismatch : Mismatch or None
    failure : str
        What went wrong with the protocol or the cycle count; empty if nothing did.
    cycles : int
        Cycles of the whole run.
    cycles_per_step : float or None
        Cycles from one time step to the next at full load; None if too few steps ran.
    steps : int
        Time steps in all.
    input_steps, input_steps_given : int
        Steps of the user's data that ran, and that there were.
    coverage : Coverage
        What was reached.
    changed_files : tuple of str
        Verilog and ROM files that were changed since they were generated: this is what ran.
    netlist : NetlistResult or None
        What ran, where it was not the Verilog itself.
    bulk : BulkRun or None
        None: the bench of all simulators ran.
    passed : bool
        Words were compared, all were equal, and the protocol held.
    """

    simulator: str
    version: str
    words_compared: int
    mismatches: int
    first_mismatch: Mismatch | None
    failure: str
    cycles: int
    cycles_per_step: float | None
    steps: int
    input_steps: int
    input_steps_given: int
    coverage: Coverage
    changed_files: tuple[str, ...] = ()
    netlist: NetlistResult | None = None
    bulk: BulkRun | None = None
    passed: bool = field(init=False)

    @property
    def name(self) -> str:
        """Of what ran where."""
        what = self.netlist.title if self.netlist else "bulk" if self.bulk else None
        return f"{self.simulator}, {what}" if what else self.simulator

    def __post_init__(self) -> None:
        passed = self.words_compared > 0 and not self.mismatches and not self.failure
        object.__setattr__(self, "passed", passed)


def read_simulations(folder: DesignFolder) -> tuple[Result, ...]:
    """Return the runs in the folder's ``simulation.json``; none if there is no such file.

    Raises
    ------
    LoadError
        If the file is damaged.
    """
    data = folder.results.read(folder.SIMULATION)
    if data is None:
        return ()
    try:
        return decode(tuple[Result, ...], read_json(data))
    except ValueError as error:
        raise LoadError(
            f"{folder.path / folder.SIMULATION}: is damaged ({error}); run 'lmu-hw simulate' again"
        ) from None
