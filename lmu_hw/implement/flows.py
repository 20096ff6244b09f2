# SPDX-License-Identifier: Apache-2.0
"""How Yosys maps a design to gates or cells that it has simulation models for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lmu_hw.implement.ecp5_registers import merge_factors
from lmu_hw.implement.targets import NO_FACTOR_RESETS, SPLIT_ROMS, TO_MAC16

__all__ = ["FLOWS", "Cells", "Flow", "Steps"]


class Cells(Enum):
    """What a netlist is made of."""

    GENERIC = "generic"
    ECP5 = "ecp5"
    ICE40 = "ice40"
    XILINX7 = "xilinx7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Commands of Yosys.

    Parameters
    ----------
    prepare : list of str
        From Verilog until memories are still words.
    memories : str
        The command that maps memories; empty if none is to stay words because of what it maps to.
    unmodelled : list of str
        Cells without a simulation model: memories that would become one of them stay words.
    finish : list of str
        Memories that stay words are selected as `kept` before them.
    """

    prepare: list[str]
    memories: str
    unmodelled: list[str]
    finish: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """How a netlist is made.

    Parameters
    ----------
    title : str
        What the netlist is made of, in words.
    steps : callable
        Returns the commands for a top.
    models : tuple of str
        Files with the models of the cells.
    flip_flops : str
        Regular expression of the cells that are flip-flops.
    change : callable or None
        Changes the top as Yosys writes it to JSON, as what is placed is changed.
    """

    title: str
    steps: Callable[[str], Steps]
    models: tuple[str, ...]
    flip_flops: str
    change: Callable[[dict[str, Any]], object] | None = None


def _begin(top: str, *synthesis: str) -> list[str]:
    """Return the commands until memories are still words.

    Initial values go before anything can make use of them; what a ROM holds has a file.
    """
    return [
        f"read_verilog -sv {top}.v",
        f"hierarchy -check -top {top}",
        "proc",
        "setattr -unset init w:*",
        *synthesis,
        "setparam -set INIT 1'bx t:$mem_v2 r:WR_PORTS>0 %i c:*.rom.words %d",
    ]


def _generic(top: str) -> Steps:
    return Steps(
        prepare=_begin(top, f"synth -flatten -top {top} -run begin:fine"),
        memories="",
        unmodelled=[],
        finish=["opt -fast -full", "techmap", "opt -fast", "abc -g simple"],
    )


def _ice40(top: str) -> Steps:
    synthesis = f"synth_ice40 -device u -top {top} -run"
    return Steps(
        prepare=_begin(
            top,
            f"{synthesis} begin:coarse",
            *TO_MAC16,
            f"{synthesis} coarse:map_ram",
            *SPLIT_ROMS,
        ),
        memories="",
        unmodelled=[],
        finish=[
            "memory_libmap -lib +/ice40/brams.txt -lib +/ice40/spram.txt -no-auto-huge @kept %n",
            "techmap -map +/ice40/brams_map.v -map +/ice40/spram_map.v",
            "ice40_braminit",
            "opt -fast -mux_undef -undriven -fine",
            "memory_map @kept %n",
            "opt -undriven -fine",
            f"{synthesis} map_gates:check",
        ],
    )


def _ecp5(top: str) -> Steps:
    synthesis = f"synth_lattice -family ecp5 -top {top} -run"
    memories = "memory_libmap -lib +/lattice/lutrams_trellis.txt -lib +/lattice/brams_16kd.txt"
    return Steps(
        prepare=_begin(top, f"{synthesis} begin:map_ram"),
        memories=memories,
        unmodelled=["$__DP16KD_", "$__PDPW16KD_"],
        finish=[
            f"{memories} @kept %n",
            "techmap -map +/lattice/lutrams_map_trellis.v",
            "opt -fast -mux_undef -undriven -fine",
            "memory_map @kept %n",
            "opt -undriven -fine -mux_undef",
            f"{synthesis} map_gates:map_ffs",
            NO_FACTOR_RESETS,
            f"{synthesis} map_ffs:check",
        ],
    )


def _xilinx7(top: str) -> Steps:
    synthesis = f"synth_xilinx -family xc7 -noiopad -noclkbuf -flatten -top {top} -run"
    memories = "memory_libmap -lib +/xilinx/lutrams_xc5v.txt -lib +/xilinx/brams_xc4v.txt " + (
        "-D HAS_SIZE_36 -D HAS_CASCADE -D HAS_CONFLICT_BUG -D HAS_MIXWIDTH_SDP"
    )
    return Steps(
        prepare=_begin(top, f"{synthesis} begin:map_memory"),
        memories=memories,
        unmodelled=["$__XILINX_BLOCKRAM_TDP_", "$__XILINX_BLOCKRAM_SDP_"],
        finish=[
            f"{memories} @kept %n",
            "techmap -map +/xilinx/lutrams_xc5v_map.v",
            "opt -fast -full",
            "memory_map @kept %n",
            f"{synthesis} fine:check",
        ],
    )


FLOWS = {
    Cells.GENERIC: Flow(
        title="generic gates",
        steps=_generic,
        models=("simcells.v",),
        flip_flops=r"\$_S?DFF.*",
    ),
    Cells.ECP5: Flow(
        title="ECP5 cells",
        steps=_ecp5,
        models=("lattice/cells_sim_ecp5.v", "ecp5_multiplier.v"),
        flip_flops="TRELLIS_FF",
        change=merge_factors,
    ),
    Cells.ICE40: Flow(
        title="iCE40 UltraPlus cells",
        steps=_ice40,
        models=("ice40/cells_sim.v",),
        flip_flops="SB_DFF.*",
    ),
    Cells.XILINX7: Flow(
        title="Xilinx series 7 cells",
        steps=_xilinx7,
        models=("xilinx/cells_sim.v",),
        flip_flops="FD[RSCP]E",
    ),
}
