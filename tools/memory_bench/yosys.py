# SPDX-License-Identifier: Apache-2.0
"""One synthesis in a process of its own: ``yosys.py SOURCE TOP FAMILY DSP ADDERS COUNTS NETLIST``.

The script of Yosys for the family, with two changes that all cells get alike: adders stay carry
chains (`keep_adders.v`), and LUTs are mapped by ``abc`` instead of ``abc9``, which gives the same
counts to about 1 % in a fraction of the time. A netlist for place and route, where NETLIST is not
empty, is mapped by ``abc9``, which knows delays.
"""

from __future__ import annotations

import sys
from pathlib import Path


def script(source: str, top: str, family: str, dsp: bool, adders: str, netlist: str) -> list[str]:
    """Return the commands of Yosys."""
    options = f"-top {top}" + ("" if dsp else " -nodsp")
    prepare = [
        f'read_verilog -sv "{source}"',
        f"hierarchy -check -top {top}",
        "proc",
        "flatten -noscopeinfo",
        "opt -full",
        "wreduce",
        "opt_expr -fine",
        "opt_clean",
        f'techmap -map "{adders}"',
        "opt_clean",
    ]
    if netlist:
        return [*prepare, f"synth_{family} {options} -json {netlist}"]
    if family == "ecp5":
        return [
            *prepare,
            f"synth_ecp5 {options} -run begin:map_luts",
            "abc -lut 4",
            "clean",
            f"synth_ecp5 {options} -run map_cells:",
        ]
    synthesis = f"synth_xilinx -family xc7 -flatten -noiopad -noclkbuf {options} -run"
    return [
        *prepare,
        f"{synthesis} begin:map_luts",
        "opt_expr -mux_undef -noclkinv",
        "abc -luts 2:2,3,6:5,10,20",
        "clean",
        "xilinx_srl -fixed -minlen 3",
        "techmap -map +/xilinx/lut_map.v -map +/xilinx/cells_map.v -D LUT_WIDTH=6",
        "xilinx_dffopt",
        "opt_lut_ins -tech xilinx",
        f"{synthesis} finalize:",
    ]


def main(
    source: str, top: str, family: str, dsp: str, adders: str, counts: str, netlist: str
) -> None:
    """Synthesise; leave the counts of all cells in a file."""
    from pyosys import libyosys as yosys

    design = yosys.Design()
    for command in script(source, top, family, dsp == "dsp", adders, netlist):
        yosys.run_pass(command, design)
    yosys.run_pass(f'tee -q -o "{Path(counts)}" stat -json', design)


if __name__ == "__main__":
    main(*sys.argv[1:])
