# SPDX-License-Identifier: Apache-2.0
"""What a simulator runs: the emitted Verilog, or the netlist that synthesis makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lmu_hw.folder import DesignFolder
from lmu_hw.implement.flows import FLOWS, Cells
from lmu_hw.implement.netlist import make_netlist
from lmu_hw.measure.simulation import NetlistResult
from lmu_hw.plan import Plan
from lmu_hw.simulate.verdict import Stored
from lmu_hw.simulate.wrapper import TOP, port_wrapper, read_stored, wrapper

__all__ = ["Subject", "emitted", "netlist_of", "rtl_files"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """What runs in a simulator of Verilog.

    Attributes
    ----------
    sources : dict of file name to text
        Verilog, the top of the bench among it.
    data : dict of file name to text
        What the Verilog reads.
    netlist : NetlistResult or None
        None: the emitted Verilog.
    """

    sources: dict[str, str]
    data: dict[str, str]
    netlist: NetlistResult | None = None

    def stored(self, folder: Path, plan: Plan) -> Stored | None:
        """Return what was recorded inside; None where the layers are not to be seen any more."""
        return None if self.netlist else read_stored(folder, plan)


def emitted(folder: DesignFolder, name: str, plan: Plan) -> Subject:
    """Return the Verilog of a design's folder."""
    files = rtl_files(folder)
    source = files.pop(f"{name}.v")
    return Subject(sources={f"{name}.v": source, f"{TOP}.v": wrapper(name, plan)}, data=files)


def netlist_of(folder: DesignFolder, name: str, plan: Plan, cells: Cells) -> Subject:
    """Return the netlist of the Verilog in a design's folder.

    Raises
    ------
    ToolError
        If Yosys cannot synthesise it.
    """
    netlist = make_netlist(rtl_files(folder), name, cells)
    return Subject(
        sources={
            f"{name}.v": netlist.verilog,
            **netlist.models,
            f"{TOP}.v": port_wrapper(name, plan),
        },
        data={},
        netlist=NetlistResult(
            cells=cells.value,
            title=FLOWS[cells].title,
            count=netlist.count,
            flip_flops=netlist.flip_flops,
            words=len(netlist.words),
        ),
    )


def rtl_files(folder: DesignFolder) -> dict[str, str]:
    """Return the Verilog and the contents of ROMs in a design's folder, by file name."""
    return {
        Path(name).name: (folder.path / name).read_text(encoding="utf-8") for name in folder.rtl
    }
