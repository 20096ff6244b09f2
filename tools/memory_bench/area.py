# SPDX-License-Identifier: Apache-2.0
"""What a cell takes of an FPGA, by Yosys."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FAMILIES", "Area", "synthesise"]

FAMILIES = {"ecp5": "ECP5", "xc7": "Xilinx 7"}

_HERE = Path(__file__).parent

# LUTs that a cell occupies. ECP5: a CCU2C is the carry logic of two LUT4; a DPR16X4 takes the four
# LUTs of its data and two for writing. Xilinx: a carry chain is beside its LUTs.
_LUTS = {
    "ecp5": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6},
    "xc7": {
        **{f"LUT{n}": 1 for n in range(1, 7)},
        "RAM32M": 4,
        "RAM64M": 4,
        "RAM32X1D": 2,
        "RAM64X1D": 2,
        "RAM128X1D": 4,
        "SRL16E": 1,
        "SRLC32E": 1,
    },
}
_FLIP_FLOPS = {"ecp5": {"TRELLIS_FF"}, "xc7": {"FDRE", "FDSE", "FDCE", "FDPE"}}
_BRAMS = {"ecp5": {"DP16KD": 1.0, "PDPW16KD": 1.0}, "xc7": {"RAMB18E1": 0.5, "RAMB36E1": 1.0}}
_DSPS = {"ecp5": {"MULT18X18D"}, "xc7": {"DSP48E1"}}
_FREE = {"ecp5": {"PFUMX", "L6MUX21"}, "xc7": {"CARRY4", "MUXF7", "MUXF8", "INV"}}


@dataclass(frozen=True, slots=True)
class Area:
    """LUTs, flip-flops, block RAMs and multipliers.

    Block RAMs are those of 18 kbit in an ECP5, of 36 kbit in a Xilinx 7.
    """

    luts: int
    flip_flops: int
    brams: float
    dsps: int


def synthesise(
    folder: Path, source: str, top: str, family: str, *, dsp: bool, netlist: str = ""
) -> Area:
    """Synthesise a module in a folder that holds all its files.

    Parameters
    ----------
    folder : Path
    source, top, family : str
    dsp : bool
    netlist : str
        File to leave a netlist in, which is mapped for speed instead of size.

    Raises
    ------
    RuntimeError
        If Yosys fails, or leaves a cell whose size is not known.
    """
    counts = folder / f"{family}_{'dsp' if dsp else 'nodsp'}.json"
    command = [sys.executable, str(_HERE / "yosys.py"), source, top, family]
    command += ["dsp" if dsp else "nodsp", str(_HERE / "keep_adders.v"), counts.name, netlist]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode or not counts.exists():
        raise RuntimeError(f"Yosys must synthesise {source}, but failed: {run.stdout[-2000:]}")
    cells = json.loads(counts.read_text())["design"]["num_cells_by_type"]
    known = set(_LUTS[family]) | _FLIP_FLOPS[family] | set(_BRAMS[family])
    unknown = set(cells) - known - _DSPS[family] - _FREE[family]
    if unknown:
        raise RuntimeError(f"{source}: the size of these cells is not known: {sorted(unknown)}")
    return Area(
        luts=sum(size * cells.get(name, 0) for name, size in _LUTS[family].items()),
        flip_flops=sum(cells.get(name, 0) for name in _FLIP_FLOPS[family]),
        brams=sum(size * cells.get(name, 0) for name, size in _BRAMS[family].items()),
        dsps=sum(cells.get(name, 0) for name in _DSPS[family]),
    )
