# SPDX-License-Identifier: Apache-2.0
"""What synthesis, place and route came to: an entry of ``implement.json``, and of a report."""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import median

from lmu_hw.measure.energy import Energy
from lmu_hw.measure.words import count, number
from lmu_hw.summary import Facts, Summarised

__all__ = ["Implementation", "Macro", "Part", "PathStep", "Resources", "Routed", "Used"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a part of a design takes of a device.

    Attributes
    ----------
    lut : int
        Lookup tables in all, as the device has them: those of logic, of carry chains (where the
        device spends tables on them) and of memories made of tables.
    carry, lut_ram : int
        Those of them that are carry chains, and memories.
    ff : int
        Flip-flops.
    block_ram : float
        Blocks of memory; half a block where a device has blocks that come apart.
    dsp : float
        Multipliers, as the target counts them.
    area : float
        Of standard cells, in the unit of their library; 0 on devices that have none.
    ff_area : float
        That of flip-flops of it.
    """

    lut: int = 0
    carry: int = 0
    lut_ram: int = 0
    ff: int = 0
    block_ram: float = 0
    dsp: float = 0
    area: float = 0
    ff_area: float = 0

    def __add__(self, other: Resources) -> Resources:
        names = [field.name for field in fields(self)]
        return Resources(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the design: its path in the emitted Verilog, in words, and what it takes."""

    path: str
    words: str
    resources: Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro:
    """A memory that is not made of standard cells.

    Attributes
    ----------
    path, words, part : str
        Its path in the emitted Verilog, what it is, and the part of the design that it is in.
    depth, width : int
        Words, and bits of each.
    reads, writes : int
        Ports; 0 for writing: a ROM.
    """

    path: str
    words: str
    part: str
    depth: int
    width: int
    reads: int
    writes: int

    @property
    def bits(self) -> int:
        """Bits in all."""
        return self.depth * self.width

    @property
    def ports(self) -> str:
        """Its ports, in words."""
        written = f", {self.writes} write" if self.writes else ""
        return f"{self.reads} read{written}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What the placed design uses of a resource, under the name that place and route has for it."""

    name: str
    used: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """One run of place and route: its seed, and the highest clock in MHz."""

    seed: int
    mhz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PathStep:
    """A step of the critical path.

    Attributes
    ----------
    what : str
        What is computed, or what answers: ``weight ROM``, ``add``, ``register s2_total`` ...
    part : str
        Of the design, in words.
    logic_ns, wire_ns : float
        Delay of its cells, and of the wires that lead to it, in nanoseconds.
    """

    what: str
    part: str
    logic_ns: float
    wire_ns: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Implementation(Summarised):
    """A design on a target.

    Attributes
    ----------
    target, device : str
        Name of the target, and the device in words.
    tools : dict of name to version
        Packages that did the work.
    rtl : str
        SHA-256 over the names and digests of the Verilog and ROM files that were implemented.
    changed_files : tuple of str
        Those of them that were changed since they were generated.
    ports : str
        What the ports of the top were: pins, a wrapper, or left open.
    wrapper : Resources or None
        What the wrapper takes, which is in no other number but `used`; None without one.
    total : Resources
        After synthesis, without the wrapper.
    parts : tuple of Part
        The same by part of the design.
    warnings : tuple of str
    used : tuple of Used
        After place and route, wrapper included; empty after synthesis alone.
    clock_asked : float or None
        In MHz: what place and route was asked for.
    runs : tuple of Routed
        In the order of their seeds; empty after synthesis alone.
    path : tuple of PathStep
        The critical path of the run with the median clock.
    path_words : str
        The same in a line.
    cycles_per_step : float or None
        By the plan: cycles from one time step to the next at full load, of several streams where
        all take turns; None: no plan was given.
    latency_cycles : int or None
        Likewise, from the last beat of a sequence to its answer where nothing waits.
    bitstream : str or None
        File, in the design's folder.
    library : str or None
        SHA-256 of the library of standard cells; None: the target is a device.
    macros : tuple of Macro
        Memories that no part counts; empty on devices, which have their own.
    timing : str
        How the clock was found, or why there is none; empty: by place and route.
    static_mhz : float or None
        The clock by static timing analysis, without wires; None: not analysed.
    energy : Energy or None
        Of a time step, by a model, with the flip-flops of this netlist; None: no plan was given.
    """

    target: str
    device: str
    tools: dict[str, str]
    rtl: str
    ports: str
    wrapper: Resources | None
    total: Resources
    parts: tuple[Part, ...]
    warnings: tuple[str, ...]
    used: tuple[Used, ...] = ()
    clock_asked: float | None = None
    runs: tuple[Routed, ...] = ()
    path: tuple[PathStep, ...] = ()
    path_words: str = ""
    cycles_per_step: float | None = None
    latency_cycles: int | None = None
    bitstream: str | None = None
    changed_files: tuple[str, ...] = ()
    library: str | None = None
    macros: tuple[Macro, ...] = ()
    timing: str = ""
    static_mhz: float | None = None
    energy: Energy | None = None

    @property
    def mhz(self) -> float | None:
        """Median of the clocks of all runs, or the analysed one, in MHz; None: not known."""
        return median(run.mhz for run in self.runs) if self.runs else self.static_mhz

    def described(self) -> tuple[str, Facts]:
        """Return what it takes, how fast it is, and what sets its clock."""
        total = self.total
        size = f"{count(total.lut)} LUT, {count(total.ff)} FF, {number(total.block_ram)} block RAM"
        size += f", {number(total.dsp)} multipliers"
        if self.library is not None:
            size = f"area {number(total.area)}, {count(total.ff)} FF"
        facts = [(self.target, size)]
        if self.mhz is not None:
            rate = self.samples_per_second
            steps = "" if rate is None else f", {count(round(rate))} time steps a second"
            facts.append(("clock", f"{self.mhz:.1f} MHz{steps}"))
        if self.path_words:
            facts.append(("critical path", self.path_words))
        return f"{self.target}: {self.device}", facts

    @property
    def samples_per_second(self) -> float | None:
        """Time steps a second at the median clock, at full load."""
        if self.mhz is None or not self.cycles_per_step:
            return None
        return self.mhz * 1e6 / self.cycles_per_step

    @property
    def latency_us(self) -> float | None:
        """Microseconds from the last beat of a sequence to its answer, at the median clock."""
        if self.mhz is None or self.latency_cycles is None:
            return None
        return self.latency_cycles / self.mhz
